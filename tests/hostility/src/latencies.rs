//! How long something took, again and again.

use std::time::Duration;

/// The times of all rounds.
#[derive(Debug, Clone, Default)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// One round more.
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// How many rounds there were.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The longest; 0 if there was none.
    pub fn max(&self) -> Duration {
        self.percentile(100)
    }

    fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(place).copied().unwrap_or_default()
    }
}

impl std::fmt::Display for Latencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99, max] = [50, 99, 100].map(|percent| self.percentile(percent));
        write!(f, "{} rounds, p50 {p50:.1?}, p99 {p99:.1?}, max {max:.1?}", self.count())
    }
}

//! How much was used of late: Kafka's rate over sampled windows (`org.apache.kafka.common.metrics.stats.Rate`).

/// Into which windows time is cut (`quota.window.num`, `quota.window.size.seconds`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Windows {
    /// How many there are.
    pub(super) count: u64,
    /// How long each is.
    pub(super) window_ms: u64,
}

impl Windows {
    /// All of them together.
    pub(super) fn all_ms(self) -> u64 {
        self.count * self.window_ms
    }

    /// The time over which a rate is at least taken: all but the window under way.
    pub(super) fn full_ms(self) -> u64 {
        (self.count - 1) * self.window_ms
    }
}

/// How much was used of late. Pure: `now_ms` comes from outside and doesn't go back.
#[derive(Debug, Default)]
pub(super) struct Rate {
    /// One more than there are windows, since the oldest may lie half outside; used in turn.
    samples: Vec<Sample>,
    current: usize,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    sum: f64,
    begun_ms: u64,
    last_ms: u64,
}

impl Sample {
    fn new(now_ms: u64) -> Sample {
        Sample { sum: 0.0, begun_ms: now_ms, last_ms: now_ms }
    }
}

impl Rate {
    /// Counts a use, or takes one back where it is negative.
    pub(super) fn record(&mut self, amount: f64, windows: Windows, now_ms: u64) {
        let sample = self.current(windows, now_ms);
        sample.sum += amount;
        sample.last_ms = now_ms;
    }

    /// For how long nothing may be used until the rate is `limit` again; `None` if it isn't above.
    pub(super) fn excess_ms(&mut self, limit: f64, windows: Windows, now_ms: u64) -> Option<u64> {
        self.forget(windows, now_ms);
        let over_ms = self.measured_over_ms(windows, now_ms) as f64;
        let rate = self.sum() / (over_ms / 1000.0);
        if rate <= limit {
            return None;
        }
        Some(((rate - limit) / limit * over_ms).round() as u64)
    }

    /// Whether nothing is counted in the windows.
    pub(super) fn is_unused(&mut self, windows: Windows, now_ms: u64) -> bool {
        self.forget(windows, now_ms);
        self.sum() <= 0.0
    }

    fn sum(&self) -> f64 {
        self.samples.iter().map(|sample| sample.sum).sum()
    }

    fn current(&mut self, windows: Windows, now_ms: u64) -> &mut Sample {
        let most = usize::try_from(windows.count + 1).unwrap_or(usize::MAX);
        let complete = |sample: &Sample| now_ms.saturating_sub(sample.begun_ms) >= windows.window_ms;
        match self.samples.get(self.current) {
            None => self.samples.push(Sample::new(now_ms)),
            Some(sample) if complete(sample) => {
                self.current = (self.current + 1) % most;
                match self.samples.get_mut(self.current) {
                    Some(oldest) => *oldest = Sample::new(now_ms),
                    None => self.samples.push(Sample::new(now_ms)),
                }
            }
            Some(_) => {}
        }
        &mut self.samples[self.current]
    }

    /// A window in which nothing was used for as long as all windows together counts no more.
    fn forget(&mut self, windows: Windows, now_ms: u64) {
        for sample in &mut self.samples {
            if now_ms.saturating_sub(sample.last_ms) >= windows.all_ms() {
                *sample = Sample::new(now_ms);
            }
        }
    }

    /// From the oldest window on; windows that are missing are taken as windows without use, so that a first burst is
    /// not a high rate.
    fn measured_over_ms(&self, windows: Windows, now_ms: u64) -> u64 {
        let oldest_ms = self.samples.iter().map(|sample| sample.begun_ms).min().unwrap_or(now_ms);
        let elapsed_ms = now_ms.saturating_sub(oldest_ms);
        let missing = (windows.count - 1).saturating_sub(elapsed_ms / windows.window_ms);
        (elapsed_ms + missing * windows.window_ms).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::{Rate, Windows};

    /// Kafka's defaults.
    const WINDOWS: Windows = Windows { count: 11, window_ms: 1000 };

    /// The numbers of Kafka's `ClientQuotaManagerTest.testQuotaViolation`.
    #[test]
    fn a_burst_is_spread_over_the_windows() {
        let mut rate = Rate::default();
        for second in 0..10 {
            rate.record(400.0, WINDOWS, second * 1000);
            assert_eq!(rate.excess_ms(500.0, WINDOWS, second * 1000), None);
        }
        // Half a second later 2700 more: 6700 over 10.5 s is 638.09, which is 27.6% above.
        rate.record(2700.0, WINDOWS, 10_500);
        assert_eq!(rate.excess_ms(500.0, WINDOWS, 10_500), Some(2900));
    }

    #[test]
    fn a_first_use_counts_as_if_there_had_been_windows_before() {
        let mut rate = Rate::default();
        rate.record(10_000.0, WINDOWS, 0);
        assert_eq!(
            rate.excess_ms(1000.0, WINDOWS, 0),
            None,
            "ten seconds' worth at once is the limit itself"
        );
        rate.record(1.0, WINDOWS, 0);
        assert_eq!(rate.excess_ms(1000.0, WINDOWS, 0), Some(1), "10001 B over 10 s: 0.1 B/s too much");
        rate.record(-1.0, WINDOWS, 0);
        assert_eq!(rate.excess_ms(1000.0, WINDOWS, 0), None, "taken back");
        rate.record(10_000.0, WINDOWS, 500);
        // 20000 B over 10.5 s is 1904.76 B/s: 90.476% above, of 10.5 s.
        assert_eq!(rate.excess_ms(1000.0, WINDOWS, 500), Some(9500));
    }

    #[test]
    fn what_is_older_than_all_windows_is_forgotten() {
        let mut rate = Rate::default();
        rate.record(50_000.0, WINDOWS, 0);
        assert_eq!(rate.excess_ms(1000.0, WINDOWS, 10_999), Some(39_001), "50000 B over 10.999 s");
        assert!(!rate.is_unused(WINDOWS, 10_999));
        assert_eq!(rate.excess_ms(1000.0, WINDOWS, 11_000), None);
        assert!(rate.is_unused(WINDOWS, 11_000));
        rate.record(10_000.0, WINDOWS, 30_000);
        assert_eq!(rate.excess_ms(1000.0, WINDOWS, 30_000), None);
    }

    #[test]
    fn a_window_that_lies_half_outside_still_counts() {
        let mut rate = Rate::default();
        for now_ms in [0, 900].into_iter().chain((1..=11).map(|second| second * 1000)) {
            rate.record(100.0, WINDOWS, now_ms);
        }
        assert_eq!(rate.excess_ms(118.0, WINDOWS, 11_000), Some(17), "1300 over 11 s");
        rate.record(100.0, WINDOWS, 12_000);
        assert_eq!(rate.excess_ms(118.0, WINDOWS, 12_000), None, "1200 over 11 s");
    }

    #[test]
    fn a_steady_use_below_the_limit_is_never_too_much() {
        let mut rate = Rate::default();
        for tick in 0..1000_u64 {
            rate.record(99.0, WINDOWS, tick * 100);
            assert_eq!(rate.excess_ms(1000.0, WINDOWS, tick * 100), None, "tick {tick}");
        }
        let mut above = Rate::default();
        let first = (0..1000_u64).find(|tick| {
            above.record(110.0, WINDOWS, tick * 100);
            above.excess_ms(1000.0, WINDOWS, tick * 100).is_some()
        });
        assert!(first.is_some(), "a tenth too much is noticed in the end");
    }
}

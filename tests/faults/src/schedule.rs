//! When the broker is killed.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use klamm_log::sim::Random;

/// How many kills there are in a test that nobody told more.
const KILLS: u64 = 6;

/// How often to kill: `KLAMM_KILLS`, or a few times.
///
/// # Panics
/// If it is no number.
pub fn kills() -> u64 {
    number("KLAMM_KILLS").unwrap_or(KILLS)
}

/// The seed of a test's random moments: `KLAMM_SEED`, or another one each time.
///
/// # Panics
/// If it is no number.
pub fn seed() -> u64 {
    number("KLAMM_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish() % 1_000_000)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{variable}={text}: {error}")))
}

/// One kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kill {
    /// So long after records were acknowledged again.
    UnderLoad(Duration),
    /// So long after the process was started: before it is ready, or just then.
    WhileStarting(Duration),
}

/// The kills of a test, the same for the same seed.
#[derive(Debug, Clone)]
pub struct KillSchedule {
    random: Random,
    left: u64,
}

impl KillSchedule {
    /// So many kills.
    pub fn new(seed: u64, kills: u64) -> KillSchedule {
        KillSchedule { random: Random::new(seed), left: kills }
    }
}

impl Iterator for KillSchedule {
    type Item = Kill;

    fn next(&mut self) -> Option<Kill> {
        self.left = self.left.checked_sub(1)?;
        let micros = |random: &mut Random, from: u64, to: u64| {
            Duration::from_micros(from * 1_000 + random.below((to - from) * 1_000))
        };
        Some(if self.random.one_in(5) {
            Kill::WhileStarting(micros(&mut self.random, 0, 150))
        } else {
            Kill::UnderLoad(micros(&mut self.random, 50, 400))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_says_all_the_moments() {
        let kills: Vec<Kill> = KillSchedule::new(7, 100).collect();
        assert_eq!(kills, KillSchedule::new(7, 100).collect::<Vec<_>>());
        assert_ne!(kills, KillSchedule::new(8, 100).collect::<Vec<_>>());
        assert_eq!(kills.len(), 100);
        let under_load = kills.iter().filter(|kill| matches!(kill, Kill::UnderLoad(_))).count();
        assert!((60..100).contains(&under_load), "{under_load}");
        let in_range = |kill: &Kill| match kill {
            Kill::UnderLoad(after) => (50..400).contains(&after.as_millis()),
            Kill::WhileStarting(after) => after.as_millis() < 150,
        };
        assert!(kills.iter().all(in_range), "{kills:?}");
    }
}

//! Warnings of which a client could cause any number.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A log that nobody floods: so many lines a second.
const A_SECOND: u32 = 10;

/// Lets a few warnings a second through, and counts the rest.
#[derive(Debug, Default)]
pub(crate) struct WarningLimit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    since: Option<Instant>,
    told: u32,
    untold: u64,
}

impl WarningLimit {
    /// Whether a warning may be told at this time, and how many were not told since the last one that was.
    pub(crate) fn pass(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock();
        let is_over = |since: Instant| now.saturating_duration_since(since) >= Duration::from_secs(1);
        if state.since.is_none_or(is_over) {
            (state.since, state.told) = (Some(now), 0);
        }
        if state.told >= A_SECOND {
            state.untold += 1;
            return None;
        }
        state.told += 1;
        Some(std::mem::take(&mut state.untold))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{A_SECOND, WarningLimit};

    #[test]
    fn what_is_too_much_is_counted_and_told_in_the_next_second() {
        let limit = WarningLimit::default();
        let begun = Instant::now();
        let passed = (0..A_SECOND + 5).filter(|_| limit.pass(begun).is_some()).count();
        assert_eq!(passed, A_SECOND as usize);
        assert_eq!(limit.pass(begun + Duration::from_millis(999)), None);
        assert_eq!(limit.pass(begun + Duration::from_secs(1)), Some(6));
        assert_eq!(limit.pass(begun + Duration::from_secs(1)), Some(0));
    }
}

//! Remembers how long recent calls took, to say whether the next may run on an event loop.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::Pace;

/// A call that took longer is a slow one.
const SLOW: Duration = Duration::from_micros(300);
/// How long a plug-in counts as slow after it ran into a deadline.
const PENALTY: Duration = Duration::from_secs(30);
/// With fewer calls there is no telling.
const LEAST_CALLS: u32 = 4;
/// So many slow calls of the last 16 are bad luck, such as a thread that wasn't run.
const ALLOWED_SLOW: u32 = 2;

/// How fast a plug-in is of late.
#[derive(Debug)]
pub(crate) struct Tempo {
    began: Instant,
    /// The last 16 calls: a bit is set in the lower half if it was slow, and in the upper half if it was at all.
    history: AtomicU32,
    /// Milliseconds since `began` until which it is slow.
    slow_until_ms: AtomicU64,
}

impl Tempo {
    pub(crate) fn new(now: Instant) -> Tempo {
        Tempo { began: now, history: AtomicU32::new(0), slow_until_ms: AtomicU64::new(0) }
    }

    /// A call took so long.
    pub(crate) fn took(&self, time: Duration) {
        let next = |history: u32| {
            let seen = (history >> 16) << 1 | 1;
            let slow = (history & 0xffff) << 1 | u32::from(time > SLOW);
            Some((seen & 0xffff) << 16 | slow & 0xffff)
        };
        let _ = self.history.fetch_update(Relaxed, Relaxed, next);
    }

    /// A call ran into a deadline or an inline budget.
    pub(crate) fn ran_late(&self, now: Instant) {
        let until = now.saturating_duration_since(self.began) + PENALTY;
        self.slow_until_ms.store(until.as_millis() as u64, Relaxed);
    }

    pub(crate) fn pace(&self, now: Instant) -> Pace {
        let history = self.history.load(Relaxed);
        let enough = (history >> 16).count_ones() >= LEAST_CALLS;
        let quick = (history & 0xffff).count_ones() <= ALLOWED_SLOW;
        let since = now.saturating_duration_since(self.began).as_millis() as u64;
        if enough && quick && since >= self.slow_until_ms.load(Relaxed) { Pace::Fast } else { Pace::Slow }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_micros(20);
    const LONG: Duration = Duration::from_millis(2);

    #[test]
    fn a_few_quick_calls_make_it_fast_and_slow_ones_slow() {
        let now = Instant::now();
        let tempo = Tempo::new(now);
        for _ in 0..3 {
            tempo.took(QUICK);
            assert_eq!(tempo.pace(now), Pace::Slow, "no history");
        }
        tempo.took(QUICK);
        assert_eq!(tempo.pace(now), Pace::Fast);
        tempo.took(LONG);
        tempo.took(LONG);
        assert_eq!(tempo.pace(now), Pace::Fast, "bad luck");
        tempo.took(LONG);
        assert_eq!(tempo.pace(now), Pace::Slow);
        for _ in 0..16 {
            tempo.took(QUICK);
        }
        assert_eq!(tempo.pace(now), Pace::Fast, "old calls are forgotten");
    }

    #[test]
    fn a_deadline_makes_it_slow_for_a_while() {
        let now = Instant::now();
        let tempo = Tempo::new(now);
        for _ in 0..16 {
            tempo.took(QUICK);
        }
        tempo.ran_late(now);
        assert_eq!(tempo.pace(now + Duration::from_secs(29)), Pace::Slow);
        assert_eq!(tempo.pace(now + Duration::from_secs(30)), Pace::Fast);
    }
}

//! `log.cleaner.io.max.bytes.per.second`, for all threads together. Pure: the time is an argument.

use std::time::{Duration, Instant};

/// What was taken is paid for before more is taken.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    /// When all that was taken so far is paid for.
    paid: Option<Instant>,
}

impl Throttle {
    /// Takes so many bytes; how long to wait for them.
    pub(super) fn take(&mut self, bytes: usize, per_second: f64, now: Instant) -> Duration {
        let begin = self.paid.map_or(now, |paid| paid.max(now));
        let seconds = bytes as f64 / per_second.max(1.0);
        let cost = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
        self.paid = begin.checked_add(cost).or(Some(begin));
        begin - now
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Throttle;

    #[test]
    fn on_average_no_more_bytes_pass_than_allowed() {
        let (mut throttle, begun) = (Throttle::default(), Instant::now());
        let mut now = begun;
        for _ in 0..101 {
            now += throttle.take(1000, 10_000.0, now);
        }
        assert_eq!(now - begun, Duration::from_secs(10));
        // What was not used in a pause is not saved up.
        now += Duration::from_mins(1);
        assert_eq!(throttle.take(1000, 10_000.0, now), Duration::ZERO);
        assert_eq!(throttle.take(1000, 10_000.0, now), Duration::from_millis(100));
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..1000 {
            assert_eq!(throttle.take(usize::MAX, f64::MAX, now), Duration::ZERO);
        }
    }
}

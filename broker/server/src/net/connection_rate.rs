//! How fast connections are accepted (`max.connection.creation.rate`).

use std::time::{Duration, Instant};

/// A bucket of turns that fills with the seconds and holds one second's worth, so that a pause is not followed by a
/// storm. Pure: the acceptor waits.
#[derive(Debug, Default)]
pub(super) struct ConnectionRate {
    turns: f64,
    filled: Option<Instant>,
}

impl ConnectionRate {
    /// How long the next connection has to wait; `None` if its turn is now.
    pub(super) fn wait(&mut self, per_second: i32, now: Instant) -> Option<Duration> {
        let per_second = f64::from(per_second);
        let gained = match self.filled {
            Some(filled) => now.saturating_duration_since(filled).as_secs_f64() * per_second,
            None => per_second,
        };
        self.filled = Some(now);
        self.turns = (self.turns + gained).min(per_second);
        if self.turns >= 1.0 {
            return None;
        }
        // Rounded up, so that the turn is there when the wait is over; without end at a rate of 0.
        let seconds = ((1.0 - self.turns) / per_second).max(0.001);
        Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }

    /// A connection has taken its turn.
    pub(super) fn accepted(&mut self) {
        self.turns -= 1.0;
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::ConnectionRate;

    const fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    /// How many are accepted at this moment.
    fn burst(rate: &mut ConnectionRate, per_second: i32, now: Instant) -> usize {
        let mut count = 0;
        while count < 1000 && rate.wait(per_second, now).is_none() {
            rate.accepted();
            count += 1;
        }
        count
    }

    #[test]
    fn a_seconds_worth_comes_at_once_and_then_one_after_the_other() {
        let (mut rate, start) = (ConnectionRate::default(), Instant::now());
        assert_eq!(burst(&mut rate, 4, start), 4);
        assert_eq!(rate.wait(4, start), Some(ms(250)));
        assert_eq!(rate.wait(4, start + ms(125)), Some(ms(125)));
        assert_eq!(burst(&mut rate, 4, start + ms(250)), 1);
        assert_eq!(burst(&mut rate, 4, start + ms(1000)), 3);
        assert_eq!(burst(&mut rate, 4, start + ms(60_000)), 4, "an idle minute saves up one second");
    }

    #[test]
    fn the_rate_may_change_at_any_time() {
        let (mut rate, start) = (ConnectionRate::default(), Instant::now());
        assert_eq!(burst(&mut rate, i32::MAX, start), 1000);
        assert_eq!(burst(&mut rate, 2, start), 2, "what was saved up under the old rate is cut");
        assert_eq!(rate.wait(0, start + ms(500)), Some(Duration::MAX), "0 accepts nothing");
        assert_eq!(burst(&mut rate, 1000, start + ms(510)), 10);
    }
}

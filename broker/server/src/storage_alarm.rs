//! Failing writes in the log: said at once, then once a second, so that a full disk does not fill what is left of it.

use std::fmt::Display;
use std::sync::atomic::{AtomicI64, Ordering};

use klamm_model::TimestampMs;

/// Between two lines.
const INTERVAL_MS: i64 = 1_000;

/// Says in the log that writes fail.
#[derive(Debug)]
pub(crate) struct StorageAlarm {
    last_ms: AtomicI64,
}

impl StorageAlarm {
    /// An alarm that has said nothing yet.
    pub(crate) const fn new() -> StorageAlarm {
        StorageAlarm { last_ms: AtomicI64::new(i64::MIN) }
    }

    /// A write to `partition` failed for `reason`.
    pub(crate) fn raise(&self, now: TimestampMs, partition: &impl Display, reason: &impl Display) {
        if self.is_due(now) {
            tracing::error!(%partition, %reason, "a partition can't be written to");
        }
    }

    /// Whether enough time has passed; of several threads at once, one is told so.
    fn is_due(&self, now: TimestampMs) -> bool {
        let last = self.last_ms.load(Ordering::Relaxed);
        let waited = now.0.saturating_sub(last);
        // A clock that went back says so, too.
        let due = !(0..INTERVAL_MS).contains(&waited);
        due && self.last_ms.compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use klamm_model::TimestampMs;

    use super::StorageAlarm;

    #[test]
    fn one_line_a_second() {
        let alarm = StorageAlarm::new();
        let due = [5_000, 5_000, 5_999, 6_000, 6_001, 4_000].map(|now| alarm.is_due(TimestampMs(now)));
        assert_eq!(due, [true, false, false, true, false, true]);
    }
}

//! Which logs are cleaned, and when: rules without files or a clock (`LogCleanerManager`).

use klamm_model::Offset;

/// What a topic's settings say about cleaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CleanRules {
    /// `min.cleanable.dirty.ratio`, 0 to 1.
    pub min_dirty_ratio: f64,
    /// `min.compaction.lag.ms`.
    pub min_lag_ms: i64,
    /// `max.compaction.lag.ms`.
    pub max_lag_ms: i64,
    /// `delete.retention.ms`.
    pub delete_retention_ms: i64,
}

/// What there is to clean in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cleanable {
    /// All below was cleaned before.
    pub first_dirty: Offset,
    /// What is from here on must not be cleaned yet.
    pub upto: Offset,
    /// Bytes of the segments that were cleaned.
    pub clean_bytes: u64,
    /// Bytes of those that can be.
    pub dirty_bytes: u64,
    /// `max.compaction.lag.ms` is over for a record.
    pub is_overdue: bool,
}

impl Cleanable {
    /// The dirty bytes' share of all that would be read, 0 to 1.
    pub fn dirty_ratio(&self) -> f64 {
        let all = self.clean_bytes + self.dirty_bytes;
        if all == 0 { 0.0 } else { self.dirty_bytes as f64 / all as f64 }
    }

    /// Whether it is time: the log is dirty enough, or a record has waited too long.
    pub fn is_due(&self, rules: &CleanRules) -> bool {
        self.dirty_bytes > 0 && (self.is_overdue || self.dirty_ratio() > rules.min_dirty_ratio)
    }
}

/// The dirtiest of the logs that are due (`grabFilthiestCompactedLog`).
pub fn dirtiest<T>(logs: impl IntoIterator<Item = (T, Cleanable, CleanRules)>) -> Option<(T, Cleanable)> {
    let due = logs.into_iter().filter(|(_, cleanable, rules)| cleanable.is_due(rules));
    due.map(|(log, cleanable, _)| (log, cleanable))
        .max_by(|(_, one), (_, other)| one.dirty_ratio().total_cmp(&other.dirty_ratio()))
}

#[cfg(test)]
mod tests {
    use klamm_model::Offset;

    use super::{CleanRules, Cleanable, dirtiest};

    const RULES: CleanRules =
        CleanRules { min_dirty_ratio: 0.5, min_lag_ms: 0, max_lag_ms: i64::MAX, delete_retention_ms: 0 };

    fn log(clean_bytes: u64, dirty_bytes: u64, is_overdue: bool) -> Cleanable {
        Cleanable { first_dirty: Offset(1), upto: Offset(9), clean_bytes, dirty_bytes, is_overdue }
    }

    #[test]
    fn a_log_is_due_above_the_ratio_or_when_a_record_has_waited_too_long() {
        assert!(!log(50, 50, false).is_due(&RULES), "as in Kafka: not at the ratio itself");
        assert!(log(50, 51, false).is_due(&RULES));
        assert!(log(99, 1, true).is_due(&RULES));
        assert!(!log(99, 0, true).is_due(&RULES), "nothing to do");
        assert!(!log(0, 0, false).is_due(&CleanRules { min_dirty_ratio: 0.0, ..RULES }));
    }

    #[test]
    fn the_dirtiest_comes_first() {
        let logs =
            [("clean", log(90, 10, false)), ("dirty", log(10, 90, false)), ("half", log(40, 60, false))];
        let chosen = dirtiest(logs.map(|(name, cleanable)| (name, cleanable, RULES)));
        assert_eq!(chosen.map(|(name, _)| name), Some("dirty"));
        let none = [((), log(90, 10, false), RULES), ((), log(9, 0, true), RULES)];
        assert!(dirtiest(none).is_none());
    }
}

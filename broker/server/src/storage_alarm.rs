//! Failing reads and writes in the log: each partition's at once, then once a second, so that a full disk does not fill
//! what is left of it.

use std::collections::HashMap;

use klamm_model::{TimestampMs, TopicPartition};
use parking_lot::Mutex;

use crate::error_code::KafkaError;

/// Between two lines about a partition.
const INTERVAL_MS: i64 = 1_000;
/// Partitions that are remembered; beyond that those go of which nothing need be kept back any more.
const REMEMBERED: usize = 1_000;

/// What can't be done with a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Refused {
    /// Reading.
    Reads,
    /// Writing.
    Writes,
}

/// Says in the log that reads and writes fail.
#[derive(Debug, Default)]
pub(crate) struct StorageAlarm {
    last_ms: Mutex<HashMap<(TopicPartition, Refused), i64>>,
}

impl StorageAlarm {
    /// What is refused of `partition` for `error`.
    pub(crate) fn raise(
        &self,
        now: TimestampMs,
        partition: &TopicPartition,
        refused: Refused,
        error: &KafkaError,
    ) {
        if !self.is_due(now, partition, refused) {
            return;
        }
        let reason = &error.message;
        match refused {
            Refused::Reads => tracing::error!(%partition, %reason, "a partition can't be read"),
            Refused::Writes => tracing::error!(%partition, %reason, "a partition can't be written to"),
        }
    }

    /// Whether enough time has passed; of several threads at once, one is told so.
    fn is_due(&self, now: TimestampMs, partition: &TopicPartition, refused: Refused) -> bool {
        // A clock that went back says so, too.
        let is_due = |last: i64| !(0..INTERVAL_MS).contains(&now.0.saturating_sub(last));
        let mut last_ms = self.last_ms.lock();
        if last_ms.get(&(partition.clone(), refused)).is_some_and(|&last| !is_due(last)) {
            return false;
        }
        if last_ms.len() >= REMEMBERED {
            last_ms.retain(|_, last| !is_due(*last));
        }
        last_ms.insert((partition.clone(), refused), now.0);
        true
    }
}

#[cfg(test)]
mod tests {
    use klamm_model::{PartitionIndex, TimestampMs, TopicPartition};

    use super::{Refused, StorageAlarm};

    #[test]
    fn one_line_a_second_for_each_partition() {
        let alarm = StorageAlarm::default();
        let [a, b] = [0, 1].map(|index| TopicPartition::new("t".parse().unwrap(), PartitionIndex(index)));
        let due = [5_000, 5_000, 5_999, 6_000, 6_001, 4_000];
        let due = due.map(|now| alarm.is_due(TimestampMs(now), &a, Refused::Writes));
        assert_eq!(due, [true, false, false, true, false, true]);
        assert!(alarm.is_due(TimestampMs(4_000), &b, Refused::Writes));
        assert!(alarm.is_due(TimestampMs(4_000), &a, Refused::Reads));
    }

    #[test]
    fn what_is_long_past_is_forgotten() {
        let alarm = StorageAlarm::default();
        for index in 0..2_500 {
            let partition = TopicPartition::new("t".parse().unwrap(), PartitionIndex(index));
            assert!(alarm.is_due(TimestampMs(i64::from(index) * 2_000), &partition, Refused::Reads));
        }
        assert!(alarm.last_ms.lock().len() <= 1_000);
    }
}

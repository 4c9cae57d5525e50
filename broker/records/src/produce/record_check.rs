//! What is checked of each record.

use klamm_model::TimestampMs;

use super::refusal::{InvalidProduce, InvalidReason};
use super::rules::ProduceRules;
use crate::attributes::TimestampType;
use crate::walk::RecordShape;

/// How many records of a batch are blamed one by one: an answer has a bound.
const MAX_BLAMED: usize = 100;

/// The findings of a walk over the records of a batch.
pub(super) struct RecordCheck {
    keys_wanted: bool,
    base_timestamp: i64,
    /// The bounds of the times that producers give (KIP-937).
    earliest: i64,
    latest: i64,
    max_timestamp: i64,
    max_timestamp_delta: i32,
    misplaced: bool,
    untimely: bool,
    blamed: Vec<(i32, String)>,
}

impl RecordCheck {
    pub(super) fn new(base_timestamp: TimestampMs, rules: &ProduceRules) -> RecordCheck {
        let (earliest, latest) = match rules.timestamp_type {
            TimestampType::CreateTime => (
                rules.now.0.saturating_sub(rules.before_max_ms),
                rules.now.0.saturating_add(rules.after_max_ms),
            ),
            // What producers say is replaced.
            TimestampType::LogAppendTime => (i64::MIN, i64::MAX),
        };
        RecordCheck {
            keys_wanted: rules.compacted,
            base_timestamp: base_timestamp.0,
            earliest,
            latest,
            max_timestamp: TimestampMs::NONE.0,
            max_timestamp_delta: 0,
            misplaced: false,
            untimely: false,
            blamed: Vec::new(),
        }
    }

    #[inline]
    pub(super) fn record(&mut self, index: i32, shape: RecordShape) {
        self.misplaced |= shape.offset_delta != index;
        let timestamp = self.base_timestamp.wrapping_add(shape.timestamp_delta);
        if timestamp > self.max_timestamp {
            self.max_timestamp = timestamp;
            self.max_timestamp_delta = shape.offset_delta;
        }
        if self.keys_wanted && !shape.has_key {
            self.blame(index, || "a record without a key can't go to a compacted topic".to_owned());
        } else if (timestamp < self.earliest || timestamp > self.latest) && timestamp != TimestampMs::NONE.0 {
            self.untimely = true;
            let (earliest, latest) = (self.earliest, self.latest);
            self.blame(index, || {
                format!("timestamp {timestamp} is not within the topic's bounds, now {earliest} to {latest}")
            });
        }
    }

    #[cold]
    fn blame(&mut self, index: i32, why: impl FnOnce() -> String) {
        if self.blamed.len() < MAX_BLAMED {
            self.blamed.push((index, why()));
        }
    }

    /// The largest timestamp, and the offset delta of the first record that has it.
    pub(super) fn finish(self) -> Result<(TimestampMs, i32), InvalidProduce> {
        let keyless = !self.blamed.is_empty();
        let refuse = |reason| Err(InvalidProduce { reason, record_errors: self.blamed });
        if self.misplaced {
            return refuse(InvalidReason::Records("the records' offsets don't count up from 0"));
        }
        // One untimely record makes it the batch's error, whatever else is wrong with others.
        if self.untimely {
            return refuse(InvalidReason::Timestamps);
        }
        if keyless {
            return refuse(InvalidReason::Records(
                "the topic is compacted and the batch has records without a key",
            ));
        }
        Ok((TimestampMs(self.max_timestamp), self.max_timestamp_delta))
    }
}

//! Ways in which a history breaks a promise.

use std::fmt;

use crate::content::RecordId;
use crate::history::Partition;

/// A broken promise, and where.
#[expect(
    missing_docs,
    reason = "a record, its partition and its offset are in each; the rest is said above it"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// An acknowledged record is not at its offset, which is past the end of what was read.
    Lost { record: RecordId, partition: Partition, offset: i64 },
    /// Another record is at an acknowledged record's offset.
    Displaced { record: RecordId, partition: Partition, offset: i64, found: Option<RecordId> },
    /// A record has other bytes than its producer sent.
    Changed { record: RecordId, partition: Partition, offset: i64 },
    /// A record says it is one that nobody sent, or not to this topic.
    NeverSent { record: Option<RecordId>, partition: Partition, offset: i64 },
    /// A record is in another partition than the one it was acknowledged for.
    Elsewhere { record: RecordId, partition: Partition, offset: i64 },
    /// Two acknowledgements came for one record.
    AcknowledgedTwice { record: RecordId },
    /// An acknowledgement without a usable offset.
    NoOffset { record: RecordId, offset: i64 },
    /// A record follows that was sent later than the next one.
    Skipped { record: RecordId, partition: Partition, offset: i64, expected: RecordId },
    /// A record comes for the first time after one that was sent later.
    Reordered { record: RecordId, partition: Partition, offset: i64 },
    /// An idempotent producer's record is there again.
    Duplicate { record: RecordId, partition: Partition, offset: i64 },
    /// A record is there again after the place for which it was acknowledged.
    AfterAnswer { record: RecordId, partition: Partition, offset: i64, acknowledged: i64 },
    /// The log goes back to earlier records more often than the broker crashed.
    TooManyResends { producer: u32, resends: u64, crashes: u64 },
    /// A partition's offsets are not one after the other.
    OffsetGap { partition: Partition, expected: i64, found: i64 },
    /// What was read before is not there any more.
    Vanished { partition: Partition, offset: i64 },
    /// Something else was read at this offset before.
    Rewritten { partition: Partition, offset: i64 },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Violation::Lost { record, partition, offset } => {
                write!(f, "lost: record {record} was acknowledged at {partition}@{offset}, past its end")
            }
            Violation::Displaced { record, partition, offset, found } => {
                let found = name(*found);
                write!(
                    f,
                    "displaced: record {record} was acknowledged at {partition}@{offset}, where {found} is"
                )
            }
            Violation::Changed { record, partition, offset } => {
                write!(f, "changed: record {record} at {partition}@{offset} has other bytes than were sent")
            }
            Violation::NeverSent { record, partition, offset } => {
                write!(f, "never sent: {} is at {partition}@{offset}", name(*record))
            }
            Violation::Elsewhere { record, partition, offset } => {
                write!(
                    f,
                    "elsewhere: record {record} is at {partition}@{offset}, acknowledged for another partition"
                )
            }
            Violation::AcknowledgedTwice { record } => write!(f, "record {record} was acknowledged twice"),
            Violation::NoOffset { record, offset } => {
                write!(f, "record {record} was acknowledged at the impossible offset {offset}")
            }
            Violation::Skipped { record, partition, offset, expected } => {
                write!(f, "skipped: record {record} is at {partition}@{offset}, where {expected} should be")
            }
            Violation::Reordered { record, partition, offset } => {
                write!(
                    f,
                    "reordered: record {record} is at {partition}@{offset}, after one that was sent later"
                )
            }
            Violation::Duplicate { record, partition, offset } => {
                write!(f, "duplicate: record {record} is at {partition}@{offset} again")
            }
            Violation::AfterAnswer { record, partition, offset, acknowledged } => {
                write!(
                    f,
                    "record {record} is at {partition}@{offset}, after its acknowledged place {acknowledged}"
                )
            }
            Violation::TooManyResends { producer, resends, crashes } => {
                write!(f, "producer {producer}: the log goes back {resends} times, after {crashes} crashes")
            }
            Violation::OffsetGap { partition, expected, found } => {
                write!(f, "{partition}: offset {found} was read where {expected} should be")
            }
            Violation::Vanished { partition, offset } => {
                write!(f, "vanished: {partition}@{offset} was read before, and is past the end now")
            }
            Violation::Rewritten { partition, offset } => {
                write!(f, "rewritten: something else was read at {partition}@{offset} before")
            }
        }
    }
}

fn name(record: Option<RecordId>) -> String {
    record.map_or_else(|| "an unknown record".to_owned(), |record| format!("record {record}"))
}

//! Ways in which a topic with plug-ins breaks a promise.

use std::fmt;

use crate::content::RecordId;
use crate::history::Partition;

/// A broken promise, and where. The partition may be that of a quarantine.
#[expect(
    missing_docs,
    reason = "a record, its partition and its offset are in most; the rest is said above it"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluggedViolation {
    /// An acknowledged record is neither in the topic nor in its quarantine.
    Lost { record: RecordId, partition: Partition, offset: i64 },
    /// A record is there again.
    Duplicate { record: RecordId, partition: Partition, offset: i64 },
    /// A record says it is one that nobody sent, or not to this topic.
    NeverSent { record: Option<RecordId>, partition: Partition, offset: i64 },
    /// A record has other bytes than it should have there.
    Changed { record: RecordId, partition: Partition, offset: i64 },
    /// Poison is in the topic.
    PoisonStored { record: RecordId, partition: Partition, offset: i64 },
    /// A good record is in quarantine.
    Quarantined { record: RecordId, partition: Partition, offset: i64 },
    /// A record is in another partition than the one that the partitioner chooses.
    WrongPartition { record: RecordId, partition: Partition, offset: i64, right: i32 },
    /// A record that stays where it was sent is not where its producer was told.
    Displaced { record: RecordId, partition: Partition, offset: i64, told: (i32, i64) },
    /// A record is at the offset that was told of another one.
    Taken { record: RecordId, partition: Partition, offset: i64, told: RecordId },
    /// A record comes after one of the same key that was sent later.
    Reordered { record: RecordId, partition: Partition, offset: i64, after: RecordId },
    /// A dead letter's headers don't say what they should.
    Untold { record: RecordId, offset: i64, what: String },
    /// Two acknowledgements came for one record.
    AcknowledgedTwice { record: RecordId },
    /// Two records were acknowledged for one offset.
    SharedOffset { record: RecordId, other: RecordId, offset: i64 },
    /// There are more offsets than the records that were sent can have.
    TooLong { topic: String, offsets: i64, most: i64 },
    /// What was read before is not what is there now.
    Unlike { partition: Partition, offset: i64 },
}

impl fmt::Display for PluggedViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use PluggedViolation as V;
        match self {
            V::Lost { record, partition, offset } => {
                write!(f, "lost: record {record} was acknowledged at {partition}@{offset}")
            }
            V::Duplicate { record, partition, offset } => {
                write!(f, "duplicate: record {record} is at {partition}@{offset} again")
            }
            V::NeverSent { record, partition, offset } => {
                write!(f, "never sent: {record:?} is at {partition}@{offset}")
            }
            V::Changed { record, partition, offset } => {
                write!(f, "changed: record {record} at {partition}@{offset} has other bytes than it should")
            }
            V::PoisonStored { record, partition, offset } => {
                write!(f, "poison: record {record} is at {partition}@{offset}")
            }
            V::Quarantined { record, partition, offset } => {
                write!(f, "quarantined: the good record {record} is at {partition}@{offset}")
            }
            V::WrongPartition { record, partition, offset, right } => {
                write!(
                    f,
                    "wrong partition: record {record} at {partition}@{offset} belongs in partition {right}"
                )
            }
            V::Displaced { record, partition, offset, told: (index, place) } => {
                write!(
                    f,
                    "displaced: record {record} is at {partition}@{offset}, and {index}@{place} was told"
                )
            }
            V::Taken { record, partition, offset, told } => {
                write!(
                    f,
                    "taken: record {record} is at {partition}@{offset}, which was told of record {told}"
                )
            }
            V::Reordered { record, partition, offset, after } => {
                write!(f, "reordered: record {record} is at {partition}@{offset}, after record {after}")
            }
            V::Untold { record, offset, what } => {
                write!(f, "a dead letter at offset {offset}, record {record}: {what}")
            }
            V::AcknowledgedTwice { record } => write!(f, "record {record} was acknowledged twice"),
            V::SharedOffset { record, other, offset } => {
                write!(f, "records {record} and {other} were both acknowledged at offset {offset}")
            }
            V::TooLong { topic, offsets, most } => {
                write!(f, "{topic} has {offsets} offsets, and what was sent takes {most} at the most")
            }
            V::Unlike { partition, offset } => {
                write!(f, "{partition}@{offset}: what was read before is not what is there now")
            }
        }
    }
}

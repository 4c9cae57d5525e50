//! How far a group has read a partition.

use klamm_model::TopicId;
use klamm_wire_derive::Fields;

/// Of whom and what (keys of versions 0 and 1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Fields)]
pub struct OffsetKey {
    /// The group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
}

/// How far (versions 0-4, flexible from 4 on).
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub struct OffsetValue {
    /// The next record to read.
    pub offset: i64,
    /// The leader epoch of the last record read, or -1.
    #[field(versions = "3+", default = -1, ignorable)]
    pub leader_epoch: i32,
    /// What the consumer wants to find again.
    pub metadata: String,
    /// When it was committed, in milliseconds since 1970.
    pub commit_timestamp: i64,
    /// When it is to be forgotten, in milliseconds since 1970; -1 for the broker's setting.
    #[field(versions = "1", default = -1, ignorable)]
    pub expire_timestamp: i64,
    /// The topic, if it was known by its id.
    #[field(versions = "4+", tag = 0, ignorable)]
    pub topic_id: TopicId,
}

//! OffsetDelete: committed offsets away (KIP-496).

use klamm_wire_derive::{Fields, Message};

/// Deletes committed offsets of a group.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = OffsetDelete, kind = request, versions = "0")]
pub struct OffsetDeleteRequest {
    /// The group.
    pub group_id: String,
    /// The partitions whose committed offsets go, by topic.
    pub topics: Vec<OffsetDeleteRequestTopic>,
}

/// What to delete of one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetDeleteRequestTopic {
    /// The topic.
    pub name: String,
    /// The partitions.
    pub partitions: Vec<OffsetDeleteRequestPartition>,
}

/// A partition whose committed offset goes.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetDeleteRequestPartition {
    /// The partition.
    pub partition_index: i32,
}

/// What became of each partition's offset.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = OffsetDelete, kind = response, versions = "0")]
pub struct OffsetDeleteResponse {
    /// What went wrong, or 0.
    pub error_code: i16,
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<OffsetDeleteResponseTopic>,
}

/// The answers for one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetDeleteResponseTopic {
    /// The topic.
    pub name: String,
    /// The partitions.
    pub partitions: Vec<OffsetDeleteResponsePartition>,
}

/// The answer for one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetDeleteResponsePartition {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
}

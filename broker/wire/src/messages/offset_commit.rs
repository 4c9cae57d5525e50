//! OffsetCommit: remembers how far a group has read.

use klamm_model::TopicId;
use klamm_wire_derive::{Fields, Message};

/// Stores offsets for a group.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = OffsetCommit, kind = request, versions = "2-10", flexible = "8+")]
pub struct OffsetCommitRequest {
    /// The group.
    pub group_id: String,
    /// The generation of a classic group, or the member's epoch in a consumer group (KIP-848); -1 for none.
    #[field(default = -1, ignorable)]
    pub generation_id_or_member_epoch: i32,
    /// The member, or empty for none.
    #[field(ignorable)]
    pub member_id: String,
    /// The member's id of its own choice, if it is a static member (KIP-345).
    #[field(versions = "7+", nullable)]
    pub group_instance_id: Option<String>,
    /// How long the offsets are to be kept, in milliseconds; -1 for as long as the broker's settings say.
    #[field(versions = "2-4", default = -1, ignorable)]
    pub retention_time_ms: i64,
    /// The topics.
    pub topics: Vec<OffsetCommitRequestTopic>,
}

/// The offsets of one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetCommitRequestTopic {
    /// The topic.
    #[field(versions = "0-9", ignorable)]
    pub name: String,
    /// The topic's id (KIP-516).
    #[field(versions = "10+", ignorable)]
    pub topic_id: TopicId,
    /// The partitions.
    pub partitions: Vec<OffsetCommitRequestPartition>,
}

/// The offset of one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetCommitRequestPartition {
    /// The partition.
    pub partition_index: i32,
    /// The next offset that the group wants to read.
    pub committed_offset: i64,
    /// The leader's epoch of the last record that was read, or -1 if it is not known (KIP-320).
    #[field(versions = "6+", default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    /// What the client wants to keep with the offset.
    #[field(nullable)]
    pub committed_metadata: Option<String>,
}

/// Whether each offset was stored.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = OffsetCommit, kind = response, versions = "2-10", flexible = "8+")]
pub struct OffsetCommitResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    #[field(versions = "3+", ignorable)]
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<OffsetCommitResponseTopic>,
}

/// The answers for one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetCommitResponseTopic {
    /// The topic.
    #[field(versions = "0-9", ignorable)]
    pub name: String,
    /// The topic's id (KIP-516).
    #[field(versions = "10+", ignorable)]
    pub topic_id: TopicId,
    /// The partitions.
    pub partitions: Vec<OffsetCommitResponsePartition>,
}

/// The answer for one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetCommitResponsePartition {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
}

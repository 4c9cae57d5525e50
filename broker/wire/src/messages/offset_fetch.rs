//! OffsetFetch: how far groups have read.

use klamm_model::TopicId;
use klamm_wire_derive::{Fields, Message};

/// Asks for the offsets of a group, or since version 8 of several groups.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = OffsetFetch, kind = request, versions = "1-10", flexible = "6+")]
pub struct OffsetFetchRequest {
    /// The group.
    #[field(versions = "0-7")]
    pub group_id: String,
    /// The topics, or null for all that the group has offsets of.
    #[field(versions = "0-7", nullable = "2-7")]
    pub topics: Option<Vec<OffsetFetchRequestTopic>>,
    /// The groups.
    #[field(versions = "8+")]
    pub groups: Vec<OffsetFetchRequestGroup>,
    /// Whether an offset with an open transaction is to be an error, so that the client asks again (KIP-447).
    #[field(versions = "7+")]
    pub require_stable: bool,
}

/// A topic of the one group.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetFetchRequestTopic {
    /// The topic.
    #[field(versions = "0-7")]
    pub name: String,
    /// The partitions.
    #[field(versions = "0-7")]
    pub partition_indexes: Vec<i32>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetFetchRequestGroup {
    /// The group.
    #[field(versions = "8+")]
    pub group_id: String,
    /// The member, if it belongs to a consumer group (KIP-848).
    #[field(versions = "9+", nullable = "9+", ignorable)]
    pub member_id: Option<String>,
    /// The member's epoch, or -1 (KIP-848).
    #[field(versions = "9+", default = -1, ignorable)]
    pub member_epoch: i32,
    /// The topics, or null for all that the group has offsets of.
    #[field(versions = "8+", nullable = "8+")]
    pub topics: Option<Vec<OffsetFetchRequestTopics>>,
}

/// A topic of a group.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetFetchRequestTopics {
    /// The topic.
    #[field(versions = "8-9", ignorable)]
    pub name: String,
    /// The topic's id (KIP-516).
    #[field(versions = "10+", ignorable)]
    pub topic_id: TopicId,
    /// The partitions.
    #[field(versions = "8+")]
    pub partition_indexes: Vec<i32>,
}

/// The offsets.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = OffsetFetch, kind = response, versions = "1-10", flexible = "6+")]
pub struct OffsetFetchResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    #[field(versions = "3+", ignorable)]
    pub throttle_time_ms: i32,
    /// The topics of the one group.
    #[field(versions = "0-7")]
    pub topics: Vec<OffsetFetchResponseTopic>,
    /// What went wrong with the one group, or 0.
    #[field(versions = "2-7", ignorable)]
    pub error_code: i16,
    /// The groups.
    #[field(versions = "8+")]
    pub groups: Vec<OffsetFetchResponseGroup>,
}

/// The answers for one topic of the one group.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetFetchResponseTopic {
    /// The topic.
    #[field(versions = "0-7")]
    pub name: String,
    /// The partitions.
    #[field(versions = "0-7")]
    pub partitions: Vec<OffsetFetchResponsePartition>,
}

/// The answer for one partition of the one group.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetFetchResponsePartition {
    /// The partition.
    #[field(versions = "0-7")]
    pub partition_index: i32,
    /// The next offset that the group wants to read, or -1 if there is none.
    #[field(versions = "0-7")]
    pub committed_offset: i64,
    /// The leader's epoch of the last record that was read, or -1 if it is not known (KIP-320).
    #[field(versions = "5-7", default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    /// What the client kept with the offset.
    #[field(versions = "0-7", nullable = "0-7")]
    pub metadata: Option<String>,
    /// What went wrong, or 0.
    #[field(versions = "0-7")]
    pub error_code: i16,
}

/// The answers for one group.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetFetchResponseGroup {
    /// The group.
    #[field(versions = "8+")]
    pub group_id: String,
    /// The topics.
    #[field(versions = "8+")]
    pub topics: Vec<OffsetFetchResponseTopics>,
    /// What went wrong with the group, or 0.
    #[field(versions = "8+")]
    pub error_code: i16,
}

/// The answers for one topic of a group.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetFetchResponseTopics {
    /// The topic.
    #[field(versions = "8-9", ignorable)]
    pub name: String,
    /// The topic's id (KIP-516).
    #[field(versions = "10+", ignorable)]
    pub topic_id: TopicId,
    /// The partitions.
    #[field(versions = "8+")]
    pub partitions: Vec<OffsetFetchResponsePartitions>,
}

/// The answer for one partition of a group.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetFetchResponsePartitions {
    /// The partition.
    #[field(versions = "8+")]
    pub partition_index: i32,
    /// The next offset that the group wants to read, or -1 if there is none.
    #[field(versions = "8+")]
    pub committed_offset: i64,
    /// The leader's epoch of the last record that was read, or -1 if it is not known (KIP-320).
    #[field(versions = "8+", default = -1, ignorable)]
    pub committed_leader_epoch: i32,
    /// What the client kept with the offset.
    #[field(versions = "8+", nullable = "8+")]
    pub metadata: Option<String>,
    /// What went wrong, or 0.
    #[field(versions = "8+")]
    pub error_code: i16,
}

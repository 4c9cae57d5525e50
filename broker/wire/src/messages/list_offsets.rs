//! ListOffsets: offsets by time.

use klamm_wire_derive::{Fields, Message};

/// Asks for offsets: of a time, of the start or of the end.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ListOffsets, kind = request, versions = "1-11", flexible = "6+")]
pub struct ListOffsetsRequest {
    /// The follower's broker id, or -1 for a consumer.
    pub replica_id: i32,
    /// What a reader sees of transactions: 0 all records, 1 committed ones only (KIP-98).
    #[field(versions = "2+")]
    pub isolation_level: i8,
    /// The topics.
    pub topics: Vec<ListOffsetsTopic>,
    /// How long a look-up in tiered storage may take, in milliseconds (KIP-1075).
    #[field(versions = "10+", ignorable)]
    pub timeout_ms: i32,
}

/// What to look up of one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ListOffsetsTopic {
    /// The topic.
    pub name: String,
    /// The partitions.
    pub partitions: Vec<ListOffsetsPartition>,
}

/// What to look up of one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ListOffsetsPartition {
    /// The partition.
    pub partition_index: i32,
    /// The leader epoch that the client knows, or -1 to skip the check (KIP-320).
    #[field(versions = "4+", default = -1, ignorable)]
    pub current_leader_epoch: i32,
    /// The time to look up in milliseconds since 1970; or -1 the end, -2 the start, -3 the largest timestamp,
    /// -4 the local start, -5 the end of tiered storage, -6 the first offset that is not in tiered storage yet.
    pub timestamp: i64,
}

/// The offsets found.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ListOffsets, kind = response, versions = "1-11", flexible = "6+")]
pub struct ListOffsetsResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    #[field(versions = "2+", ignorable)]
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<ListOffsetsTopicResponse>,
}

/// The answers for one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ListOffsetsTopicResponse {
    /// The topic.
    pub name: String,
    /// The partitions.
    pub partitions: Vec<ListOffsetsPartitionResponse>,
}

/// The answer for one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ListOffsetsPartitionResponse {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The timestamp of the record found, or -1.
    #[field(default = -1)]
    pub timestamp: i64,
    /// The offset found, or -1.
    #[field(default = -1)]
    pub offset: i64,
    /// The leader epoch of the record found, or -1 (KIP-320).
    #[field(versions = "4+", default = -1)]
    pub leader_epoch: i32,
}

//! OffsetForLeaderEpoch: where leader epochs end (KIP-101, KIP-320).

use klamm_wire_derive::{Fields, Message};

/// Asks where leader epochs end, to find out what a log has lost.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = OffsetForLeaderEpoch, kind = request, versions = "2-4", flexible = "4+")]
pub struct OffsetForLeaderEpochRequest {
    /// The follower's broker id, -1 for a consumer, -2 for one that only looks.
    #[field(versions = "3+", default = -2, ignorable)]
    pub replica_id: i32,
    /// The topics.
    pub topics: Vec<OffsetForLeaderTopic>,
}

/// What to look up of one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetForLeaderTopic {
    /// The topic.
    pub topic: String,
    /// The partitions.
    pub partitions: Vec<OffsetForLeaderPartition>,
}

/// What to look up of one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetForLeaderPartition {
    /// The partition.
    pub partition: i32,
    /// The leader epoch that the client knows, or -1 to skip the check (KIP-320).
    #[field(default = -1)]
    pub current_leader_epoch: i32,
    /// The epoch whose end is asked for (KIP-101).
    pub leader_epoch: i32,
}

/// Where the epochs end.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = OffsetForLeaderEpoch, kind = response, versions = "2-4", flexible = "4+")]
pub struct OffsetForLeaderEpochResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<OffsetForLeaderTopicResult>,
}

/// The answers for one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OffsetForLeaderTopicResult {
    /// The topic.
    pub topic: String,
    /// The partitions.
    pub partitions: Vec<EpochEndOffset>,
}

/// Where an epoch ends.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct EpochEndOffset {
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The partition.
    pub partition: i32,
    /// The largest epoch that is not above the one asked for, or -1.
    #[field(default = -1)]
    pub leader_epoch: i32,
    /// The offset after the epoch's last record, or -1.
    #[field(default = -1)]
    pub end_offset: i64,
}

//! DescribeProducers: the producers that partitions remember (KIP-664).

use klamm_wire_derive::{Fields, Message};

/// Asks for the producers of partitions.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeProducers, kind = request, versions = "0", flexible = "0+")]
pub struct DescribeProducersRequest {
    /// The topics.
    pub topics: Vec<TopicRequest>,
}

/// A topic to describe.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct TopicRequest {
    /// The topic.
    pub name: String,
    /// The partitions to describe.
    pub partition_indexes: Vec<i32>,
}

/// The producers of each partition.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeProducers, kind = response, versions = "0", flexible = "0+")]
pub struct DescribeProducersResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<TopicResponse>,
}

/// The answers for one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct TopicResponse {
    /// The topic.
    pub name: String,
    /// The partitions.
    pub partitions: Vec<PartitionResponse>,
}

/// The answer for one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct PartitionResponse {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
    /// The producers that the partition remembers.
    pub active_producers: Vec<ProducerState>,
}

/// A producer that the partition remembers.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ProducerState {
    /// The producer's id (KIP-98).
    pub producer_id: i64,
    /// The producer's epoch (KIP-98).
    pub producer_epoch: i32,
    /// The sequence number of its last record, or -1.
    #[field(default = -1)]
    pub last_sequence: i32,
    /// The timestamp of its last batch in milliseconds since 1970, or -1.
    #[field(default = -1)]
    pub last_timestamp: i64,
    /// The epoch of the transaction coordinator that wrote its last marker.
    pub coordinator_epoch: i32,
    /// The first offset of its open transaction, or -1.
    #[field(default = -1)]
    pub current_txn_start_offset: i64,
}

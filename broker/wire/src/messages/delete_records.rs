//! DeleteRecords: the head of logs away (KIP-107).

use klamm_wire_derive::{Fields, Message};

/// Deletes the records below an offset.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DeleteRecords, kind = request, versions = "0-2", flexible = "2+")]
pub struct DeleteRecordsRequest {
    /// Where to delete, by topic.
    pub topics: Vec<DeleteRecordsTopic>,
    /// How long the broker may take, in milliseconds.
    pub timeout_ms: i32,
}

/// Where to delete in one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DeleteRecordsTopic {
    /// The topic.
    pub name: String,
    /// The partitions.
    pub partitions: Vec<DeleteRecordsPartition>,
}

/// Where to delete in one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DeleteRecordsPartition {
    /// The partition.
    pub partition_index: i32,
    /// The first offset to keep; -1 to keep nothing below the high watermark.
    pub offset: i64,
}

/// Where each log starts now.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DeleteRecords, kind = response, versions = "0-2", flexible = "2+")]
pub struct DeleteRecordsResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<DeleteRecordsTopicResult>,
}

/// The answers for one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DeleteRecordsTopicResult {
    /// The topic.
    pub name: String,
    /// The partitions.
    pub partitions: Vec<DeleteRecordsPartitionResult>,
}

/// The answer for one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DeleteRecordsPartitionResult {
    /// The partition.
    pub partition_index: i32,
    /// The first offset that every replica still has, or -1.
    pub low_watermark: i64,
    /// What went wrong, or 0.
    pub error_code: i16,
}

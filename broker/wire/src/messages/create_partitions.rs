//! CreatePartitions: more partitions (KIP-195).

use klamm_wire_derive::{Fields, Message};

/// Adds partitions to topics.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = CreatePartitions, kind = request, versions = "0-3", flexible = "2+")]
pub struct CreatePartitionsRequest {
    /// The topics to widen.
    pub topics: Vec<CreatePartitionsTopic>,
    /// How long the broker may take, in milliseconds.
    pub timeout_ms: i32,
    /// Whether to check the request and change nothing.
    pub validate_only: bool,
}

/// A topic to widen.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct CreatePartitionsTopic {
    /// The topic.
    pub name: String,
    /// How many partitions it shall have.
    pub count: i32,
    /// Which brokers hold the new partitions, in order; null to let the controller choose.
    #[field(nullable)]
    pub assignments: Option<Vec<CreatePartitionsAssignment>>,
}

/// The replicas of one new partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct CreatePartitionsAssignment {
    /// The brokers with a replica of one new partition; the first is the preferred leader.
    pub broker_ids: Vec<i32>,
}

/// What became of each topic.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = CreatePartitions, kind = response, versions = "0-3", flexible = "2+")]
pub struct CreatePartitionsResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// The answers, one for each that was asked for.
    pub results: Vec<CreatePartitionsTopicResult>,
}

/// The answer for one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct CreatePartitionsTopicResult {
    /// The topic.
    pub name: String,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
}

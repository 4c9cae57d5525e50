//! ListPartitionReassignments: partitions on their way to other brokers (KIP-455).

use klamm_wire_derive::{Fields, Message};

/// Asks which partitions are being moved.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ListPartitionReassignments, kind = request, versions = "0", flexible = "0+")]
pub struct ListPartitionReassignmentsRequest {
    /// How long the request may take in milliseconds.
    #[field(default = 60000)]
    pub timeout_ms: i32,
    /// The topics, or null for all.
    #[field(nullable)]
    pub topics: Option<Vec<ListPartitionReassignmentsTopics>>,
}

/// The partitions of one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ListPartitionReassignmentsTopics {
    /// The topic.
    pub name: String,
    /// The partitions.
    pub partition_indexes: Vec<i32>,
}

/// The partitions that are being moved.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ListPartitionReassignments, kind = response, versions = "0", flexible = "0+")]
pub struct ListPartitionReassignmentsResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
    /// The topics.
    pub topics: Vec<OngoingTopicReassignment>,
}

/// The partitions of one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OngoingTopicReassignment {
    /// The topic.
    pub name: String,
    /// The partitions.
    pub partitions: Vec<OngoingPartitionReassignment>,
}

/// A partition that is being moved.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OngoingPartitionReassignment {
    /// The partition.
    pub partition_index: i32,
    /// The brokers that have a replica now.
    pub replicas: Vec<i32>,
    /// The brokers that are getting one.
    pub adding_replicas: Vec<i32>,
    /// The brokers that are to lose theirs.
    pub removing_replicas: Vec<i32>,
}

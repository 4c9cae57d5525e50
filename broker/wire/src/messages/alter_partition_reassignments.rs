//! AlterPartitionReassignments: moves partitions to other brokers (KIP-455).

use klamm_wire_derive::{Fields, Message};

/// Says which brokers partitions are to be on.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = AlterPartitionReassignments, kind = request, versions = "0-1", flexible = "0+")]
pub struct AlterPartitionReassignmentsRequest {
    /// How long the request may take in milliseconds.
    #[field(default = 60000)]
    pub timeout_ms: i32,
    /// Whether a partition may get more or fewer replicas than it has (KIP-860).
    #[field(versions = "1+", default = true)]
    pub allow_replication_factor_change: bool,
    /// The topics.
    pub topics: Vec<ReassignableTopic>,
}

/// The partitions of one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ReassignableTopic {
    /// The topic.
    pub name: String,
    /// The partitions.
    pub partitions: Vec<ReassignablePartition>,
}

/// Where one partition is to be.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ReassignablePartition {
    /// The partition.
    pub partition_index: i32,
    /// The brokers, or null to cancel what is going on.
    #[field(nullable)]
    pub replicas: Option<Vec<i32>>,
}

/// Whether each partition is on its way.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = AlterPartitionReassignments, kind = response, versions = "0-1", flexible = "0+")]
pub struct AlterPartitionReassignmentsResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// Whether the request allowed other numbers of replicas (KIP-860).
    #[field(versions = "1+", default = true, ignorable)]
    pub allow_replication_factor_change: bool,
    /// What went wrong with the request as a whole, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
    /// The topics.
    pub responses: Vec<ReassignableTopicResponse>,
}

/// The answers for one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ReassignableTopicResponse {
    /// The topic.
    pub name: String,
    /// The partitions.
    pub partitions: Vec<ReassignablePartitionResponse>,
}

/// The answer for one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ReassignablePartitionResponse {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
}

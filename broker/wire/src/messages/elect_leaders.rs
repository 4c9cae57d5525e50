//! ElectLeaders: elections at an operator's wish (KIP-183, KIP-460).

use klamm_wire_derive::{Fields, Message};

/// Asks for elections.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ElectLeaders, kind = request, versions = "0-2", flexible = "2+")]
pub struct ElectLeadersRequest {
    /// 0 elects the preferred replica, 1 any replica that lives if none is in sync.
    #[field(versions = "1+")]
    pub election_type: i8,
    /// The partitions, or null for all.
    #[field(nullable)]
    pub topic_partitions: Option<Vec<TopicPartitions>>,
    /// How long the election may take in milliseconds.
    #[field(default = 60000)]
    pub timeout_ms: i32,
}

/// The partitions of one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct TopicPartitions {
    /// The topic.
    pub topic: String,
    /// The partitions.
    pub partitions: Vec<i32>,
}

/// How the elections went.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ElectLeaders, kind = response, versions = "0-2", flexible = "2+")]
pub struct ElectLeadersResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// What went wrong with the request as a whole, or 0.
    #[field(versions = "1+")]
    pub error_code: i16,
    /// The topics.
    pub replica_election_results: Vec<ReplicaElectionResult>,
}

/// The answers for one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ReplicaElectionResult {
    /// The topic.
    pub topic: String,
    /// The partitions.
    pub partition_result: Vec<PartitionResult>,
}

/// The answer for one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct PartitionResult {
    /// The partition.
    pub partition_id: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
}

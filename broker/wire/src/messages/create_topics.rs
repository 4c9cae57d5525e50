//! CreateTopics: new topics.

use klamm_model::TopicId;
use klamm_wire_derive::{Fields, Message};

/// Creates topics.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = CreateTopics, kind = request, versions = "2-7", flexible = "5+")]
pub struct CreateTopicsRequest {
    /// The topics to create.
    pub topics: Vec<CreatableTopic>,
    /// How long the broker may take, in milliseconds.
    #[field(default = 60_000)]
    pub timeout_ms: i32,
    /// Whether to check the request and change nothing.
    pub validate_only: bool,
}

/// A topic to create.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct CreatableTopic {
    /// The topic.
    pub name: String,
    /// How many partitions; -1 for the broker's default (KIP-464) or if `assignments` say it.
    pub num_partitions: i32,
    /// How many replicas of each partition; -1 for the broker's default (KIP-464) or if `assignments` say it.
    pub replication_factor: i16,
    /// Which brokers hold which partition; empty to let the controller choose.
    pub assignments: Vec<CreatableReplicaAssignment>,
    /// The settings that differ from the broker's.
    pub configs: Vec<CreatableTopicConfig>,
}

/// The replicas of one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct CreatableReplicaAssignment {
    /// The partition.
    pub partition_index: i32,
    /// The brokers with a replica; the first is the preferred leader.
    pub broker_ids: Vec<i32>,
}

/// A setting of the new topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct CreatableTopicConfig {
    /// The setting.
    pub name: String,
    /// The value.
    #[field(nullable)]
    pub value: Option<String>,
}

/// What became of each topic.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = CreateTopics, kind = response, versions = "2-7", flexible = "5+")]
pub struct CreateTopicsResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<CreatableTopicResult>,
}

/// The answer for one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct CreatableTopicResult {
    /// The topic.
    pub name: String,
    /// The topic's id (KIP-516).
    #[field(versions = "7+", ignorable)]
    pub topic_id: TopicId,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
    /// Why `configs` are missing, or 0.
    #[field(versions = "5+", tag = 0, ignorable)]
    pub topic_config_error_code: i16,
    /// How many partitions it has, or -1.
    #[field(versions = "5+", default = -1, ignorable)]
    pub num_partitions: i32,
    /// How many replicas each of them has, or -1.
    #[field(versions = "5+", default = -1, ignorable)]
    pub replication_factor: i16,
    /// Its settings (KIP-525).
    #[field(versions = "5+", nullable, ignorable)]
    pub configs: Option<Vec<CreatableTopicConfigs>>,
}

/// A setting of the new topic, as it is now.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct CreatableTopicConfigs {
    /// The setting.
    pub name: String,
    /// The value.
    #[field(nullable)]
    pub value: Option<String>,
    /// Whether it can't be changed while the broker runs.
    pub read_only: bool,
    /// Where the value comes from: 1 topic, 2 broker (dynamic), 3 default of all brokers (dynamic), 4 broker
    /// (static), 5 Kafka's default, 6 broker logger; -1 unknown.
    #[field(default = -1)]
    pub config_source: i8,
    /// Whether it is a secret; its value is null then.
    pub is_sensitive: bool,
}

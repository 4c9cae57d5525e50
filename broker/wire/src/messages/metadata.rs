//! Metadata: who leads what, and where they listen.

use klamm_model::TopicId;
use klamm_wire_derive::{Fields, Message};

/// Asks for the cluster's brokers and topics.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = Metadata, kind = request, versions = "0-13", flexible = "9+")]
pub struct MetadataRequest {
    /// The topics to describe; null for all. In version 0 an empty list means all.
    #[field(nullable = "1+")]
    pub topics: Option<Vec<MetadataRequestTopic>>,
    /// Whether a missing topic may be created, if the broker does that at all (KIP-204).
    #[field(versions = "4+", default = true)]
    pub allow_auto_topic_creation: bool,
    /// Whether to say what the client may do with the cluster (KIP-430).
    #[field(versions = "8-10")]
    pub include_cluster_authorized_operations: bool,
    /// Whether to say what the client may do with each topic (KIP-430).
    #[field(versions = "8+")]
    pub include_topic_authorized_operations: bool,
}

/// A topic to describe, by name or by id.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct MetadataRequestTopic {
    /// The topic's id (KIP-516).
    #[field(versions = "10+", ignorable)]
    pub topic_id: TopicId,
    /// The topic's name; null if it is asked for by id.
    #[field(nullable = "10+")]
    pub name: Option<String>,
}

/// The cluster's brokers and topics.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = Metadata, kind = response, versions = "0-13", flexible = "9+")]
pub struct MetadataResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    #[field(versions = "3+", ignorable)]
    pub throttle_time_ms: i32,
    /// The brokers.
    pub brokers: Vec<MetadataResponseBroker>,
    /// The cluster's id.
    #[field(versions = "2+", nullable, ignorable)]
    pub cluster_id: Option<String>,
    /// The controller's broker id, or -1 if there is none.
    #[field(versions = "1+", default = -1, ignorable)]
    pub controller_id: i32,
    /// The topics.
    pub topics: Vec<MetadataResponseTopic>,
    /// What the client may do with the cluster, one bit for each operation of an ACL; -2147483648 if not
    /// asked for (KIP-430).
    #[field(versions = "8-10", default = i32::MIN)]
    pub cluster_authorized_operations: i32,
    /// What went wrong with the whole request, or 0: 129 tells the client to rebootstrap (KIP-1102).
    #[field(versions = "13+", ignorable)]
    pub error_code: i16,
}

/// A broker of the cluster.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct MetadataResponseBroker {
    /// The broker's id.
    pub node_id: i32,
    /// Where it listens: a name or an address.
    pub host: String,
    /// Where it listens: the port.
    pub port: i32,
    /// The rack it stands in, if it says one (KIP-36).
    #[field(versions = "1+", nullable, ignorable)]
    pub rack: Option<String>,
}

/// A topic of the cluster.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct MetadataResponseTopic {
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The topic's name; null if it was asked for by an unknown id.
    #[field(nullable = "12+")]
    pub name: Option<String>,
    /// The topic's id (KIP-516); zero if it was asked for by an unknown name.
    #[field(versions = "10+", ignorable)]
    pub topic_id: TopicId,
    /// Whether the topic is the cluster's own.
    #[field(versions = "1+", ignorable)]
    pub is_internal: bool,
    /// The partitions.
    pub partitions: Vec<MetadataResponsePartition>,
    /// What the client may do with the topic, one bit for each operation of an ACL; -2147483648 if not asked
    /// for (KIP-430).
    #[field(versions = "8+", default = i32::MIN)]
    pub topic_authorized_operations: i32,
}

/// A partition of the topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct MetadataResponsePartition {
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The partition.
    pub partition_index: i32,
    /// The leader's broker id, or -1 if there is none.
    pub leader_id: i32,
    /// The leader's epoch, or -1 if it is not known (KIP-320).
    #[field(versions = "7+", default = -1, ignorable)]
    pub leader_epoch: i32,
    /// The brokers with a replica.
    pub replica_nodes: Vec<i32>,
    /// The brokers with an in-sync replica.
    pub isr_nodes: Vec<i32>,
    /// The brokers whose replica is not available (KIP-112).
    #[field(versions = "5+", ignorable)]
    pub offline_replicas: Vec<i32>,
}

//! DescribeQuorum: the quorum of controllers (KIP-595, KIP-836, KIP-853).

use klamm_model::TopicId;
use klamm_wire_derive::{Fields, Message};

/// Asks for the quorum of a partition; the only one that has one is `__cluster_metadata-0`.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeQuorum, kind = request, versions = "0-2", flexible = "0+")]
pub struct DescribeQuorumRequest {
    /// The topics.
    pub topics: Vec<TopicRequest>,
}

/// A topic to describe.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct TopicRequest {
    /// The topic.
    pub topic_name: String,
    /// The partitions.
    pub partitions: Vec<PartitionRequest>,
}

/// A partition to describe.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct PartitionRequest {
    /// The partition.
    pub partition_index: i32,
}

/// The quorum.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeQuorum, kind = response, versions = "0-2", flexible = "0+")]
pub struct DescribeQuorumResponse {
    /// What went wrong with the request as a whole, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(versions = "2+", nullable = "2+", ignorable)]
    pub error_message: Option<String>,
    /// The topics.
    pub topics: Vec<TopicResponse>,
    /// The voters with their addresses.
    #[field(versions = "2+")]
    pub nodes: Vec<Node>,
}

/// The answers for one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct TopicResponse {
    /// The topic.
    pub topic_name: String,
    /// The partitions.
    pub partitions: Vec<PartitionResponse>,
}

/// The quorum of one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct PartitionResponse {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(versions = "2+", nullable = "2+", ignorable)]
    pub error_message: Option<String>,
    /// The leader, or -1 if there is none.
    pub leader_id: i32,
    /// The leader's epoch.
    pub leader_epoch: i32,
    /// The offset below which records are on a majority of the voters.
    pub high_watermark: i64,
    /// Those that vote.
    pub current_voters: Vec<ReplicaState>,
    /// Those that only read.
    pub observers: Vec<ReplicaState>,
}

/// How far a replica is.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ReplicaState {
    /// The replica's node id.
    pub replica_id: i32,
    /// The id of its directory, or all zeroes (KIP-853).
    #[field(versions = "2+")]
    pub replica_directory_id: TopicId,
    /// The end of its log, or -1 if it is not known.
    pub log_end_offset: i64,
    /// When it last fetched, in milliseconds since 1970; -1 for the leader, or if it is not known.
    #[field(versions = "1+", default = -1, ignorable)]
    pub last_fetch_timestamp: i64,
    /// When it had last caught up with the leader, in milliseconds since 1970; now for the leader, -1 if it is not
    /// known.
    #[field(versions = "1+", default = -1, ignorable)]
    pub last_caught_up_timestamp: i64,
}

/// A voter's addresses.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct Node {
    /// The node.
    #[field(versions = "2+")]
    pub node_id: i32,
    /// Its addresses as a controller.
    #[field(versions = "2+")]
    pub listeners: Vec<Listener>,
}

/// An address.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct Listener {
    /// The listener, such as `CONTROLLER`.
    #[field(versions = "2+")]
    pub name: String,
    /// The host.
    #[field(versions = "2+")]
    pub host: String,
    /// The port.
    #[field(versions = "2+")]
    pub port: u16,
}

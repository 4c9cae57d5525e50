//! DescribeTopicPartitions: topics page by page (KIP-966).

use klamm_model::TopicId;
use klamm_wire_derive::{Fields, Message};

/// Asks for topics, so many partitions at a time.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeTopicPartitions, kind = request, versions = "0", flexible = "0+")]
pub struct DescribeTopicPartitionsRequest {
    /// The topics to describe; empty for all.
    pub topics: Vec<TopicRequest>,
    /// How many partitions to answer at most.
    #[field(default = 2000)]
    pub response_partition_limit: i32,
    /// Where to begin, or null for the start.
    #[field(nullable)]
    pub cursor: Option<Cursor>,
}

/// A topic to describe.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct TopicRequest {
    /// The topic.
    pub name: String,
}

/// A place in the list of all partitions, by topic name and partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct Cursor {
    /// The topic.
    pub topic_name: String,
    /// The partition.
    pub partition_index: i32,
}

/// The topics, and where to go on.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeTopicPartitions, kind = response, versions = "0", flexible = "0+")]
pub struct DescribeTopicPartitionsResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<DescribeTopicPartitionsResponseTopic>,
    /// Where the next request is to begin, or null if this was all.
    #[field(nullable)]
    pub next_cursor: Option<Cursor>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DescribeTopicPartitionsResponseTopic {
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The topic's name.
    #[field(nullable)]
    pub name: Option<String>,
    /// The topic's id (KIP-516).
    pub topic_id: TopicId,
    /// Whether the topic is the cluster's own.
    pub is_internal: bool,
    /// The partitions.
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    /// What the client may do with the topic, one bit for each operation of an ACL; -2147483648 if not asked
    /// for (KIP-430).
    #[field(default = i32::MIN)]
    pub topic_authorized_operations: i32,
}

/// A partition of the topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DescribeTopicPartitionsResponsePartition {
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The partition.
    pub partition_index: i32,
    /// The leader's broker id, or -1 if there is none.
    pub leader_id: i32,
    /// The leader's epoch, or -1 if it is not known (KIP-320).
    #[field(default = -1)]
    pub leader_epoch: i32,
    /// The brokers with a replica.
    pub replica_nodes: Vec<i32>,
    /// The brokers with an in-sync replica.
    pub isr_nodes: Vec<i32>,
    /// The replicas outside the in-sync set that have all committed records (KIP-966).
    #[field(nullable)]
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// The replicas that were last eligible, when no other is left (KIP-966).
    #[field(nullable)]
    pub last_known_elr: Option<Vec<i32>>,
    /// The brokers whose replica is not available (KIP-112).
    pub offline_replicas: Vec<i32>,
}

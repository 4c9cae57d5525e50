//! ConsumerGroupHeartbeat: a sign of life of a consumer group's member, and its assignment (KIP-848).

use klamm_model::TopicId;
use klamm_wire_derive::{Fields, Message};

/// Says that the member lives, and what has changed since it last said so.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ConsumerGroupHeartbeat, kind = request, versions = "0-1", flexible = "0+")]
pub struct ConsumerGroupHeartbeatRequest {
    /// The group.
    pub group_id: String,
    /// The member: of the coordinator's choice in version 0, of its own since version 1.
    pub member_id: String,
    /// The member's epoch; 0 to join, -1 to leave, -2 to leave as a static member that comes back.
    pub member_epoch: i32,
    /// The member's id of its own choice if it is a static member (KIP-345), or null.
    #[field(nullable)]
    pub instance_id: Option<String>,
    /// The rack of the member, or null.
    #[field(nullable)]
    pub rack_id: Option<String>,
    /// How long the member may take to give partitions back in milliseconds, or -1 if that is as before.
    #[field(default = -1)]
    pub rebalance_timeout_ms: i32,
    /// The topics it wants, or null if they are as before.
    #[field(nullable)]
    pub subscribed_topic_names: Option<Vec<String>>,
    /// A pattern of the topics it wants, or null if it is as before.
    #[field(versions = "1+", nullable = "1+")]
    pub subscribed_topic_regex: Option<String>,
    /// The assignor it wants, or null if it is as before.
    #[field(nullable)]
    pub server_assignor: Option<String>,
    /// The partitions it has, or null if they are as before.
    #[field(nullable)]
    pub topic_partitions: Option<Vec<TopicPartitions>>,
}

/// The partitions of one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct TopicPartitions {
    /// The topic's id (KIP-516).
    pub topic_id: TopicId,
    /// The partitions.
    pub partitions: Vec<i32>,
}

/// The member's epoch and its assignment.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ConsumerGroupHeartbeat, kind = response, versions = "0-1", flexible = "0+")]
pub struct ConsumerGroupHeartbeatResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
    /// The member, if it has just joined.
    #[field(nullable)]
    pub member_id: Option<String>,
    /// The member's epoch.
    pub member_epoch: i32,
    /// How long the member is to wait before the next heartbeat in milliseconds.
    pub heartbeat_interval_ms: i32,
    /// The partitions that the member is to have, or null if they are as before.
    #[field(nullable)]
    pub assignment: Option<Assignment>,
}

/// An assignment.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct Assignment {
    /// The partitions that the member can read at once.
    pub topic_partitions: Vec<TopicPartitions>,
}

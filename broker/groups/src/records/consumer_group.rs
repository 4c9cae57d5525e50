//! A group of the consumer protocol (KIP-848); all of version 0, flexible.

use bytes::Bytes;
use klamm_model::TopicId;
use klamm_wire_derive::Fields;

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub struct ConsumerGroupValue {
    /// Its epoch.
    pub epoch: i32,
    /// A hash of the topics that it is subscribed to (KIP-1101).
    #[field(tag = 0)]
    pub metadata_hash: i64,
    /// When it was made, in milliseconds since 1970, or -1 (KIP-1282).
    #[field(tag = 1, default = -1)]
    pub creation_time_ms: i64,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub struct ConsumerGroupMemberValue {
    /// Its id of its own choice, if it is a static member.
    #[field(nullable)]
    pub instance_id: Option<String>,
    /// Its rack.
    #[field(nullable)]
    pub rack_id: Option<String>,
    /// Its name for itself.
    pub client_id: String,
    /// Its address.
    pub client_host: String,
    /// The topics that it wants, by name.
    pub subscribed_topic_names: Vec<String>,
    /// The topics that it wants, by a regular expression.
    #[field(nullable)]
    pub subscribed_topic_regex: Option<String>,
    /// How long it may take to give partitions back, in milliseconds.
    #[field(default = -1)]
    pub rebalance_timeout_ms: i32,
    /// The assignor that it wishes.
    #[field(nullable)]
    pub server_assignor: Option<String>,
    /// What it says in the classic protocol, if it speaks that.
    #[field(tag = 0, nullable)]
    pub classic_member_metadata: Option<ClassicMemberMetadata>,
}

/// What a member says in the classic protocol.
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub struct ClassicMemberMetadata {
    /// Its session timeout, in milliseconds.
    pub session_timeout_ms: i32,
    /// The protocols that it speaks.
    pub supported_protocols: Vec<ClassicProtocol>,
}

/// A protocol that it speaks.
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub struct ClassicProtocol {
    /// Its name.
    pub name: String,
    /// What the member says in it.
    pub metadata: Bytes,
}

/// The assignment that the members move to.
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub struct TargetAssignmentValue {
    /// Its epoch.
    pub assignment_epoch: i32,
    /// When it was made, in milliseconds since 1970 (KIP-1263).
    #[field(tag = 0, ignorable)]
    pub assignment_timestamp: i64,
}

/// A member's part of it.
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub struct TargetAssignmentMemberValue {
    /// By topic.
    pub topic_partitions: Vec<TargetAssignmentPartitions>,
}

/// Partitions of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub struct TargetAssignmentPartitions {
    /// The topic.
    pub topic_id: TopicId,
    /// The partitions.
    pub partitions: Vec<i32>,
}

/// What a member has now.
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub struct CurrentAssignmentValue {
    /// Its epoch.
    pub member_epoch: i32,
    /// Its epoch before, in case the answer with the new one was lost.
    pub previous_member_epoch: i32,
    /// 0 stable, 1 giving partitions back, 2 waiting for partitions of others.
    pub state: i8,
    /// What it has.
    pub assigned_partitions: Vec<CurrentAssignmentPartitions>,
    /// What it has to give back.
    pub partitions_pending_revocation: Vec<CurrentAssignmentPartitions>,
}

/// Partitions of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub struct CurrentAssignmentPartitions {
    /// The topic.
    pub topic_id: TopicId,
    /// The partitions.
    pub partitions: Vec<i32>,
    /// The epoch in which each was assigned, in the same order (KIP-1251).
    #[field(tag = 0, nullable)]
    pub assignment_epochs: Option<Vec<i32>>,
}

/// The topics that a regular expression stands for.
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub struct RegularExpressionValue {
    /// The topics, by name.
    pub topics: Vec<String>,
    /// The version of the metadata in which they were looked for.
    pub metadata_version: i64,
    /// When, in milliseconds since 1970.
    pub timestamp: i64,
}

//! ConsumerGroupDescribe: consumer groups with their members (KIP-848).

use klamm_model::TopicId;
use klamm_wire_derive::{Fields, Message};

/// Asks for consumer groups.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ConsumerGroupDescribe, kind = request, versions = "0-1", flexible = "0+")]
pub struct ConsumerGroupDescribeRequest {
    /// The groups.
    pub group_ids: Vec<String>,
    /// Whether to say what the client may do with the groups.
    pub include_authorized_operations: bool,
}

/// The groups.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ConsumerGroupDescribe, kind = response, versions = "0-1", flexible = "0+")]
pub struct ConsumerGroupDescribeResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// The groups.
    pub groups: Vec<DescribedGroup>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DescribedGroup {
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
    /// The group.
    pub group_id: String,
    /// The group's state, such as `Stable`; empty with an error.
    pub group_state: String,
    /// Counts the changes of the group.
    pub group_epoch: i32,
    /// The group's epoch that the assignment was made for.
    pub assignment_epoch: i32,
    /// The assignor.
    pub assignor_name: String,
    /// The members.
    pub members: Vec<Member>,
    /// What the client may do with the group, one bit for each operation of an ACL; -2147483648 if not asked for
    /// (KIP-430).
    #[field(default = i32::MIN)]
    pub authorized_operations: i32,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct Member {
    /// The member.
    pub member_id: String,
    /// The member's id of its own choice if it is a static member (KIP-345), or null.
    #[field(nullable)]
    pub instance_id: Option<String>,
    /// The rack of the member, or null.
    #[field(nullable)]
    pub rack_id: Option<String>,
    /// The member's epoch.
    pub member_epoch: i32,
    /// What the client calls itself.
    pub client_id: String,
    /// The address that the client came from.
    pub client_host: String,
    /// The topics it wants.
    pub subscribed_topic_names: Vec<String>,
    /// A pattern of the topics it wants, or null.
    #[field(nullable)]
    pub subscribed_topic_regex: Option<String>,
    /// The partitions it has.
    pub assignment: Assignment,
    /// The partitions it is to have.
    pub target_assignment: Assignment,
    /// 0 for a member of the classic protocol, 1 for one of the consumer protocol, -1 if it is not known (KIP-1099).
    #[field(versions = "1+", default = -1, ignorable)]
    pub member_type: i8,
}

/// An assignment.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct Assignment {
    /// The partitions.
    pub topic_partitions: Vec<TopicPartitions>,
}

/// The partitions of one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct TopicPartitions {
    /// The topic's id (KIP-516).
    pub topic_id: TopicId,
    /// The topic.
    pub topic_name: String,
    /// The partitions.
    pub partitions: Vec<i32>,
}

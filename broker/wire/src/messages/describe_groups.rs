//! DescribeGroups: the members of groups.

use bytes::Bytes;
use klamm_wire_derive::{Fields, Message};

/// Asks for groups with their members.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeGroups, kind = request, versions = "0-6", flexible = "5+")]
pub struct DescribeGroupsRequest {
    /// The groups to describe.
    pub groups: Vec<String>,
    /// Whether to say what the client may do with each group (KIP-430).
    #[field(versions = "3+")]
    pub include_authorized_operations: bool,
}

/// The groups with their members.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeGroups, kind = response, versions = "0-6", flexible = "5+")]
pub struct DescribeGroupsResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    #[field(versions = "1+", ignorable)]
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
    #[field(versions = "6+", nullable)]
    pub error_message: Option<String>,
    /// The group.
    pub group_id: String,
    /// The group's state, such as `Stable`.
    pub group_state: String,
    /// The class of protocols, `consumer` for consumers.
    pub protocol_type: String,
    /// The protocol that the members agreed on, or empty.
    pub protocol_data: String,
    /// The members.
    pub members: Vec<DescribedGroupMember>,
    /// What the client may do with the group, one bit for each operation of an ACL; -2147483648 if not asked
    /// for (KIP-430).
    #[field(versions = "3+", default = i32::MIN)]
    pub authorized_operations: i32,
}

/// A member of the group.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DescribedGroupMember {
    /// The member.
    pub member_id: String,
    /// The member's id of its own choice, if it is a static member (KIP-345).
    #[field(versions = "4+", nullable, ignorable)]
    pub group_instance_id: Option<String>,
    /// How the member's client calls itself.
    pub client_id: String,
    /// The address it comes from.
    pub client_host: String,
    /// What the member tells the leader, such as its subscription.
    pub member_metadata: Bytes,
    /// What the member is to do, such as its partitions.
    pub member_assignment: Bytes,
}

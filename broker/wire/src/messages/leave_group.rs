//! LeaveGroup: members out of a group.

use klamm_wire_derive::{Fields, Message};

/// Leaves a group.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = LeaveGroup, kind = request, versions = "0-5", flexible = "4+")]
pub struct LeaveGroupRequest {
    /// The group.
    pub group_id: String,
    /// The member that leaves.
    #[field(versions = "0-2")]
    pub member_id: String,
    /// The members that leave (KIP-345).
    #[field(versions = "3+")]
    pub members: Vec<MemberIdentity>,
}

/// A member that leaves.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct MemberIdentity {
    /// The member.
    pub member_id: String,
    /// The member's id of its own choice, if it is a static member (KIP-345).
    #[field(nullable)]
    pub group_instance_id: Option<String>,
    /// Why, in words, for the logs (KIP-800).
    #[field(versions = "5+", nullable, ignorable)]
    pub reason: Option<String>,
}

/// What became of each member.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = LeaveGroup, kind = response, versions = "0-5", flexible = "4+")]
pub struct LeaveGroupResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The members.
    #[field(versions = "3+")]
    pub members: Vec<MemberResponse>,
}

/// The answer for one member.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct MemberResponse {
    /// The member.
    pub member_id: String,
    /// The member's id of its own choice, if it is a static member (KIP-345).
    #[field(nullable)]
    pub group_instance_id: Option<String>,
    /// What went wrong, or 0.
    pub error_code: i16,
}

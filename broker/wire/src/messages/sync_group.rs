//! SyncGroup: assignments from the group's leader to its members.

use bytes::Bytes;
use klamm_wire_derive::{Fields, Message};

/// Asks for the member's assignment; the leader brings all of them.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = SyncGroup, kind = request, versions = "0-5", flexible = "4+")]
pub struct SyncGroupRequest {
    /// The group.
    pub group_id: String,
    /// The generation of the group.
    pub generation_id: i32,
    /// The member.
    pub member_id: String,
    /// The member's id of its own choice, if it is a static member (KIP-345).
    #[field(versions = "3+", nullable)]
    pub group_instance_id: Option<String>,
    /// The class of protocols, `consumer` for consumers.
    #[field(versions = "5+", nullable, ignorable)]
    pub protocol_type: Option<String>,
    /// The protocol that the members agreed on, such as an assignor's name.
    #[field(versions = "5+", nullable, ignorable)]
    pub protocol_name: Option<String>,
    /// What the leader assigns; empty from all others.
    pub assignments: Vec<SyncGroupRequestAssignment>,
}

/// The assignment of one member.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct SyncGroupRequestAssignment {
    /// The member.
    pub member_id: String,
    /// What it is to do, such as its partitions.
    pub assignment: Bytes,
}

/// The member's assignment.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = SyncGroup, kind = response, versions = "0-5", flexible = "4+")]
pub struct SyncGroupResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The class of protocols, `consumer` for consumers.
    #[field(versions = "5+", nullable, ignorable)]
    pub protocol_type: Option<String>,
    /// The protocol that the members agreed on, such as an assignor's name.
    #[field(versions = "5+", nullable, ignorable)]
    pub protocol_name: Option<String>,
    /// What the member is to do, such as its partitions.
    pub assignment: Bytes,
}

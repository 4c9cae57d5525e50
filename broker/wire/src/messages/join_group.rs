//! JoinGroup: members into a group of the classic protocol.

use bytes::Bytes;
use klamm_wire_derive::{Fields, Message};

/// Joins a group, or rejoins it for a new generation.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = JoinGroup, kind = request, versions = "0-9", flexible = "6+")]
pub struct JoinGroupRequest {
    /// The group.
    pub group_id: String,
    /// After how long without a heartbeat the member counts as dead, in milliseconds.
    pub session_timeout_ms: i32,
    /// How long the member may take to rejoin, in milliseconds; -1 for the session timeout (KIP-62).
    #[field(versions = "1+", default = -1, ignorable)]
    pub rebalance_timeout_ms: i32,
    /// The member, or empty for a new one.
    pub member_id: String,
    /// The member's id of its own choice, if it is a static member (KIP-345).
    #[field(versions = "5+", nullable)]
    pub group_instance_id: Option<String>,
    /// The class of protocols, `consumer` for consumers.
    pub protocol_type: String,
    /// The protocols it speaks, the dearest first.
    pub protocols: Vec<JoinGroupRequestProtocol>,
    /// Why, in words, for the logs (KIP-800).
    #[field(versions = "8+", nullable, ignorable)]
    pub reason: Option<String>,
}

/// A protocol that the member speaks.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct JoinGroupRequestProtocol {
    /// The protocol, such as an assignor's name.
    pub name: String,
    /// What the member tells the leader, such as its subscription.
    pub metadata: Bytes,
}

/// The generation, and for its leader the members.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = JoinGroup, kind = response, versions = "0-9", flexible = "6+")]
pub struct JoinGroupResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    #[field(versions = "2+", ignorable)]
    pub throttle_time_ms: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The generation of the group.
    #[field(default = -1)]
    pub generation_id: i32,
    /// The class of protocols, `consumer` for consumers.
    #[field(versions = "7+", nullable, ignorable)]
    pub protocol_type: Option<String>,
    /// The protocol that the members agreed on, such as an assignor's name.
    #[field(nullable = "7+")]
    pub protocol_name: Option<String>,
    /// The member that assigns.
    pub leader: String,
    /// Whether the leader need not assign, because a static member came back (KIP-814).
    #[field(versions = "9+")]
    pub skip_assignment: bool,
    /// The member.
    pub member_id: String,
    /// The members with what they say; empty for all but the leader.
    pub members: Vec<JoinGroupResponseMember>,
}

/// A member, as the leader sees it.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct JoinGroupResponseMember {
    /// The member.
    pub member_id: String,
    /// The member's id of its own choice, if it is a static member (KIP-345).
    #[field(versions = "5+", nullable, ignorable)]
    pub group_instance_id: Option<String>,
    /// What the member tells the leader, such as its subscription.
    pub metadata: Bytes,
}

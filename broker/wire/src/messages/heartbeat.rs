//! Heartbeat: a sign of life of a group's member.

use klamm_wire_derive::Message;

/// Says that the member lives.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = Heartbeat, kind = request, versions = "0-4", flexible = "4+")]
pub struct HeartbeatRequest {
    /// The group.
    pub group_id: String,
    /// The generation of the group.
    pub generation_id: i32,
    /// The member.
    pub member_id: String,
    /// The member's id of its own choice, if it is a static member (KIP-345).
    #[field(versions = "3+", nullable)]
    pub group_instance_id: Option<String>,
}

/// Whether the member still belongs to the group.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = Heartbeat, kind = response, versions = "0-4", flexible = "4+")]
pub struct HeartbeatResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
}

//! A group of the classic protocol.

use bytes::Bytes;
use klamm_wire_derive::Fields;

/// A group of the classic protocol (versions 0-4, flexible from 4 on).
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub struct ClassicGroupValue {
    /// The class of protocols, `consumer` for consumers.
    pub protocol_type: String,
    /// The generation.
    pub generation: i32,
    /// The protocol chosen, such as an assignor's name.
    #[field(nullable)]
    pub protocol: Option<String>,
    /// The member that assigns.
    #[field(nullable)]
    pub leader: Option<String>,
    /// Since when the group is in this state, in milliseconds since 1970, or -1.
    #[field(versions = "2+", default = -1, ignorable)]
    pub current_state_timestamp: i64,
    /// The members.
    pub members: Vec<ClassicMemberValue>,
}

/// A member of it.
#[derive(Debug, Clone, PartialEq, Eq, Fields)]
pub struct ClassicMemberValue {
    /// Its id.
    pub member_id: String,
    /// Its id of its own choice, if it is a static member (KIP-345).
    #[field(versions = "3+", nullable, ignorable)]
    pub group_instance_id: Option<String>,
    /// Its name for itself.
    pub client_id: String,
    /// Its address.
    pub client_host: String,
    /// How long it may take to rejoin, in milliseconds.
    #[field(versions = "1+", default = -1, ignorable)]
    pub rebalance_timeout: i32,
    /// After how long without a heartbeat it counts as dead, in milliseconds.
    pub session_timeout: i32,
    /// What it told the leader.
    pub subscription: Bytes,
    /// What the leader told it.
    pub assignment: Bytes,
}

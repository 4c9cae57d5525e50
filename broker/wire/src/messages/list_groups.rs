//! ListGroups: the groups of a coordinator.

use klamm_wire_derive::{Fields, Message};

/// Asks for the groups that the broker coordinates.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ListGroups, kind = request, versions = "0-5", flexible = "3+")]
pub struct ListGroupsRequest {
    /// The states that are of interest; empty for all (KIP-518).
    #[field(versions = "4+")]
    pub states_filter: Vec<String>,
    /// The types that are of interest; empty for all (KIP-848).
    #[field(versions = "5+")]
    pub types_filter: Vec<String>,
}

/// The groups that the broker coordinates.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ListGroups, kind = response, versions = "0-5", flexible = "3+")]
pub struct ListGroupsResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The groups.
    pub groups: Vec<ListedGroup>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ListedGroup {
    /// The group.
    pub group_id: String,
    /// The class of protocols, `consumer` for consumers.
    pub protocol_type: String,
    /// The group's state, such as `Stable`.
    #[field(versions = "4+", ignorable)]
    pub group_state: String,
    /// The group's type, such as `classic` or `consumer` (KIP-848).
    #[field(versions = "5+", ignorable)]
    pub group_type: String,
}

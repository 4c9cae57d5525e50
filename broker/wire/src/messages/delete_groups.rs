//! DeleteGroups: empty groups away (KIP-229).

use klamm_wire_derive::{Fields, Message};

/// Deletes groups that have no members.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DeleteGroups, kind = request, versions = "0-2", flexible = "2+")]
pub struct DeleteGroupsRequest {
    /// The groups to delete.
    pub groups_names: Vec<String>,
}

/// What became of each group.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DeleteGroups, kind = response, versions = "0-2", flexible = "2+")]
pub struct DeleteGroupsResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// The answers, one for each that was asked for.
    pub results: Vec<DeletableGroupResult>,
}

/// The answer for one group.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DeletableGroupResult {
    /// The group.
    pub group_id: String,
    /// What went wrong, or 0.
    pub error_code: i16,
}

//! FindCoordinator: the broker that looks after a group or a transactional id.

use klamm_wire_derive::{Fields, Message};

/// Asks for coordinators.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = FindCoordinator, kind = request, versions = "0-6", flexible = "3+")]
pub struct FindCoordinatorRequest {
    /// The group or the transactional id.
    #[field(versions = "0-3")]
    pub key: String,
    /// What the keys are: 0 groups, 1 transactional ids, 2 share groups' partitions.
    #[field(versions = "1+")]
    pub key_type: i8,
    /// The groups or transactional ids (KIP-699).
    #[field(versions = "4+")]
    pub coordinator_keys: Vec<String>,
}

/// Where the coordinators are; in versions up to 3 a single one.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = FindCoordinator, kind = response, versions = "0-6", flexible = "3+")]
pub struct FindCoordinatorResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// What went wrong, or 0.
    #[field(versions = "0-3")]
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(versions = "1-3", nullable, ignorable)]
    pub error_message: Option<String>,
    /// The broker's id.
    #[field(versions = "0-3")]
    pub node_id: i32,
    /// Where it listens: a name or an address.
    #[field(versions = "0-3")]
    pub host: String,
    /// Where it listens: the port.
    #[field(versions = "0-3")]
    pub port: i32,
    /// The coordinators, one for each key (KIP-699).
    #[field(versions = "4+")]
    pub coordinators: Vec<Coordinator>,
}

/// The coordinator of one key.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct Coordinator {
    /// The group or the transactional id.
    pub key: String,
    /// The broker's id.
    pub node_id: i32,
    /// Where the coordinator listens: a name or an address.
    pub host: String,
    /// Where it listens: the port.
    pub port: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
}

//! AlterClientQuotas: sets and removes quotas (KIP-546).

use klamm_wire_derive::{Fields, Message};

/// Sets and removes quotas.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = AlterClientQuotas, kind = request, versions = "0-1", flexible = "1+")]
pub struct AlterClientQuotasRequest {
    /// The entities with what is to change.
    pub entries: Vec<EntryData>,
    /// Whether to look only whether it could be done.
    pub validate_only: bool,
}

/// An entity with what is to change.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct EntryData {
    /// The parts of the entity.
    pub entity: Vec<EntityData>,
    /// The changes.
    pub ops: Vec<OpData>,
}

/// A part of an entity.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct EntityData {
    /// The type: `user`, `client-id` or `ip`.
    pub entity_type: String,
    /// The name, or null for the default.
    #[field(nullable)]
    pub entity_name: Option<String>,
}

/// A change of one quota.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct OpData {
    /// The quota, such as `producer_byte_rate`.
    pub key: String,
    /// Its new value; without a meaning if it is removed.
    pub value: f64,
    /// Whether to remove it.
    pub remove: bool,
}

/// Whether each entity was changed.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = AlterClientQuotas, kind = response, versions = "0-1", flexible = "1+")]
pub struct AlterClientQuotasResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// The entities.
    pub entries: Vec<EntryDataResponse>,
}

/// The answer for one entity.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct EntryDataResponse {
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
    /// The parts of the entity.
    pub entity: Vec<EntityData>,
}

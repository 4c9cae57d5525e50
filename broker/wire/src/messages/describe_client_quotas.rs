//! DescribeClientQuotas: the quotas that are set (KIP-546).

use klamm_wire_derive::{Fields, Message};

/// Asks for quotas.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeClientQuotas, kind = request, versions = "0-1", flexible = "1+")]
pub struct DescribeClientQuotasRequest {
    /// What the entities must match; all of these.
    pub components: Vec<ComponentData>,
    /// Whether an entity with types that no component names is left out.
    pub strict: bool,
}

/// What one part of an entity must match.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ComponentData {
    /// The type: `user`, `client-id` or `ip`.
    pub entity_type: String,
    /// 0 for the name in `match`, 1 for the default, 2 for any name.
    pub match_type: i8,
    /// The name, or null where the match has none.
    #[field(nullable)]
    pub r#match: Option<String>,
}

/// The quotas.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeClientQuotas, kind = response, versions = "0-1", flexible = "1+")]
pub struct DescribeClientQuotasResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
    /// The entities with their quotas, or null with an error.
    #[field(nullable)]
    pub entries: Option<Vec<EntryData>>,
}

/// An entity with its quotas.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct EntryData {
    /// The parts of the entity.
    pub entity: Vec<EntityData>,
    /// The quotas.
    pub values: Vec<ValueData>,
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

/// A quota.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ValueData {
    /// The quota, such as `producer_byte_rate`.
    pub key: String,
    /// Its value.
    pub value: f64,
}

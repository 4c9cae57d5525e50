//! AlterConfigs: settings, all at once (KIP-133).

use klamm_wire_derive::{Fields, Message};

/// Replaces all settings of each resource.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = AlterConfigs, kind = request, versions = "0-2", flexible = "2+")]
pub struct AlterConfigsRequest {
    /// The resources to change.
    pub resources: Vec<AlterConfigsResource>,
    /// Whether to check the request and change nothing.
    pub validate_only: bool,
}

/// A resource to change.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct AlterConfigsResource {
    /// The kind of resource: 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
    pub resource_type: i8,
    /// The resource: a topic's name, a broker's id, or empty for the default of all brokers.
    pub resource_name: String,
    /// The settings to have; the others go back to their defaults.
    pub configs: Vec<AlterableConfig>,
}

/// A setting to change.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct AlterableConfig {
    /// The setting.
    pub name: String,
    /// The value.
    #[field(nullable)]
    pub value: Option<String>,
}

/// What became of each resource.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = AlterConfigs, kind = response, versions = "0-2", flexible = "2+")]
pub struct AlterConfigsResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// The answers, one for each that was asked for.
    pub responses: Vec<AlterConfigsResourceResponse>,
}

/// The answer for one resource.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct AlterConfigsResourceResponse {
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
    /// The kind of resource: 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
    pub resource_type: i8,
    /// The resource: a topic's name, a broker's id, or empty for the default of all brokers.
    pub resource_name: String,
}

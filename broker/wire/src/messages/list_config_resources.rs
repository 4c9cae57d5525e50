//! ListConfigResources: what can have configs (KIP-1142). Version 0 is ListClientMetricsResources of KIP-714.

use klamm_wire_derive::{Fields, Message};

/// Asks for resources that can have configs.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ListConfigResources, kind = request, versions = "0-1", flexible = "0+")]
pub struct ListConfigResourcesRequest {
    /// The types of resources; empty for all.
    #[field(versions = "1+")]
    pub resource_types: Vec<i8>,
}

/// The resources.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ListConfigResources, kind = response, versions = "0-1", flexible = "0+")]
pub struct ListConfigResourcesResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The resources.
    pub config_resources: Vec<ConfigResource>,
}

/// A resource.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ConfigResource {
    /// Its name.
    pub resource_name: String,
    /// Its type; 16, client metrics, in version 0.
    #[field(versions = "1+", default = 16, ignorable)]
    pub resource_type: i8,
}

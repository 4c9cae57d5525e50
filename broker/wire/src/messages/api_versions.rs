//! ApiVersions: what a broker can answer (KIP-35, KIP-511).

use klamm_wire_derive::{Fields, Message};

/// Asks which versions of which APIs the broker speaks; the first request of a connection.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ApiVersions, kind = request, versions = "0-4", flexible = "3+")]
pub struct ApiVersionsRequest {
    /// What the client is, such as `librdkafka` (KIP-511).
    #[field(versions = "3+", ignorable)]
    pub client_software_name: String,
    /// Which version of it.
    #[field(versions = "3+", ignorable)]
    pub client_software_version: String,
}

/// The versions of each API. Its header has version 0 always, so that any client can read it.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = ApiVersions, kind = response, versions = "0-4", flexible = "3+")]
pub struct ApiVersionsResponse {
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The APIs that the broker answers.
    pub api_keys: Vec<ApiVersion>,
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    #[field(versions = "1+", ignorable)]
    pub throttle_time_ms: i32,
    /// The features that the broker has (KIP-584).
    #[field(versions = "3+", tag = 0, ignorable)]
    pub supported_features: Vec<SupportedFeatureKey>,
    /// Counts the changes of `finalized_features`; -1 if they are not known.
    #[field(versions = "3+", tag = 1, default = -1, ignorable)]
    pub finalized_features_epoch: i64,
    /// The features that are switched on in the whole cluster (KIP-584).
    #[field(versions = "3+", tag = 2, ignorable)]
    pub finalized_features: Vec<FinalizedFeatureKey>,
    /// Whether a controller is ready to take over from ZooKeeper (KIP-866).
    #[field(versions = "3+", tag = 3, ignorable)]
    pub zk_migration_ready: bool,
}

/// The versions of one API.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ApiVersion {
    /// The API's number.
    pub api_key: i16,
    /// The first version.
    pub min_version: i16,
    /// The last version.
    pub max_version: i16,
}

/// The levels of a feature that the broker has.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct SupportedFeatureKey {
    /// The feature, such as `transaction.version`.
    pub name: String,
    /// The first version.
    pub min_version: i16,
    /// The last version.
    pub max_version: i16,
}

/// The levels of a feature that are switched on.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct FinalizedFeatureKey {
    /// The feature, such as `transaction.version`.
    pub name: String,
    /// The last level that is switched on.
    pub max_version_level: i16,
    /// The first level that is switched on.
    pub min_version_level: i16,
}

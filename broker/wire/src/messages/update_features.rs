//! UpdateFeatures: switches features on and off in the whole cluster (KIP-584).

use klamm_wire_derive::{Fields, Message};

/// Sets the levels of features.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = UpdateFeatures, kind = request, versions = "0-2", flexible = "0+")]
pub struct UpdateFeaturesRequest {
    /// How long the request may take in milliseconds.
    #[field(default = 60000)]
    pub timeout_ms: i32,
    /// The features.
    pub feature_updates: Vec<FeatureUpdateKey>,
    /// Whether to look only whether it could be done.
    #[field(versions = "1+")]
    pub validate_only: bool,
}

/// What is to happen to one feature.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct FeatureUpdateKey {
    /// The feature, such as `metadata.version`.
    pub feature: String,
    /// The level that it is to have; below 1 to switch it off.
    pub max_version_level: i16,
    /// Whether the level may fall.
    #[field(versions = "0")]
    pub allow_downgrade: bool,
    /// 1 if the level may only rise, 2 if it may fall where nothing is lost, 3 if it may fall.
    #[field(versions = "1+", default = 1)]
    pub upgrade_type: i8,
}

/// Whether the features have their levels.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = UpdateFeatures, kind = response, versions = "0-2", flexible = "0+")]
pub struct UpdateFeaturesResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
    /// The features.
    #[field(versions = "0-1", ignorable)]
    pub results: Vec<UpdatableFeatureResult>,
}

/// The answer for one feature.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct UpdatableFeatureResult {
    /// The feature.
    #[field(versions = "0-1")]
    pub feature: String,
    /// What went wrong, or 0.
    #[field(versions = "0-1")]
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(versions = "0-1", nullable = "0-1")]
    pub error_message: Option<String>,
}

//! DescribeConfigs: the settings of topics and brokers (KIP-133).

use klamm_wire_derive::{Fields, Message};

/// Asks for settings.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeConfigs, kind = request, versions = "1-4", flexible = "4+")]
pub struct DescribeConfigsRequest {
    /// The resources to describe.
    pub resources: Vec<DescribeConfigsResource>,
    /// Whether to say where else the value could come from (KIP-226).
    pub include_synonyms: bool,
    /// Whether to explain the settings (KIP-569).
    #[field(versions = "3+")]
    pub include_documentation: bool,
}

/// A resource to describe.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DescribeConfigsResource {
    /// The kind of resource: 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
    pub resource_type: i8,
    /// The resource: a topic's name, a broker's id, or empty for the default of all brokers.
    pub resource_name: String,
    /// The settings to describe; null for all.
    #[field(nullable)]
    pub configuration_keys: Option<Vec<String>>,
}

/// The settings of each resource.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeConfigs, kind = response, versions = "1-4", flexible = "4+")]
pub struct DescribeConfigsResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// The answers, one for each that was asked for.
    pub results: Vec<DescribeConfigsResult>,
}

/// The settings of one resource.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DescribeConfigsResult {
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
    /// The kind of resource: 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
    pub resource_type: i8,
    /// The resource: a topic's name, a broker's id, or empty for the default of all brokers.
    pub resource_name: String,
    /// The settings.
    pub configs: Vec<DescribeConfigsResourceResult>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DescribeConfigsResourceResult {
    /// The setting.
    pub name: String,
    /// The value.
    #[field(nullable)]
    pub value: Option<String>,
    /// Whether it can't be changed while the broker runs.
    pub read_only: bool,
    /// Where the value comes from: 1 topic, 2 broker (dynamic), 3 default of all brokers (dynamic), 4 broker
    /// (static), 5 Kafka's default, 6 broker logger; -1 unknown.
    #[field(default = -1)]
    pub config_source: i8,
    /// Whether it is a secret; its value is null then.
    pub is_sensitive: bool,
    /// Every place that gives the setting a value; the first one counts (KIP-226).
    pub synonyms: Vec<DescribeConfigsSynonym>,
    /// Its type: 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password; 0
    /// unknown.
    #[field(versions = "3+", ignorable)]
    pub config_type: i8,
    /// What it is for (KIP-569).
    #[field(versions = "3+", nullable, ignorable)]
    pub documentation: Option<String>,
}

/// A place that gives the setting a value.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DescribeConfigsSynonym {
    /// The setting that gives the value; a broker's has another name than a topic's.
    pub name: String,
    /// The value.
    #[field(nullable)]
    pub value: Option<String>,
    /// Where it comes from, as in `config_source`.
    pub source: i8,
}

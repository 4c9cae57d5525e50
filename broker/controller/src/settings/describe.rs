//! Settings as DescribeConfigs shows them.

use super::{BrokerLayers, Configs, Kind};

/// Where a value comes from (`DescribeConfigsResponse.ConfigSource`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i8)]
pub enum SettingSource {
    /// Given to the topic.
    DynamicTopicConfig = 1,
    /// Given to this broker while it ran.
    DynamicBrokerConfig = 2,
    /// Given to all brokers while they ran.
    DynamicDefaultBrokerConfig = 3,
    /// Given to this broker when it started.
    StaticBrokerConfig = 4,
    /// Built in.
    DefaultConfig = 5,
}

/// One setting with its value and where that comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedSetting {
    /// Kafka's name.
    pub name: &'static str,
    /// The value in force; `None` where nothing is set and there is no default, or the value is secret.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: SettingSource,
    /// Whether it can't change while the broker runs.
    pub read_only: bool,
    /// Whether its value is secret.
    pub sensitive: bool,
    /// Every layer that has a value, the one in force first.
    pub synonyms: Vec<Synonym>,
    /// Its type.
    pub kind: Kind,
    /// What it does.
    pub documentation: &'static str,
}

/// A layer's value of a setting, under that layer's name for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synonym {
    /// The name.
    pub name: &'static str,
    /// The value.
    pub value: Option<String>,
    /// The layer.
    pub source: SettingSource,
}

/// Every setting of a topic.
pub fn describe_topic(_layers: BrokerLayers<'_>, _topic: &Configs) -> Vec<DescribedSetting> {
    todo!()
}

/// Every setting of a broker.
pub fn describe_broker(_layers: BrokerLayers<'_>) -> Vec<DescribedSetting> {
    todo!()
}

/// The dynamic settings of all brokers: only those that are set, as Kafka does for the default broker resource.
pub fn describe_cluster(_cluster: &Configs) -> Vec<DescribedSetting> {
    todo!()
}

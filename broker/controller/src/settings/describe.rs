//! Settings as DescribeConfigs shows them.

use super::Configs;
use super::broker_settings::{BROKER_SETTINGS, BrokerSettings};
use super::check::Scope;
use super::definition::{SettingDef, Update};
use super::layers::BrokerLayers;
use super::raw::Kind;
use super::topic_settings::TOPIC_SETTINGS;

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
    /// The value in force; `None` where nothing is set and nothing is built in.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: SettingSource,
    /// Whether it can't change while the broker runs.
    pub read_only: bool,
    /// Whether its value is secret, and therefore not shown.
    pub sensitive: bool,
    /// Every layer that has a value, the strongest first.
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
    /// The value, as given to that layer.
    pub value: String,
    /// The layer.
    pub source: SettingSource,
}

impl SettingSource {
    /// The number on the wire.
    pub const fn as_i8(self) -> i8 {
        self as i8
    }
}

/// Every setting of a topic with these settings of its own.
pub fn describe_topic(layers: BrokerLayers<'_>, topic: &Configs) -> Vec<DescribedSetting> {
    let broker = BrokerSettings::resolve(layers);
    TOPIC_SETTINGS
        .iter()
        .map(|def| {
            let mut synonyms = Vec::new();
            push_if_set(&mut synonyms, def, topic, SettingSource::DynamicTopicConfig);
            let from_brokers = def.synonyms.iter().filter_map(|name| Scope::Broker.definition(name));
            synonyms.extend(broker_synonyms(from_brokers, layers));
            let own = topic.get(def.name).and_then(|text| def.read(text).ok());
            let value = own.map(|raw| raw.to_string()).or_else(|| def.default_value(&broker));
            describe(def, value, synonyms)
        })
        .collect()
}

/// Every setting of a broker.
pub fn describe_broker(layers: BrokerLayers<'_>) -> Vec<DescribedSetting> {
    let built_in = BrokerSettings::built_in();
    BROKER_SETTINGS
        .iter()
        .map(|def| {
            let group = def.synonyms.iter().filter_map(|name| Scope::Broker.definition(name));
            let mut synonyms = broker_synonyms(group, layers);
            // A weaker name of the group is a synonym, a stronger one is not this setting's value.
            let own = synonyms.iter().position(|synonym| synonym.name == def.name);
            synonyms.drain(..own.unwrap_or(synonyms.len()));
            let set = layers.strongest_first().into_iter().filter_map(|layer| layer.get(def.name));
            let value = set.filter_map(|text| def.read(text).ok()).map(|raw| raw.to_string()).next();
            describe(def, value.or_else(|| def.default_value(&built_in)), synonyms)
        })
        .collect()
}

/// The dynamic settings of all brokers: only those that are set, as Kafka shows the default broker resource.
pub fn describe_cluster(cluster: &Configs) -> Vec<DescribedSetting> {
    let set = cluster.iter().filter_map(|(name, value)| Some((Scope::Broker.definition(name)?, value)));
    set.map(|(def, value)| {
        let mut synonyms = Vec::new();
        push_if_set(&mut synonyms, def, cluster, SettingSource::DynamicDefaultBrokerConfig);
        describe(def, Some(value.clone()), synonyms)
    })
    .collect()
}

fn describe(def: &SettingDef, value: Option<String>, synonyms: Vec<Synonym>) -> DescribedSetting {
    DescribedSetting {
        name: def.name,
        value,
        source: synonyms.first().map_or(SettingSource::DefaultConfig, |synonym| synonym.source),
        read_only: def.update == Update::ReadOnly,
        sensitive: false,
        synonyms,
        kind: def.kind,
        documentation: def.documentation,
    }
}

/// The values of these broker settings, layer by layer.
fn broker_synonyms<'a>(
    defs: impl Iterator<Item = &'a SettingDef> + Clone,
    layers: BrokerLayers<'_>,
) -> Vec<Synonym> {
    let mut synonyms = Vec::new();
    for (layer, source) in layers.with_sources() {
        for def in defs.clone() {
            push_if_set(&mut synonyms, def, layer, source);
        }
    }
    let built_in = BrokerSettings::built_in();
    for def in defs {
        if let Some(value) = def.default_value(&built_in) {
            synonyms.push(Synonym { name: def.name, value, source: SettingSource::DefaultConfig });
        }
    }
    synonyms
}

fn push_if_set(synonyms: &mut Vec<Synonym>, def: &SettingDef, layer: &Configs, source: SettingSource) {
    if let Some(value) = layer.get(def.name) {
        synonyms.push(Synonym { name: def.name, value: value.clone(), source });
    }
}

//! Settings as DescribeConfigs shows them.

use super::Configs;
use super::broker_settings::{BROKER_SETTINGS, BrokerSettings};
use super::check::Scope;
use super::client_metrics::CLIENT_METRICS_SETTINGS;
use super::definition::{SettingDef, Update};
use super::group_settings::GROUP_SETTINGS;
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
    /// Given to the subscription to metrics of clients.
    ClientMetricsConfig = 7,
    /// Given to the consumer group.
    GroupConfig = 8,
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
    describe_above_brokers(TOPIC_SETTINGS, layers, topic, SettingSource::DynamicTopicConfig)
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

/// Every setting of a consumer group with these settings of its own.
pub fn describe_group(layers: BrokerLayers<'_>, group: &Configs) -> Vec<DescribedSetting> {
    describe_above_brokers(GROUP_SETTINGS, layers, group, SettingSource::GroupConfig)
}

/// Every setting of a subscription to metrics of clients.
pub fn describe_client_metrics(subscription: &Configs) -> Vec<DescribedSetting> {
    let built_in = BrokerSettings::built_in();
    let of = |def: &'static SettingDef| {
        let mut synonyms = Vec::new();
        push_if_set(&mut synonyms, def, subscription, SettingSource::ClientMetricsConfig);
        let default = def.default_value(&built_in);
        if let Some(value) = &default {
            let (name, value) = (def.name, value.clone());
            synonyms.push(Synonym { name, value, source: SettingSource::DefaultConfig });
        }
        let set = subscription.get(def.name).and_then(|text| def.read(text).ok()).map(|raw| raw.to_string());
        describe(def, set.or(default), synonyms)
    };
    CLIENT_METRICS_SETTINGS.iter().map(of).collect()
}

/// The settings of a table, each with a layer of its own above what the brokers' settings give it.
fn describe_above_brokers(
    table: &'static [SettingDef],
    layers: BrokerLayers<'_>,
    own: &Configs,
    source: SettingSource,
) -> Vec<DescribedSetting> {
    let broker = BrokerSettings::resolve(layers);
    let of = |def: &'static SettingDef| {
        let mut synonyms = Vec::new();
        push_if_set(&mut synonyms, def, own, source);
        let from_brokers = def.synonyms.iter().filter_map(|name| Scope::Broker.definition(name));
        // As in Kafka (`ConfigHelper`), what is built in shows under the first name only; other than there, a value
        // that someone gave to a weaker name (log.retention.hours) shows, too: it is the one in force.
        let shown = |synonym: &Synonym| {
            synonym.source != SettingSource::DefaultConfig || def.synonyms.first() == Some(&synonym.name)
        };
        synonyms.extend(broker_synonyms(from_brokers, layers).into_iter().filter(shown));
        let set = own.get(def.name).and_then(|text| def.read(text).ok()).map(|raw| raw.to_string());
        describe(def, set.or_else(|| def.default_value(&broker)), synonyms)
    };
    table.iter().map(of).collect()
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

#[cfg(test)]
mod tests {
    use super::{
        DescribedSetting, SettingSource, describe_broker, describe_cluster, describe_group, describe_topic,
    };
    use crate::settings::{BrokerLayers, Configs, StaticSettings};

    fn configs(name: &str, value: &str) -> Configs {
        Configs::from([(name.to_owned(), value.to_owned())])
    }

    fn find<'a>(all: &'a [DescribedSetting], name: &str) -> &'a DescribedSetting {
        all.iter().find(|setting| setting.name == name).unwrap()
    }

    /// `name=value SOURCE` of each synonym.
    fn synonyms(setting: &DescribedSetting) -> Vec<String> {
        setting.synonyms.iter().map(|s| format!("{}={} {:?}", s.name, s.value, s.source)).collect()
    }

    #[test]
    fn a_topics_value_comes_from_the_strongest_layer() {
        let fixed = StaticSettings::parse(configs("log.retention.hours", "2")).unwrap();
        let cluster = configs("log.retention.ms", "3");
        let none = Configs::new();
        let layers = BrokerLayers { fixed: &fixed, cluster: &none, broker: &none };

        let hours = describe_topic(layers, &none);
        let setting = find(&hours, "retention.ms");
        assert_eq!(setting.value.as_deref(), Some("7200000"));
        assert_eq!(setting.source, SettingSource::StaticBrokerConfig);

        let dynamic = describe_topic(BrokerLayers { cluster: &cluster, ..layers }, &none);
        assert_eq!(find(&dynamic, "retention.ms").value.as_deref(), Some("3"));
        assert_eq!(find(&dynamic, "retention.ms").source, SettingSource::DynamicDefaultBrokerConfig);

        let own = describe_topic(BrokerLayers { cluster: &cluster, ..layers }, &configs("retention.ms", "4"));
        let setting = find(&own, "retention.ms");
        assert_eq!((setting.value.as_deref(), setting.read_only), (Some("4"), false));
        let expected = [
            "retention.ms=4 DynamicTopicConfig",
            "log.retention.ms=3 DynamicDefaultBrokerConfig",
            "log.retention.hours=2 StaticBrokerConfig",
        ];
        assert_eq!(synonyms(setting), expected);
    }

    #[test]
    fn what_is_built_in_shows_under_the_first_name_only() {
        let all = describe_topic(BrokerLayers::NONE, &Configs::new());
        let retention = find(&all, "retention.ms");
        assert_eq!(retention.value.as_deref(), Some("604800000"));
        assert_eq!((synonyms(retention), retention.source), (Vec::new(), SettingSource::DefaultConfig));
        let segment = find(&all, "segment.bytes");
        assert_eq!(synonyms(segment), ["log.segment.bytes=1073741824 DefaultConfig"]);
    }

    #[test]
    fn a_groups_value_comes_from_the_brokers_setting_unless_it_has_its_own() {
        const NAME: &str = "consumer.session.timeout.ms";
        let fixed = StaticSettings::parse(configs("group.consumer.session.timeout.ms", "50000")).unwrap();
        let layers = BrokerLayers { fixed: &fixed, ..BrokerLayers::NONE };
        let all = describe_group(layers, &Configs::new());
        assert_eq!(find(&all, NAME).value.as_deref(), Some("50000"));
        assert_eq!(find(&all, NAME).source, SettingSource::StaticBrokerConfig);
        let all = describe_group(layers, &configs(NAME, "46000"));
        let expected = [
            "consumer.session.timeout.ms=46000 GroupConfig",
            "group.consumer.session.timeout.ms=50000 StaticBrokerConfig",
            "group.consumer.session.timeout.ms=45000 DefaultConfig",
        ];
        assert_eq!(synonyms(find(&all, NAME)), expected);
    }

    #[test]
    fn a_broker_setting_is_its_own_value_and_what_is_weaker() {
        let hours = StaticSettings::parse(configs("log.retention.hours", "2")).unwrap();
        let all = describe_broker(BrokerLayers { fixed: &hours, ..BrokerLayers::NONE });
        let ms = find(&all, "log.retention.ms");
        assert_eq!((ms.value.as_deref(), ms.source), (None, SettingSource::DefaultConfig));
        assert_eq!(synonyms(ms), Vec::<String>::new());
        let hours = find(&all, "log.retention.hours");
        assert_eq!((hours.value.as_deref(), hours.read_only), (Some("2"), true));
        let expected = ["log.retention.hours=2 StaticBrokerConfig", "log.retention.hours=168 DefaultConfig"];
        assert_eq!(synonyms(hours), expected);
        let partitions = find(&all, "num.partitions");
        assert_eq!(
            (partitions.value.as_deref(), partitions.source),
            (Some("1"), SettingSource::DefaultConfig)
        );
    }

    #[test]
    fn the_default_broker_shows_only_what_is_set() {
        assert_eq!(describe_cluster(&Configs::new()), vec![]);
        let shown = describe_cluster(&configs("max.connections", "9"));
        assert_eq!(synonyms(&shown[0]), ["max.connections=9 DynamicDefaultBrokerConfig"]);
        assert_eq!(shown[0].source, SettingSource::DynamicDefaultBrokerConfig);
    }
}

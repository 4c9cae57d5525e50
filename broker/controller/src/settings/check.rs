//! Which settings are refused.

use std::fmt;

use super::Configs;
use super::broker_settings::{BROKER_SETTINGS, BrokerSettings};
use super::client_metrics::CLIENT_METRICS_SETTINGS;
use super::definition::{SettingDef, Update};
use super::group_settings::{GROUP_SETTINGS, GroupBounds, GroupOverrides};
use super::layers::BrokerLayers;
use super::topic_settings::{TOPIC_SETTINGS, TopicSettings};

/// Whose settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Scope {
    /// A topic's.
    Topic,
    /// A broker's.
    Broker,
    /// A consumer group's.
    Group,
    /// A subscription's to metrics of clients.
    ClientMetrics,
}

/// Why a setting is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum InvalidSetting {
    /// No such setting is honoured here.
    #[error("Unknown {scope} config name: {name}")]
    Unknown {
        /// Whose.
        scope: Scope,
        /// The name.
        name: String,
    },
    /// The value is not of the setting's type or not in its range.
    #[error("Invalid value {value} for configuration {name}: {reason}")]
    Value {
        /// The setting.
        name: String,
        /// The value.
        value: String,
        /// What is allowed.
        reason: String,
    },
    /// Two settings contradict each other.
    #[error("conflict of settings: {name} ({value}) > {other} ({other_value})")]
    Conflict {
        /// A setting.
        name: String,
        /// Its value.
        value: i64,
        /// The setting that it must not be above.
        other: String,
        /// That one's value.
        other_value: i64,
    },
    /// A setting is outside the bounds that another gives it.
    #[error("{name} must be {comparison} {other}")]
    Bound {
        /// The setting.
        name: String,
        /// Such as `greater than`.
        comparison: String,
        /// The setting that bounds it.
        other: String,
    },
    /// The setting is read when a broker starts.
    #[error("{name} can't change while a broker runs: give it to the broker when it starts")]
    ReadOnly {
        /// The setting.
        name: String,
    },
}

/// Every setting that is refused, not only the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSettings(pub Vec<InvalidSetting>);

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, invalid) in self.0.iter().enumerate() {
            write!(f, "{}{invalid}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidSettings {}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Topic => "topic",
            Scope::Broker => "broker",
            Scope::Group => "group",
            Scope::ClientMetrics => "client metrics",
        })
    }
}

impl Scope {
    fn table(self) -> &'static [SettingDef] {
        match self {
            Scope::Topic => TOPIC_SETTINGS,
            Scope::Broker => BROKER_SETTINGS,
            Scope::Group => GROUP_SETTINGS,
            Scope::ClientMetrics => CLIENT_METRICS_SETTINGS,
        }
    }

    /// The definition of the setting of this name.
    pub fn definition(self, name: &str) -> Option<&'static SettingDef> {
        self.table().iter().find(|def| def.name == name)
    }

    /// The definition and the value, both checked.
    fn check(self, name: &str, value: &str) -> Result<&'static SettingDef, InvalidSetting> {
        let unknown = || InvalidSetting::Unknown { scope: self, name: name.to_owned() };
        let def = self.definition(name).ok_or_else(unknown)?;
        def.read(value).map_err(|reason| InvalidSetting::Value {
            name: name.to_owned(),
            value: value.to_owned(),
            reason,
        })?;
        Ok(def)
    }
}

/// Checks all the settings that a topic shall have.
pub fn check_topic(broker: &BrokerSettings, topic: &Configs) -> Result<(), InvalidSetting> {
    for (name, value) in topic {
        Scope::Topic.check(name, value)?;
    }
    let resolved = TopicSettings::resolve(broker, topic);
    // As Kafka's LogConfig.validateValues.
    at_most(
        ("min.compaction.lag.ms", resolved.min_compaction_lag_ms),
        ("max.compaction.lag.ms", resolved.max_compaction_lag_ms),
    )
}

/// Checks dynamic settings that brokers shall have: known, allowed, and of those that can change.
pub fn check_broker_update(dynamic: &Configs) -> Result<(), InvalidSetting> {
    for (name, value) in dynamic {
        let def = Scope::Broker.check(name, value)?;
        if def.update == Update::ReadOnly {
            return Err(InvalidSetting::ReadOnly { name: name.clone() });
        }
    }
    let settings = BrokerSettings::resolve(BrokerLayers { cluster: dynamic, ..BrokerLayers::NONE });
    check_topic(&settings, &Configs::new())
}

/// Checks all the settings that a group shall have (Kafka's GroupConfig.validateValues).
pub fn check_group(bounds: &GroupBounds, group: &Configs) -> Result<(), InvalidSetting> {
    for (name, value) in group {
        Scope::Group.check(name, value)?;
    }
    bounds.check(GroupOverrides::read(group))
}

/// Checks all the settings that a subscription to metrics of clients shall have.
pub fn check_client_metrics(subscription: &Configs) -> Result<(), InvalidSetting> {
    subscription.iter().try_for_each(|(name, value)| Scope::ClientMetrics.check(name, value).map(drop))
}

/// Checks the settings that a broker is started with.
pub(super) fn check_static(configs: &Configs) -> Result<(), InvalidSettings> {
    let check = |(name, value): (&String, &String)| Scope::Broker.check(name, value).err();
    let mut wrong: Vec<_> = configs.iter().filter_map(check).collect();
    if wrong.is_empty() {
        let fixed = BrokerSettings::resolve(BrokerLayers { cluster: configs, ..BrokerLayers::NONE });
        wrong.extend(check_topic(&fixed, &Configs::new()).err());
        wrong.extend(check_queue(&fixed).err());
        wrong.extend(GroupBounds::of(&fixed).check_themselves().err());
    }
    if wrong.is_empty() { Ok(()) } else { Err(InvalidSettings(wrong)) }
}

/// A request must fit the queue, or it would wait for ever (Kafka's KafkaConfig.validateValues).
fn check_queue(settings: &BrokerSettings) -> Result<(), InvalidSetting> {
    match settings.queued_max_request_bytes.get() {
        None => Ok(()),
        Some(queued) => at_most(
            ("socket.request.max.bytes", i64::from(settings.socket_request_max_bytes)),
            ("queued.max.request.bytes", queued),
        ),
    }
}

fn at_most(small: (&str, i64), large: (&str, i64)) -> Result<(), InvalidSetting> {
    if small.1 <= large.1 {
        return Ok(());
    }
    Err(InvalidSetting::Conflict {
        name: small.0.to_owned(),
        value: small.1,
        other: large.0.to_owned(),
        other_value: large.1,
    })
}

#[cfg(test)]
mod tests {
    use super::{InvalidSetting, check_broker_update, check_topic};
    use crate::settings::{BrokerSettings, Configs, StaticSettings};

    fn configs(pairs: &[(&str, &str)]) -> Configs {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// The texts are those of Kafka 4.3's `LogConfig.validate`.
    #[test]
    fn topics_are_refused_as_kafka_refuses() {
        let refused = [
            ("bogus", "1", "Unknown topic config name: bogus"),
            (
                "segment.bytes",
                "5",
                "Invalid value 5 for configuration segment.bytes: Value must be at least 1048576",
            ),
            (
                "segment.bytes",
                "x",
                "Invalid value x for configuration segment.bytes: Not a number of type INT",
            ),
            (
                "cleanup.policy",
                "foo",
                "Invalid value foo for configuration cleanup.policy: String must be one of: compact, delete",
            ),
            (
                "compression.gzip.level",
                "0",
                "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal \
                 to -1",
            ),
            (
                "preallocate",
                "yes",
                "Invalid value yes for configuration preallocate: Expected value to be either true or false",
            ),
            (
                "min.cleanable.dirty.ratio",
                "2.0",
                "Invalid value 2.0 for configuration min.cleanable.dirty.ratio: Value must be no more than 1",
            ),
        ];
        for (name, value, expected) in refused {
            let error = check_topic(&BrokerSettings::built_in(), &configs(&[(name, value)])).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        for (name, value) in
            [("cleanup.policy", ""), ("retention.bytes", " 5 "), ("unclean.leader.election.enable", "TRUE")]
        {
            check_topic(&BrokerSettings::built_in(), &configs(&[(name, value)])).unwrap();
        }
    }

    #[test]
    fn a_topic_can_conflict_with_the_brokers_setting() {
        let lag = configs(&[("min.compaction.lag.ms", "10")]);
        check_topic(&BrokerSettings::built_in(), &lag).unwrap();
        let broker = BrokerSettings { log_cleaner_max_compaction_lag_ms: 5, ..BrokerSettings::built_in() };
        let error = check_topic(&broker, &lag).unwrap_err();
        assert_eq!(
            error.to_string(),
            "conflict of settings: min.compaction.lag.ms (10) > max.compaction.lag.ms (5)"
        );
    }

    #[test]
    fn every_wrong_static_setting_is_named() {
        let wrong = configs(&[("node.id", "-1"), ("nodeid", "1"), ("num.partitions", "3")]);
        let error = StaticSettings::parse(wrong).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Invalid value -1 for configuration node.id: Value must be at least 0; Unknown broker config name: \
             nodeid"
        );
        let queue = StaticSettings::parse(configs(&[("queued.max.request.bytes", "1000")])).unwrap_err();
        assert!(matches!(queue.0[..], [InvalidSetting::Conflict { .. }]), "{queue}");
    }

    #[test]
    fn only_dynamic_settings_change_while_a_broker_runs() {
        check_broker_update(&configs(&[("max.connections", "5")])).unwrap();
        let error = check_broker_update(&configs(&[("num.partitions", "5")])).unwrap_err();
        assert_eq!(error, InvalidSetting::ReadOnly { name: "num.partitions".to_owned() });
    }
}

//! Changes of settings.

use std::collections::{BTreeMap, BTreeSet};

use crate::bindings;
use crate::command::{ConfigResource, MetadataCommand};
use crate::image::MetadataImage;
use crate::refusal::Refusal;
use crate::request::{ConfigChange, ConfigOp};
use crate::rules;
use crate::settings::{
    BrokerLayers, BrokerSettings, Configs, GroupBounds, Kind, Scope, StaticSettings, check_broker_update,
    check_client_metrics, check_group, check_topic, list_elements,
};

/// Turns operations into values. Appending and subtracting need the value that is there: whoever calls this
/// keeps others from changing settings until the command is in the log.
pub(crate) fn plan_configs(
    image: &MetadataImage,
    change: ConfigChange,
    bounds: &GroupBounds,
) -> Result<MetadataCommand, Refusal> {
    let current = current_configs(image, &change.resource)?;
    let mut next = if change.replace_all { Configs::new() } else { current.clone() };
    let mut seen = BTreeSet::new();
    for op in &change.ops {
        if !seen.insert(op.name()) {
            return Err(Refusal::DuplicateSetting(op.name().to_owned()));
        }
        let value = resolve(image, &change.resource, &current, op)?;
        match value {
            Some(value) => next.insert(op.name().to_owned(), value),
            None => next.remove(op.name()),
        };
    }
    check(image, &change.resource, &next, bounds)?;
    let changes = difference(&current, &next);
    if let ConfigResource::Topic(topic) = &change.resource {
        bindings::check(image, topic, &changes)?;
    }
    Ok(MetadataCommand::AlterConfigs { resource: change.resource, changes })
}

fn current_configs(image: &MetadataImage, resource: &ConfigResource) -> Result<Configs, Refusal> {
    match resource {
        ConfigResource::Topic(name) => Ok(rules::topic_exists(image, name)?.configs.clone()),
        ConfigResource::Broker(id) => {
            rules::broker_exists(image, *id)?;
            Ok(image.broker_configs(*id).clone())
        }
        ConfigResource::Cluster => Ok(image.cluster_configs().clone()),
        ConfigResource::Group(id) => Ok(image.group_configs_as_given(id).clone()),
        ConfigResource::ClientMetrics(name) => Ok(image.client_metrics_configs(name).clone()),
    }
}

fn check(
    image: &MetadataImage,
    resource: &ConfigResource,
    next: &Configs,
    bounds: &GroupBounds,
) -> Result<(), Refusal> {
    match resource {
        ConfigResource::Topic(_) => check_topic(&cluster_settings(image), next)?,
        ConfigResource::Group(_) => check_group(bounds, next)?,
        // As in Kafka (`ConfigAdminManager`): what is wrong for a broker or a subscription is a wrong request, not
        // a wrong setting.
        ConfigResource::Broker(_) | ConfigResource::Cluster => {
            check_broker_update(next).map_err(Refusal::InvalidBrokerSetting)?;
        }
        ConfigResource::ClientMetrics(_) => {
            check_client_metrics(next).map_err(Refusal::InvalidSubscription)?;
        }
    }
    Ok(())
}

/// The settings that all brokers share. What single brokers were started with is their own affair.
pub(crate) fn cluster_settings(image: &MetadataImage) -> BrokerSettings {
    BrokerSettings::resolve(BrokerLayers {
        fixed: StaticSettings::NONE,
        cluster: image.cluster_configs(),
        broker: BrokerLayers::NONE.broker,
    })
}

fn resolve(
    image: &MetadataImage,
    resource: &ConfigResource,
    current: &Configs,
    op: &ConfigOp,
) -> Result<Option<String>, Refusal> {
    let (operation, name, value) = match op {
        ConfigOp::Set { value, .. } => return Ok(Some(value.clone())),
        ConfigOp::Delete { .. } => return Ok(None),
        ConfigOp::Replace { name, known, value } if current.get(name) == known.as_ref() => {
            return Ok(value.clone());
        }
        ConfigOp::Replace { name, .. } => return Err(Refusal::SettingMoved(name.clone())),
        ConfigOp::Append { name, value } => ("APPEND", name, value),
        ConfigOp::Subtract { name, value } => ("SUBTRACT", name, value),
    };
    let scope = match resource {
        ConfigResource::Topic(_) => Scope::Topic,
        ConfigResource::Broker(_) | ConfigResource::Cluster => Scope::Broker,
        ConfigResource::Group(_) => Scope::Group,
        ConfigResource::ClientMetrics(_) => Scope::ClientMetrics,
    };
    let def = scope
        .definition(name)
        .filter(|def| def.kind == Kind::List)
        .ok_or_else(|| Refusal::NotAList { operation: operation.to_owned(), name: name.clone() })?;
    let base = current.get(name).cloned().or_else(|| def.default_value(&cluster_settings(image)));
    let mut elements = list_elements(&base.unwrap_or_default());
    let given = list_elements(value);
    if operation == "APPEND" {
        let missing: Vec<_> = given.into_iter().filter(|new| !elements.contains(new)).collect();
        elements.extend(missing);
    } else {
        elements.retain(|element| !given.contains(element));
    }
    Ok(Some(elements.join(",")))
}

fn difference(current: &Configs, next: &Configs) -> BTreeMap<String, Option<String>> {
    let set = next.iter().filter(|(name, value)| current.get(*name) != Some(*value));
    let removed = current.keys().filter(|name| !next.contains_key(*name));
    set.map(|(name, value)| (name.clone(), Some(value.clone())))
        .chain(removed.map(|name| (name.clone(), None)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use klamm_model::{BrokerId, ErrorCode};

    use super::plan_configs;
    use crate::fixtures;
    use crate::settings::GroupBounds;
    use crate::{ConfigChange, ConfigOp, ConfigResource, MetadataCommand, Refusal};

    fn plan(
        resource: ConfigResource,
        ops: Vec<ConfigOp>,
        replace_all: bool,
    ) -> Result<BTreeMap<String, Option<String>>, Refusal> {
        let change = ConfigChange { resource, ops, replace_all };
        match plan_configs(&fixtures::busy_image(), change, &GroupBounds::built_in())? {
            MetadataCommand::AlterConfigs { changes, .. } => Ok(changes),
            other => panic!("{other:?}"),
        }
    }

    fn orders() -> ConfigResource {
        ConfigResource::Topic("orders".parse().unwrap())
    }

    fn set(name: &str, value: &str) -> ConfigOp {
        ConfigOp::Set { name: name.to_owned(), value: value.to_owned() }
    }

    fn changes(expected: &[(&str, Option<&str>)]) -> BTreeMap<String, Option<String>> {
        expected.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
    }

    #[test]
    fn an_incremental_change_leaves_the_rest() {
        let delete = ConfigOp::Delete { name: "retention.ms".to_owned() };
        let planned = plan(orders(), vec![set("segment.bytes", "2000000"), delete], false).unwrap();
        assert_eq!(planned, changes(&[("segment.bytes", Some("2000000")), ("retention.ms", None)]));
    }

    #[test]
    fn a_replacing_change_removes_the_rest() {
        let planned = plan(orders(), vec![set("segment.bytes", "2000000")], true).unwrap();
        let gone = [("retention.ms", None), ("klamm.filters", None)];
        assert_eq!(planned, changes(&[&gone[..], &[("segment.bytes", Some("2000000"))]].concat()));
    }

    #[test]
    fn lists_grow_and_shrink_from_the_default() {
        let append =
            ConfigOp::Append { name: "cleanup.policy".to_owned(), value: "compact,delete".to_owned() };
        let planned = plan(orders(), vec![append], false).unwrap();
        assert_eq!(planned, changes(&[("cleanup.policy", Some("delete,compact"))]));
        let subtract = ConfigOp::Subtract { name: "cleanup.policy".to_owned(), value: "delete".to_owned() };
        assert_eq!(plan(orders(), vec![subtract], false).unwrap(), changes(&[("cleanup.policy", Some(""))]));
        let wrong = ConfigOp::Append { name: "retention.ms".to_owned(), value: "1".to_owned() };
        let refusal = plan(orders(), vec![wrong], false).unwrap_err();
        assert_eq!(refusal.to_string(), "Can't APPEND to key retention.ms because its type is not LIST.");
    }

    #[test]
    fn a_value_is_replaced_only_if_it_is_the_known_one() {
        let replace = |name: &str, known: Option<&str>, value: Option<&str>| ConfigOp::Replace {
            name: name.to_owned(),
            known: known.map(str::to_owned),
            value: value.map(str::to_owned),
        };
        let planned = plan(orders(), vec![replace("retention.ms", Some("1000"), Some("5"))], false).unwrap();
        assert_eq!(planned, changes(&[("retention.ms", Some("5"))]));
        let planned = plan(orders(), vec![replace("retention.ms", Some("1000"), None)], false).unwrap();
        assert_eq!(planned, changes(&[("retention.ms", None)]));
        let planned = plan(orders(), vec![replace("segment.ms", None, Some("5"))], false).unwrap();
        assert_eq!(planned, changes(&[("segment.ms", Some("5"))]));
        for known in [None, Some("999")] {
            let refusal = plan(orders(), vec![replace("retention.ms", known, Some("5"))], false).unwrap_err();
            assert_eq!(refusal, Refusal::SettingMoved("retention.ms".to_owned()));
        }
    }

    #[test]
    fn wrong_changes_are_refused() {
        let code = |resource, ops| plan(resource, ops, false).unwrap_err().code();
        let nothing = ConfigResource::Topic("nothing".parse().unwrap());
        assert_eq!(code(nothing, vec![]), ErrorCode::UnknownTopicOrPartition);
        let stranger = ConfigResource::Broker(BrokerId(9));
        assert_eq!(code(stranger, vec![]), ErrorCode::BrokerIdNotRegistered);
        assert_eq!(code(orders(), vec![set("max.connections", "1")]), ErrorCode::InvalidConfig);
        let twice = vec![set("segment.bytes", "2000000"), set("segment.bytes", "3000000")];
        assert_eq!(code(orders(), twice), ErrorCode::InvalidRequest);
        let conflict = vec![set("min.compaction.lag.ms", "10"), set("max.compaction.lag.ms", "5")];
        assert_eq!(code(orders(), conflict), ErrorCode::InvalidConfig);
    }

    #[test]
    fn groups_and_subscriptions_have_settings_of_their_own() {
        let group = || ConfigResource::Group("g".to_owned());
        let planned = plan(group(), vec![set("consumer.heartbeat.interval.ms", "6000")], true).unwrap();
        let expected =
            [("consumer.heartbeat.interval.ms", Some("6000")), ("consumer.session.timeout.ms", None)];
        assert_eq!(planned, changes(&expected));
        let refusal = plan(group(), vec![set("retention.ms", "1")], false).unwrap_err();
        assert_eq!(refusal.code(), ErrorCode::InvalidConfig);
        assert_eq!(refusal.to_string(), "Unknown group config name: retention.ms");
        let metrics = || ConfigResource::ClientMetrics("m".to_owned());
        let append = ConfigOp::Append { name: "metrics".to_owned(), value: "org.apache.kafka.".to_owned() };
        let planned = plan(metrics(), vec![append], false).unwrap();
        assert_eq!(planned, changes(&[("metrics", Some("org.apache.kafka."))]));
        let refusal = plan(metrics(), vec![set("interval.ms", "99")], false).unwrap_err();
        assert_eq!(refusal.code(), ErrorCode::InvalidRequest);
    }

    #[test]
    fn brokers_change_what_is_dynamic() {
        let cluster = ConfigResource::Cluster;
        let planned = plan(cluster.clone(), vec![set("log.retention.ms", "5")], false).unwrap();
        assert_eq!(planned, changes(&[("log.retention.ms", Some("5"))]));
        let refusal = plan(cluster, vec![set("num.partitions", "5")], false).unwrap_err();
        assert_eq!(refusal.code(), ErrorCode::InvalidRequest);
        assert!(refusal.to_string().starts_with("num.partitions can't change while"), "{refusal}");
        assert!(plan(ConfigResource::Broker(BrokerId(1)), vec![set("max.connections", "5")], false).is_ok());
    }
}

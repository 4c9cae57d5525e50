//! A topic to be made.

use std::collections::BTreeMap;

use klamm_model::{BrokerId, TopicId, TopicName};

use super::MAX_NEW_PARTITIONS;
use crate::bindings;
use crate::command::NewTopic;
use crate::image::MetadataImage;
use crate::placement::place;
use crate::refusal::{InvalidAssignment, Refusal};
use crate::request::TopicToCreate;
use crate::rules;
use crate::settings::{BrokerSettings, Configs, check_topic};

/// What counts where the client doesn't say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Defaults {
    /// `num.partitions`
    pub(crate) partitions: i32,
    /// `default.replication.factor`
    pub(crate) replication_factor: i16,
}

/// Decides a topic: checks what was asked, fills in the defaults, places the replicas.
pub(crate) fn plan_topic(
    image: &MetadataImage,
    broker: &BrokerSettings,
    defaults: Defaults,
    request: TopicToCreate,
    id: TopicId,
) -> Result<NewTopic, Refusal> {
    let name: TopicName = request.name.parse()?;
    rules::topic_is_new(image, &name)?;
    let configs = checked_configs(broker, request.configs)?;
    bindings::check_new(image, &name, &configs)?;
    let assignments = if request.assignments.is_empty() {
        placed(image, defaults, request.partitions, request.replication_factor)?
    } else {
        manual(&request.assignments, request.partitions, request.replication_factor)?
    };
    rules::assignments_are_sound(image, &assignments)?;
    Ok(NewTopic { name, id, assignments, configs })
}

fn checked_configs(
    broker: &BrokerSettings,
    given: Vec<(String, Option<String>)>,
) -> Result<Configs, Refusal> {
    let mut configs = Configs::new();
    for (name, value) in given {
        let value = value.ok_or_else(|| Refusal::NullSetting(name.clone()))?;
        configs.insert(name, value);
    }
    check_topic(broker, &configs)?;
    Ok(configs)
}

fn placed(
    image: &MetadataImage,
    defaults: Defaults,
    partitions: i32,
    replication_factor: i16,
) -> Result<Vec<Vec<BrokerId>>, Refusal> {
    let replicas = if replication_factor == -1 { defaults.replication_factor } else { replication_factor };
    let replicas = positive(replicas.into()).ok_or(Refusal::ReplicationFactorNotPositive)?;
    let partitions = if partitions == -1 { defaults.partitions } else { partitions };
    let partitions = positive(partitions).ok_or(Refusal::PartitionsNotPositive)?;
    if partitions > MAX_NEW_PARTITIONS {
        return Err(Refusal::TooManyPartitions { requested: partitions, limit: MAX_NEW_PARTITIONS });
    }
    place(image, partitions, replicas, image.topic_count())
}

fn positive(number: i32) -> Option<usize> {
    usize::try_from(number).ok().filter(|number| *number > 0)
}

fn manual(
    assignments: &[(i32, Vec<BrokerId>)],
    partitions: i32,
    replication_factor: i16,
) -> Result<Vec<Vec<BrokerId>>, Refusal> {
    if replication_factor != -1 {
        return Err(Refusal::AssignmentAndCount("replication factor".to_owned()));
    }
    if partitions != -1 {
        return Err(Refusal::AssignmentAndCount("numPartitions".to_owned()));
    }
    if assignments.len() > MAX_NEW_PARTITIONS {
        return Err(Refusal::TooManyPartitions { requested: assignments.len(), limit: MAX_NEW_PARTITIONS });
    }
    let mut by_index = BTreeMap::new();
    for (index, replicas) in assignments {
        if by_index.insert(*index, replicas.clone()).is_some() {
            return Err(InvalidAssignment::DuplicatePartition(*index).into());
        }
    }
    if by_index.keys().zip(0..).any(|(index, expected)| *index != expected) {
        return Err(InvalidAssignment::Gap.into());
    }
    Ok(by_index.into_values().collect())
}

#[cfg(test)]
mod tests {
    use klamm_model::{BrokerId, ErrorCode, TopicId};

    use super::{Defaults, plan_topic};
    use crate::fixtures;
    use crate::{NewTopic, Refusal, TopicToCreate, settings::BrokerSettings};

    const DEFAULTS: Defaults = Defaults { partitions: 4, replication_factor: 1 };

    fn plan(request: TopicToCreate) -> Result<NewTopic, Refusal> {
        let image = fixtures::busy_image();
        plan_topic(&image, &BrokerSettings::built_in(), DEFAULTS, request, TopicId::random())
    }

    fn refusal(request: TopicToCreate) -> (ErrorCode, String) {
        let refusal = plan(request).unwrap_err();
        (refusal.code(), refusal.to_string())
    }

    #[test]
    fn defaults_fill_in() {
        let topic = plan(fixtures::topic_request("new", -1)).unwrap();
        assert_eq!(topic.assignments, vec![vec![BrokerId(1)]; 4]);
        let topic = plan(fixtures::topic_request("new", 7)).unwrap();
        assert_eq!(topic.assignments.len(), 7);
    }

    #[test]
    fn names_are_checked() {
        let (code, text) = refusal(fixtures::topic_request("a b", 1));
        assert_eq!(code, ErrorCode::InvalidTopicException);
        assert!(text.starts_with("Topic name is invalid: "), "{text}");
        let (code, text) = refusal(fixtures::topic_request("orders", 1));
        assert_eq!((code, text.as_str()), (ErrorCode::TopicAlreadyExists, "Topic 'orders' already exists."));
        let (code, text) = refusal(fixtures::topic_request("a_b", 1));
        assert_eq!(code, ErrorCode::InvalidTopicException);
        assert_eq!(text, "Topic 'a_b' collides with existing topic: a.b");
    }

    #[test]
    fn counts_are_checked() {
        for partitions in [0, -2] {
            assert_eq!(plan(fixtures::topic_request("new", partitions)), Err(Refusal::PartitionsNotPositive));
        }
        assert_eq!(refusal(fixtures::topic_request("new", 10_001)).0, ErrorCode::PolicyViolation);
        for factor in [0, -2] {
            let request = TopicToCreate { replication_factor: factor, ..fixtures::topic_request("new", 1) };
            assert_eq!(plan(request), Err(Refusal::ReplicationFactorNotPositive));
        }
        let request = TopicToCreate { replication_factor: 3, ..fixtures::topic_request("new", 1) };
        let (code, text) = refusal(request);
        assert_eq!(code, ErrorCode::InvalidReplicationFactor);
        assert!(text.ends_with("because only 1 broker(s) are registered."), "{text}");
    }

    #[test]
    fn settings_are_checked() {
        let with = |name: &str, value: Option<&str>| TopicToCreate {
            configs: vec![(name.to_owned(), value.map(str::to_owned))],
            ..fixtures::topic_request("new", 1)
        };
        let (code, text) = refusal(with("retention.mss", Some("1")));
        assert_eq!(
            (code, text.as_str()),
            (ErrorCode::InvalidConfig, "Unknown topic config name: retention.mss")
        );
        let (_, text) = refusal(with("retention.ms", Some("-2")));
        assert_eq!(text, "Invalid value -2 for configuration retention.ms: Value must be at least -1");
        assert_eq!(refusal(with("retention.ms", None)).0, ErrorCode::InvalidConfig);
        assert!(plan(with("retention.ms", Some("-1"))).is_ok());
    }

    #[test]
    fn assignments_are_checked() {
        let assign = |assignments: &[(i32, &[i32])]| TopicToCreate {
            assignments: assignments
                .iter()
                .map(|(index, brokers)| (*index, brokers.iter().copied().map(BrokerId).collect()))
                .collect(),
            ..fixtures::topic_request("new", -1)
        };
        assert_eq!(plan(assign(&[(1, &[1]), (0, &[1])])).unwrap().assignments, vec![vec![BrokerId(1)]; 2]);
        for wrong in
            [assign(&[(1, &[1])]), assign(&[(0, &[1]), (0, &[1])]), assign(&[(0, &[9])]), assign(&[(0, &[])])]
        {
            assert_eq!(refusal(wrong).0, ErrorCode::InvalidReplicaAssignment);
        }
        let twice = refusal(assign(&[(0, &[1, 1])])).1;
        assert_eq!(twice, "The manual partition assignment includes the broker 1 more than once.");
        let both = TopicToCreate { partitions: 1, ..assign(&[(0, &[1])]) };
        assert_eq!(refusal(both).0, ErrorCode::InvalidRequest);
    }
}

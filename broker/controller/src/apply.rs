//! From an image and a command to the next image.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use klamm_model::{BrokerId, LeaderEpoch};
use rpds::RedBlackTreeMapSync;

use crate::bindings;
use crate::command::{
    BrokerRegistration, ConfigResource, MetadataCommand, NewPartitions, NewTopic, Outcome, TopicRef,
};
use crate::image::{BrokerImage, MetadataImage, PartitionImage, TopicImage};
use crate::refusal::Refusal;
use crate::rules;
use crate::settings::Configs;

/// Applies a command that stands at `index` of the log. Pure: the same image, command and index give the same
/// image and outcome on every broker and in every version, which is why nothing here looks at the tables of
/// settings, a clock or chance. Where it refuses, the image is as before.
pub(crate) fn apply(
    image: &mut MetadataImage,
    index: u64,
    command: &MetadataCommand,
) -> Result<Outcome, Refusal> {
    match command {
        MetadataCommand::CreateTopic(topic) => create_topic(image, topic),
        MetadataCommand::DeleteTopic(topic) => delete_topic(image, topic),
        MetadataCommand::CreatePartitions(partitions) => create_partitions(image, partitions),
        MetadataCommand::AlterConfigs { resource, changes } => alter_configs(image, resource, changes),
        MetadataCommand::AlterClientQuotas { entity, changes } => {
            Arc::make_mut(&mut image.client_quotas).alter(entity, changes);
            Ok(Outcome::QuotasAltered)
        }
        MetadataCommand::RegisterBroker(broker) => Ok(register_broker(image, index, broker)),
        MetadataCommand::AllocateProducerIds { count } => allocate_producer_ids(image, *count),
        MetadataCommand::AddPlugin(plugin) => bindings::add(image, plugin),
        MetadataCommand::DeletePlugin { name, version } => bindings::delete(image, name, version),
    }
}

fn create_topic(image: &mut MetadataImage, topic: &NewTopic) -> Result<Outcome, Refusal> {
    rules::topic_is_new(image, &topic.name)?;
    rules::assignments_are_sound(image, &topic.assignments)?;
    bindings::are_known_of_new(image, &topic.configs)?;
    image.add_topic(Arc::new(TopicImage::new(topic)));
    Ok(Outcome::TopicCreated(topic.id))
}

fn delete_topic(image: &mut MetadataImage, topic: &TopicRef) -> Result<Outcome, Refusal> {
    let topic = match topic {
        TopicRef::Name(name) => rules::topic_exists(image, name)?,
        TopicRef::Id(id) => image.topic_by_id(*id).cloned().ok_or(Refusal::UnknownTopicId(*id))?,
    };
    image.remove_topic(&topic);
    Ok(Outcome::TopicDeleted { name: topic.name.clone(), id: topic.id })
}

fn create_partitions(image: &mut MetadataImage, new: &NewPartitions) -> Result<Outcome, Refusal> {
    let mut topic = TopicImage::clone(&*rules::topic_exists(image, &new.topic)?);
    if usize::try_from(new.first) != Ok(topic.partitions.len()) {
        return Err(Refusal::PartitionsMoved { topic: topic.name });
    }
    rules::assignments_are_sound(image, &new.assignments)?;
    topic.partitions.extend(new.assignments.iter().map(|replicas| PartitionImage::new(replicas)));
    image.replace_topic(Arc::new(topic));
    Ok(Outcome::PartitionsCreated)
}

fn alter_configs(
    image: &mut MetadataImage,
    resource: &ConfigResource,
    changes: &BTreeMap<String, Option<String>>,
) -> Result<Outcome, Refusal> {
    match resource {
        ConfigResource::Topic(name) => {
            let mut topic = TopicImage::clone(&*rules::topic_exists(image, name)?);
            bindings::are_known(image, changes)?;
            bindings::remember(&mut topic, changes);
            change(&mut topic.configs, changes);
            image.replace_topic(Arc::new(topic));
        }
        ConfigResource::Broker(id) => {
            rules::broker_exists(image, *id)?;
            let mut configs = image.broker_configs(*id).clone();
            change(&mut configs, changes);
            image.broker_configs.insert_mut(*id, Arc::new(configs));
        }
        ConfigResource::Cluster => change(Arc::make_mut(&mut image.cluster_configs), changes),
        ConfigResource::Group(id) => change_named(&mut image.group_configs, id, changes),
        ConfigResource::ClientMetrics(name) => change_named(&mut image.client_metrics, name, changes),
    }
    Ok(Outcome::ConfigsAltered)
}

/// What has no setting of its own left is forgotten: it exists only by its settings.
fn change_named(
    all: &mut RedBlackTreeMapSync<String, Arc<Configs>>,
    name: &str,
    changes: &BTreeMap<String, Option<String>>,
) {
    let mut configs = all.get(name).map_or_else(Configs::new, |configs| Configs::clone(configs));
    change(&mut configs, changes);
    if configs.is_empty() {
        all.remove_mut(name);
    } else {
        all.insert_mut(name.to_owned(), Arc::new(configs));
    }
}

fn change(configs: &mut Configs, changes: &BTreeMap<String, Option<String>>) {
    for (name, value) in changes {
        match value {
            Some(value) => configs.insert(name.clone(), value.clone()),
            None => configs.remove(name),
        };
    }
}

/// A broker that registers has started: its partitions get a new leader epoch, as after every change of a
/// leader, so that consumers check whether the records they read are still there (KIP-320).
fn register_broker(image: &mut MetadataImage, index: u64, broker: &BrokerRegistration) -> Outcome {
    let epoch = i64::try_from(index).unwrap_or(i64::MAX);
    let registered = BrokerImage {
        id: broker.id,
        epoch,
        kafka: broker.kafka.clone(),
        grpc: broker.grpc.clone(),
        rack: broker.rack.clone(),
        fenced: false,
    };
    let known = image.brokers.contains_key(&broker.id);
    image.brokers.insert_mut(broker.id, Arc::new(registered));
    if known {
        start_leader_epochs(image, broker.id);
    }
    Outcome::BrokerRegistered { epoch }
}

fn start_leader_epochs(image: &mut MetadataImage, leader: BrokerId) {
    let leads = |topic: &&Arc<TopicImage>| topic.partitions.iter().any(|p| p.leader == leader);
    let led: Vec<_> = image.topics().filter(leads).cloned().collect();
    for topic in led {
        let mut topic = TopicImage::clone(&topic);
        for partition in topic.partitions.iter_mut().filter(|p| p.leader == leader) {
            partition.leader_epoch = LeaderEpoch(partition.leader_epoch.0 + 1);
            partition.partition_epoch += 1;
        }
        image.replace_topic(Arc::new(topic));
    }
}

fn allocate_producer_ids(image: &mut MetadataImage, count: i64) -> Result<Outcome, Refusal> {
    let start = image.next_producer_id();
    let end = start.checked_add(count).filter(|_| count > 0).ok_or(Refusal::ProducerIdBlock(count))?;
    image.next_producer_id = end;
    Ok(Outcome::ProducerIds(Range { start, end }))
}

#[cfg(test)]
mod tests {
    use klamm_model::{BrokerId, ErrorCode};
    use proptest::prelude::*;

    use super::{MetadataImage, apply};
    use crate::command::{ConfigResource, MetadataCommand, NewPartitions, Outcome, TopicRef};
    use crate::fixtures::{self, after, create, id_of, register};
    use crate::refusal::Refusal;

    /// What the command says of the busy image, and that a refusal leaves the image alone.
    fn answer(command: &MetadataCommand) -> Result<Outcome, Refusal> {
        let before = fixtures::busy_image();
        let mut image = before.clone();
        let outcome = apply(&mut image, 7, command);
        assert_eq!(outcome.is_err(), image == before);
        outcome
    }

    #[test]
    fn refusals_leave_the_image_alone() {
        let code = |command: &MetadataCommand| answer(command).unwrap_err().code();
        assert_eq!(code(&create("orders", 1, &[])), ErrorCode::TopicAlreadyExists);
        assert_eq!(code(&create("a_b", 1, &[])), ErrorCode::InvalidTopicException);
        assert_eq!(code(&create("none", 0, &[])), ErrorCode::InvalidPartitions);
        let nothing = TopicRef::Name("nothing".parse().unwrap());
        assert_eq!(code(&MetadataCommand::DeleteTopic(nothing)), ErrorCode::UnknownTopicOrPartition);
        let stranger = TopicRef::Id(id_of("nothing"));
        assert_eq!(code(&MetadataCommand::DeleteTopic(stranger)), ErrorCode::UnknownTopicId);
        for count in [0, -1, i64::MAX] {
            assert_eq!(code(&MetadataCommand::AllocateProducerIds { count }), ErrorCode::InvalidRequest);
        }
    }

    #[test]
    fn a_deleted_topic_frees_its_name_for_all_that_collide() {
        let delete = MetadataCommand::DeleteTopic(TopicRef::Name("a.b".parse().unwrap()));
        let image = after(&[register(1, None), create("a.b", 1, &[]), delete, create("a_b", 1, &[])]);
        let names: Vec<_> = image.topics().map(|topic| topic.name.as_str()).collect();
        assert_eq!(names, ["a_b"]);
        assert_eq!(image.deleted_topics().collect::<Vec<_>>(), [id_of("a.b")]);
        assert!(image.topic_by_id(id_of("a.b")).is_none());
    }

    #[test]
    fn partitions_are_added_only_where_they_were_planned() {
        let add = |first| {
            let assignments = vec![vec![BrokerId(1)]; 2];
            let topic = "orders".parse().unwrap();
            MetadataCommand::CreatePartitions(NewPartitions { topic, first, assignments })
        };
        assert_eq!(answer(&add(3)), Ok(Outcome::PartitionsCreated));
        let moved = Refusal::PartitionsMoved { topic: "orders".parse().unwrap() };
        assert_eq!(answer(&add(2)), Err(moved));
    }

    #[test]
    fn a_broker_that_comes_back_starts_epochs_where_it_leads() {
        let image = after(&[
            register(1, None),
            register(2, None),
            create("orders", 1, &[]),
            register(2, None),
            register(1, Some("south")),
        ]);
        let broker = image.broker(BrokerId(1)).unwrap();
        assert_eq!((broker.epoch, broker.rack.as_deref()), (5, Some("south")));
        let partition = &image.topic("orders").unwrap().partitions[0];
        assert_eq!((partition.leader_epoch.0, partition.partition_epoch), (1, 1));
    }

    fn any_command() -> impl Strategy<Value = MetadataCommand> {
        let name = prop::sample::select(vec!["a.b", "a_b", "orders", "bills", "x"]);
        let name_of_client = name.clone();
        let value = prop::option::of(Just("1000".to_owned()));
        let resource = prop_oneof![
            Just(ConfigResource::Cluster),
            (0..3).prop_map(|id| ConfigResource::Broker(BrokerId(id))),
            name.clone().prop_map(|name| ConfigResource::Topic(name.parse().unwrap())),
            name.clone().prop_map(|name| ConfigResource::Group(name.to_owned())),
            name.clone().prop_map(|name| ConfigResource::ClientMetrics(name.to_owned())),
        ];
        let bytes = prop::option::of(1..9_u32).prop_map(|bytes| bytes.map(f64::from));
        prop_oneof![
            (name.clone(), 0..3_usize).prop_map(|(name, partitions)| create(name, partitions, &[])),
            name.clone().prop_map(|name| MetadataCommand::DeleteTopic(TopicRef::Id(id_of(name)))),
            (name, 0..4, 0..3_i32).prop_map(|(name, first, broker)| {
                MetadataCommand::CreatePartitions(NewPartitions {
                    topic: name.parse().unwrap(),
                    first,
                    assignments: vec![vec![BrokerId(broker)]],
                })
            }),
            (resource, value).prop_map(|(resource, value)| MetadataCommand::AlterConfigs {
                resource,
                changes: [("retention.ms".to_owned(), value)].into(),
            }),
            (name_of_client, bytes).prop_map(|(name, bytes)| fixtures::produce_quota(name, bytes)),
            (0..3).prop_map(|id| register(id, None)),
            (-1..5_i64).prop_map(|count| MetadataCommand::AllocateProducerIds { count }),
        ]
    }

    fn run(mut image: MetadataImage, commands: &[MetadataCommand]) -> MetadataImage {
        for command in commands {
            let index = image.applied() + 1;
            let _refused_or_not = apply(&mut image, index, command);
            image.applied = index;
        }
        image
    }

    proptest! {
        /// Commands give one image, wherever a snapshot and a log with their encodings come between.
        #[test]
        fn replay_is_deterministic(commands in prop::collection::vec(any_command(), 0..40), cut in 0..40_usize) {
            let empty = MetadataImage::empty("test-cluster".parse().unwrap());
            let image = run(empty.clone(), &commands);

            let (before, rest) = commands.split_at(cut.min(commands.len()));
            let snapshot = run(empty, before).to_bytes().unwrap();
            let log = serde_json::to_vec(rest).unwrap();
            let rest: Vec<MetadataCommand> = serde_json::from_slice(&log).unwrap();
            let replayed = run(MetadataImage::from_bytes(&snapshot).unwrap(), &rest);
            prop_assert_eq!(&replayed, &image);
            for topic in image.topics() {
                prop_assert_eq!(image.topic_by_id(topic.id), Some(topic));
            }
        }
    }
}

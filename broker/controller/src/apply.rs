//! From an image and a command to the next image.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use klamm_model::{BrokerId, LeaderEpoch};

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
        MetadataCommand::RegisterBroker(broker) => Ok(register_broker(image, index, broker)),
        MetadataCommand::AllocateProducerIds { count } => allocate_producer_ids(image, *count),
    }
}

fn create_topic(image: &mut MetadataImage, topic: &NewTopic) -> Result<Outcome, Refusal> {
    rules::topic_is_new(image, &topic.name)?;
    rules::assignments_are_sound(image, &topic.assignments)?;
    image.put_topic(Arc::new(TopicImage::new(topic)));
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
    image.put_topic(Arc::new(topic));
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
            change(&mut topic.configs, changes);
            image.put_topic(Arc::new(topic));
        }
        ConfigResource::Broker(id) => {
            rules::broker_exists(image, *id)?;
            let mut configs = image.broker_configs(*id).clone();
            change(&mut configs, changes);
            image.broker_configs.insert_mut(*id, Arc::new(configs));
        }
        ConfigResource::Cluster => change(Arc::make_mut(&mut image.cluster_configs), changes),
    }
    Ok(Outcome::ConfigsAltered)
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
        image.put_topic(Arc::new(topic));
    }
}

fn allocate_producer_ids(image: &mut MetadataImage, count: i64) -> Result<Outcome, Refusal> {
    let start = image.next_producer_id();
    let end = start.checked_add(count).filter(|_| count > 0).ok_or(Refusal::ProducerIdBlock(count))?;
    image.next_producer_id = end;
    Ok(Outcome::ProducerIds(Range { start, end }))
}

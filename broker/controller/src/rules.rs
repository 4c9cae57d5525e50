//! What must hold before a command may change the image.

use std::sync::Arc;

use klamm_model::{BrokerId, TopicName};

use crate::image::{MetadataImage, TopicImage};
use crate::refusal::{InvalidAssignment, Refusal};

pub(crate) fn topic_exists(image: &MetadataImage, name: &TopicName) -> Result<Arc<TopicImage>, Refusal> {
    image.topic(name.as_str()).cloned().ok_or_else(|| Refusal::UnknownTopic(name.clone()))
}

pub(crate) fn topic_is_new(image: &MetadataImage, name: &TopicName) -> Result<(), Refusal> {
    if image.topic(name.as_str()).is_some() {
        return Err(Refusal::TopicExists(name.clone()));
    }
    match image.colliding_topic(name) {
        Some(existing) => Err(Refusal::TopicCollides { name: name.clone(), existing: existing.clone() }),
        None => Ok(()),
    }
}

pub(crate) fn broker_exists(image: &MetadataImage, id: BrokerId) -> Result<(), Refusal> {
    image.broker(id).map(|_| ()).ok_or(Refusal::UnknownBroker(id))
}

/// Every partition has the same number of replicas, on different brokers that exist.
pub(crate) fn assignments_are_sound(
    image: &MetadataImage,
    assignments: &[Vec<BrokerId>],
) -> Result<(), Refusal> {
    if assignments.is_empty() {
        return Err(Refusal::PartitionsNotPositive);
    }
    let previous = assignments.first().map_or(0, Vec::len);
    for replicas in assignments {
        if replicas.is_empty() {
            return Err(InvalidAssignment::Empty.into());
        }
        for (position, broker) in replicas.iter().enumerate() {
            if image.broker(*broker).is_none() {
                return Err(InvalidAssignment::UnknownBroker(*broker).into());
            }
            if replicas.iter().take(position).any(|earlier| earlier == broker) {
                return Err(InvalidAssignment::DuplicateBroker(*broker).into());
            }
        }
        if replicas.len() != previous {
            return Err(InvalidAssignment::Uneven { replicas: replicas.len(), previous }.into());
        }
    }
    Ok(())
}

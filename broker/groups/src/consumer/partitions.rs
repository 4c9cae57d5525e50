//! Sets of partitions, by topic.

use std::collections::{BTreeMap, BTreeSet};

use klamm_model::TopicId;
use klamm_wire::messages::consumer_group_heartbeat::TopicPartitions;

use crate::records::{CurrentAssignmentPartitions, TargetAssignmentPartitions};

/// Partitions by topic; no topic is without partitions.
pub type Partitions = BTreeMap<TopicId, BTreeSet<i32>>;

/// Partitions by topic, each with the group's epoch in which the member got it (KIP-1251).
pub(super) type Epochs = BTreeMap<TopicId, BTreeMap<i32, i32>>;

/// Whether a partition is among these.
pub(super) fn contains(epochs: &Epochs, topic: TopicId, partition: i32) -> bool {
    epochs.get(&topic).is_some_and(|partitions| partitions.contains_key(&partition))
}

/// The partitions without their epochs.
pub(super) fn without_epochs(epochs: &Epochs) -> Partitions {
    epochs.iter().map(|(topic, partitions)| (*topic, partitions.keys().copied().collect())).collect()
}

/// The partitions as an answer lists them.
pub(super) fn to_wire(epochs: &Epochs) -> Vec<TopicPartitions> {
    epochs
        .iter()
        .map(|(topic, partitions)| TopicPartitions {
            topic_id: *topic,
            partitions: partitions.keys().copied().collect(),
        })
        .collect()
}

/// The partitions as a target assignment lists them.
pub(super) fn to_target(partitions: &Partitions) -> Vec<TargetAssignmentPartitions> {
    partitions
        .iter()
        .map(|(topic, partitions)| TargetAssignmentPartitions {
            topic_id: *topic,
            partitions: partitions.iter().copied().collect(),
        })
        .collect()
}

/// The partitions that a target assignment lists.
pub(super) fn from_target(listed: &[TargetAssignmentPartitions]) -> Partitions {
    let mut partitions = Partitions::new();
    for topic in listed.iter().filter(|topic| !topic.partitions.is_empty()) {
        partitions.entry(topic.topic_id).or_default().extend(&topic.partitions);
    }
    partitions
}

/// The partitions as a current assignment lists them.
pub(super) fn to_current(epochs: &Epochs) -> Vec<CurrentAssignmentPartitions> {
    epochs
        .iter()
        .map(|(topic, partitions)| CurrentAssignmentPartitions {
            topic_id: *topic,
            partitions: partitions.keys().copied().collect(),
            assignment_epochs: Some(partitions.values().copied().collect()),
        })
        .collect()
}

/// The partitions that a current assignment lists; without epochs of their own they are of the member's epoch.
pub(super) fn from_current(listed: &[CurrentAssignmentPartitions], member_epoch: i32) -> Epochs {
    let mut epochs = Epochs::new();
    for topic in listed.iter().filter(|topic| !topic.partitions.is_empty()) {
        let of_topic = epochs.entry(topic.topic_id).or_default();
        for (position, partition) in topic.partitions.iter().enumerate() {
            let epoch = topic.assignment_epochs.as_ref().and_then(|epochs| epochs.get(position));
            of_topic.insert(*partition, epoch.copied().unwrap_or(member_epoch));
        }
    }
    epochs
}

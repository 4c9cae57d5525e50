//! Topics and their partitions.

use std::collections::BTreeMap;

use klamm_model::{BindingSpec, BrokerId, LeaderEpoch, PartitionIndex, PluginRole, TopicId, TopicName};
use serde::{Deserialize, Serialize};

use crate::command::NewTopic;
use crate::settings::Configs;

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicImage {
    /// Its name.
    pub name: TopicName,
    /// Its id; a topic that is made again gets another.
    pub id: TopicId,
    /// Its partitions; a partition's index is its place here.
    pub partitions: Vec<PartitionImage>,
    /// The settings given to this topic itself.
    pub configs: Configs,
    /// What the settings that bind plug-ins said before they changed last; empty where nothing was bound.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub previous_bindings: BTreeMap<String, String>,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionImage {
    /// The brokers that hold it, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// The replicas that are in sync.
    pub isr: Vec<BrokerId>,
    /// The replica that leads; [`BrokerId::NONE`] where none does.
    pub leader: BrokerId,
    /// How often the leader changed or started anew, from 0.
    pub leader_epoch: LeaderEpoch,
    /// How often anything of the partition changed, from 0.
    pub partition_epoch: i32,
}

impl TopicImage {
    pub(crate) fn new(topic: &NewTopic) -> TopicImage {
        TopicImage {
            name: topic.name.clone(),
            id: topic.id,
            partitions: topic.assignments.iter().map(|replicas| PartitionImage::new(replicas)).collect(),
            configs: topic.configs.clone(),
            previous_bindings: BTreeMap::new(),
        }
    }

    /// The plug-ins bound in this role, in the order in which they run.
    pub fn bindings(&self, role: PluginRole) -> Vec<BindingSpec> {
        // What can't be read can only come from another version's log.
        self.configs.get(role.setting()).and_then(|text| role.read(text).ok()).unwrap_or_default()
    }

    /// One of its partitions.
    pub fn partition(&self, index: PartitionIndex) -> Option<&PartitionImage> {
        self.partitions.get(usize::try_from(index.0).ok()?)
    }

    /// Whether this is one of Kafka's own topics, which users should leave alone.
    pub fn is_internal(&self) -> bool {
        is_internal(&self.name)
    }
}

/// Whether a topic of this name is one of Kafka's own.
pub(crate) fn is_internal(topic: &TopicName) -> bool {
    matches!(topic.as_str(), "__consumer_offsets" | "__transaction_state")
}

impl PartitionImage {
    /// A new partition: every replica is in sync, because there is nothing that one could lack.
    pub(crate) fn new(replicas: &[BrokerId]) -> PartitionImage {
        PartitionImage {
            replicas: replicas.to_vec(),
            isr: replicas.to_vec(),
            leader: replicas.first().copied().unwrap_or(BrokerId::NONE),
            leader_epoch: LeaderEpoch(0),
            partition_epoch: 0,
        }
    }
}

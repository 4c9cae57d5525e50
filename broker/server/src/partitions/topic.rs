//! One topic's partitions on this broker.

use std::sync::Arc;

use klamm_controller::TopicImage;
use klamm_controller::settings::TopicSettings;
use klamm_model::{BrokerId, ErrorCode, PartitionIndex, TimestampMs};
use klamm_partition::Partition;
use klamm_records::ProduceRules;

use super::log_config::produce_rules;
use crate::error_code::KafkaError;
use crate::plugins::TopicPlugins;

/// One topic's partitions on this broker, with the settings in force. Immutable: a change makes a new one.
#[derive(Debug)]
pub(crate) struct HostedTopic {
    /// The topic in the metadata.
    pub(crate) image: Arc<TopicImage>,
    /// The settings in force.
    pub(crate) settings: TopicSettings,
    node_id: BrokerId,
    rules: ProduceRules,
    replicas: Vec<Replica>,
    plugins: Option<TopicPlugins>,
}

/// One partition, as far as it is here.
#[derive(Debug, Clone)]
pub(crate) enum Replica {
    /// It is here.
    Online(Arc<Partition>),
    /// It should be here and can't be opened, which the sentence explains.
    Offline(Arc<str>),
    /// Other brokers hold it.
    Elsewhere,
}

impl HostedTopic {
    pub(super) fn new(
        image: Arc<TopicImage>,
        settings: TopicSettings,
        node_id: BrokerId,
        replicas: Vec<Replica>,
        plugins: Option<TopicPlugins>,
    ) -> HostedTopic {
        let rules = produce_rules(&settings);
        HostedTopic { image, settings, node_id, rules, replicas, plugins }
    }

    /// The topic's plug-ins; `None` if it has never had one.
    pub(crate) fn plugins(&self) -> Option<&TopicPlugins> {
        self.plugins.as_ref()
    }

    /// The replicas by partition.
    pub(crate) fn replicas(&self) -> &[Replica] {
        &self.replicas
    }

    /// The partitions that are here and open.
    pub(crate) fn online(&self) -> impl Iterator<Item = &Arc<Partition>> {
        self.replicas.iter().filter_map(|replica| match replica {
            Replica::Online(partition) => Some(partition),
            _ => None,
        })
    }

    /// A partition that this broker leads.
    pub(crate) fn leader(&self, index: i32) -> Result<&Arc<Partition>, KafkaError> {
        let (image, replica) = usize::try_from(index)
            .ok()
            .and_then(|index| Some((self.image.partitions.get(index)?, self.replicas.get(index)?)))
            .ok_or(ErrorCode::UnknownTopicOrPartition)?;
        match replica {
            Replica::Online(partition) if image.leader == self.node_id => Ok(partition),
            Replica::Offline(why) => Err(KafkaError::new(ErrorCode::KafkaStorageError, why.to_string())),
            _ => Err(ErrorCode::NotLeaderOrFollower.into()),
        }
    }

    /// Whether enough replicas are in sync for acks=all (`min.insync.replicas`).
    pub(crate) fn check_in_sync_replicas(&self, index: i32) -> Result<(), KafkaError> {
        let in_sync = self.image.partition(PartitionIndex(index)).map_or(0, |partition| partition.isr.len());
        let min = usize::try_from(self.settings.min_insync_replicas).unwrap_or(0);
        if in_sync >= min {
            return Ok(());
        }
        let message = format!("{in_sync} replica(s) are in sync, and min.insync.replicas is {min}");
        Err(KafkaError::new(ErrorCode::NotEnoughReplicas, message))
    }

    /// Whether clients may delete its records: not from one that is only compacted (as in Kafka).
    pub(crate) fn check_deletes_records(&self) -> Result<(), KafkaError> {
        let policy = self.settings.cleanup_policy;
        if policy.delete || !policy.compact {
            return Ok(());
        }
        let message =
            format!("records of {} can't be deleted: its cleanup.policy is compact", self.image.name);
        Err(KafkaError::new(ErrorCode::PolicyViolation, message))
    }

    /// What is asked of a batch that is produced now.
    pub(crate) fn produce_rules(&self, now: TimestampMs, zstd_allowed: bool) -> ProduceRules {
        ProduceRules { now, zstd_allowed, ..self.rules }
    }
}

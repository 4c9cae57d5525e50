//! Making the partitions here what the metadata says.

use std::collections::HashMap;
use std::sync::Arc;

use klamm_controller::settings::{BrokerSettings, TopicSettings};
use klamm_controller::{MetadataImage, PartitionImage, TopicImage};
use klamm_model::TopicId;
use tracing::info;

use super::log_config::log_config;
use super::open::{Checkpoints, ToOpen};
use crate::plugins::TopicPlugins;

use super::{HostedTopic, Partitions, Replica, RetiredDir};

/// What [`Partitions::reconcile`] leaves to be done.
#[derive(Debug, Default)]
pub(crate) struct Reconciled {
    /// Directories of deleted partitions, to be removed after a while.
    pub(crate) retired: Vec<RetiredDir>,
}

/// A topic that is new or changed.
struct Change {
    image: Arc<TopicImage>,
    settings: TopicSettings,
    before: Option<Arc<HostedTopic>>,
}

impl Partitions {
    /// Makes the partitions here what `image` says, with the settings of `broker`. Blocks; one caller at a time.
    pub(crate) fn reconcile(&self, image: &MetadataImage, broker: &BrokerSettings) -> Reconciled {
        // First, since a topic that was made again has the directories of the one before.
        let retired = self.retire_deleted(image);
        let changes = self.changes(image, broker);
        let jobs: Vec<ToOpen> = changes.iter().flat_map(|change| self.to_open(change)).collect();
        let opened = self.open_all(&jobs, broker);
        let mut opened_by_topic: HashMap<TopicId, HashMap<usize, Replica>> = HashMap::new();
        for (job, replica) in jobs.iter().zip(opened) {
            opened_by_topic.entry(job.topic.id).or_default().insert(job.index, replica);
        }
        for change in changes {
            let opened = opened_by_topic.remove(&change.image.id).unwrap_or_default();
            self.put(change, opened, image, broker);
        }
        // They are about the logs of the last run, which are open now.
        *self.checkpoints.lock() = Checkpoints { clean: true, ..Checkpoints::default() };
        self.followed.send_replace(image.applied());
        Reconciled { retired }
    }

    fn changes(&self, image: &MetadataImage, broker: &BrokerSettings) -> Vec<Change> {
        let topics = self.topics.read();
        let restored = self.ground.plugins.take_restored();
        let change = |image: &Arc<TopicImage>| {
            let before = topics.by_id.get(&image.id).cloned();
            let settings = TopicSettings::resolve(broker, &image.configs);
            let same = before.as_ref().is_some_and(|before| {
                let is_mended = restored && before.plugins().is_some_and(TopicPlugins::is_broken);
                Arc::ptr_eq(&before.image, image) && before.settings == settings && !is_mended
            });
            (!same).then(|| Change { image: Arc::clone(image), settings, before })
        };
        image.topics().filter_map(change).collect()
    }

    /// The partitions of a changed topic that are to be here and are not open.
    fn to_open(&self, change: &Change) -> Vec<ToOpen> {
        let open = |index| {
            change.before.as_ref().is_some_and(|before| {
                matches!(before.replicas().get(index), Some(Replica::Online(_) | Replica::Offline(_)))
            })
        };
        let partitions = change.image.partitions.iter().enumerate();
        partitions
            .filter(|(index, partition)| self.is_here(partition) && !open(*index))
            .map(|(index, partition)| ToOpen {
                topic: Arc::clone(&change.image),
                settings: change.settings.clone(),
                index,
                leader_epoch: partition.leader_epoch,
            })
            .collect()
    }

    fn is_here(&self, partition: &PartitionImage) -> bool {
        partition.replicas.contains(&self.ground.node_id)
    }

    fn put(
        &self,
        change: Change,
        mut opened: HashMap<usize, Replica>,
        metadata: &MetadataImage,
        broker: &BrokerSettings,
    ) {
        let Change { image, settings, before } = change;
        if before.is_none() {
            info!(topic = %image.name, partitions = image.partitions.len(), "topic is here");
        }
        let replicas: Vec<Replica> = (0..image.partitions.len())
            .map(|index| {
                opened.remove(&index).unwrap_or_else(|| {
                    let known = before.as_ref().and_then(|before| before.replicas().get(index));
                    known.cloned().unwrap_or(Replica::Elsewhere)
                })
            })
            .collect();
        let plugins_before = before.as_ref().and_then(|before| before.plugins());
        let plugins = self.ground.plugins.of_topic(metadata, &image, plugins_before);
        let topic = HostedTopic::new(image, settings, self.ground.node_id, replicas, plugins);
        if let Some(before) = before {
            apply(&before, &topic, broker);
        }
        self.topics.write().put(Arc::new(topic));
    }
}

/// Tells the open partitions of a topic what changed.
fn apply(before: &HostedTopic, after: &HostedTopic, broker: &BrokerSettings) {
    let changed_settings = before.settings != after.settings;
    for (index, replica) in after.replicas().iter().enumerate() {
        let Replica::Online(partition) = replica else { continue };
        partition.set_producer_expiration_ms(i64::from(broker.producer_id_expiration_ms));
        if changed_settings {
            partition.set_log_config(Arc::new(log_config(&after.settings, after.image.id, index)));
        }
        let epochs = [before, after].map(|topic| topic.image.partitions.get(index).map(|it| it.leader_epoch));
        if let [Some(old), Some(new)] = epochs
            && old != new
        {
            partition.set_leader_epoch(new);
        }
    }
}

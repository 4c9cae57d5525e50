//! The partitions that this broker holds, as the cluster's metadata says.
//!
//! ```text
//!   image, settings -> reconcile: retire what is gone -> open what is new (in parallel) -> apply settings
//!                                                                                            |
//!   handlers <- by_name, by_id <- topics, each swapped whole <------------------------------+
//! ```

mod checkpointing;
mod cleaned;
mod log_config;
mod open;
mod reconcile;
mod retire;
mod topic;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use klamm_controller::{Controller, MetadataImage, TopicImage};
use klamm_log::data_dir::DataDir;
use klamm_log::{Disk, GroupCommit};
use klamm_model::{BrokerId, ErrorCode, LeaderEpoch, Offset, TopicId, TopicName, TopicPartition};
use klamm_partition::{Partition, RecentBatches};
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use crate::Clock;
use crate::error_code::KafkaError;
use crate::plugins::Plugins;

pub(crate) use open::{Checkpoints, recovery_threads};
pub(crate) use retire::{MANY_LOGS, RetiredDir};
pub(crate) use topic::{HostedTopic, Replica};

type Offsets = BTreeMap<TopicPartition, Offset>;

/// What the partitions stand on.
#[derive(Debug)]
pub(crate) struct Ground {
    /// This broker.
    pub(crate) node_id: BrokerId,
    /// The cluster's metadata.
    pub(crate) controller: Controller,
    /// The disk.
    pub(crate) disk: Arc<dyn Disk>,
    /// The data directory, which this process holds.
    pub(crate) data_dir: Arc<DataDir>,
    /// Who flushes.
    pub(crate) group_commit: Arc<GroupCommit>,
    /// The newest batches of all of them.
    pub(crate) recent: Arc<RecentBatches>,
    /// What the topics' plug-ins stand on.
    pub(crate) plugins: Arc<Plugins>,
    /// The time of day.
    pub(crate) clock: Arc<dyn Clock>,
}

/// The partitions that this broker holds.
#[derive(Debug)]
pub(crate) struct Partitions {
    ground: Ground,
    topics: RwLock<Topics>,
    /// What the last run wrote down of its logs; empty once they are open.
    checkpoints: Mutex<Checkpoints>,
    /// What it wrote down of those that can't be opened.
    unopened: Mutex<checkpointing::Unopened>,
    /// Up to where each compacted log was cleaned.
    cleaned: Mutex<Offsets>,
    /// The index of the newest image that the partitions follow.
    followed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Topics {
    by_name: HashMap<TopicName, Arc<HostedTopic>>,
    by_id: HashMap<TopicId, Arc<HostedTopic>>,
}

impl Topics {
    fn put(&mut self, topic: Arc<HostedTopic>) {
        self.by_name.insert(topic.image.name.clone(), Arc::clone(&topic));
        self.by_id.insert(topic.image.id, topic);
    }

    fn remove(&mut self, topic: &TopicImage) {
        self.by_id.remove(&topic.id);
        // A topic that was made again under the name stays.
        if self.by_name.get(topic.name.as_str()).is_some_and(|hosted| hosted.image.id == topic.id) {
            self.by_name.remove(topic.name.as_str());
        }
    }
}

impl Partitions {
    /// No partitions yet.
    pub(crate) fn new(ground: Ground, mut checkpoints: Checkpoints) -> Partitions {
        let cleaned = std::mem::take(&mut checkpoints.cleaned);
        Partitions {
            ground,
            topics: RwLock::default(),
            checkpoints: Mutex::new(checkpoints),
            unopened: Mutex::default(),
            cleaned: Mutex::new(cleaned),
            followed: watch::Sender::new(0),
        }
    }

    /// The topic of a name.
    pub(crate) fn by_name(&self, name: &str) -> Result<Arc<HostedTopic>, KafkaError> {
        let hosted = self.topics.read().by_name.get(name).cloned();
        hosted.ok_or_else(|| match self.image().topic(name) {
            Some(_) => ErrorCode::NotLeaderOrFollower.into(),
            None => ErrorCode::UnknownTopicOrPartition.into(),
        })
    }

    /// The topic of an id.
    pub(crate) fn by_id(&self, id: TopicId) -> Result<Arc<HostedTopic>, KafkaError> {
        let hosted = self.topics.read().by_id.get(&id).cloned();
        hosted.ok_or_else(|| match self.image().topic_by_id(id) {
            Some(_) => ErrorCode::NotLeaderOrFollower.into(),
            None => ErrorCode::UnknownTopicId.into(),
        })
    }

    /// Every topic of which this broker holds partitions, in no order.
    pub(crate) fn topics(&self) -> Vec<Arc<HostedTopic>> {
        self.topics.read().by_id.values().cloned().collect()
    }

    /// Every open partition, in no order.
    pub(crate) fn all(&self) -> Vec<Arc<Partition>> {
        self.topics().iter().flat_map(|topic| topic.online().cloned().collect::<Vec<_>>()).collect()
    }

    /// How many partitions are open.
    pub(crate) fn count(&self) -> usize {
        self.topics.read().by_id.values().map(|topic| topic.online().count()).sum()
    }

    /// Who leads a partition, and in which epoch, as the metadata says.
    pub(crate) fn leader_of(
        &self,
        name: &str,
        id: TopicId,
        partition: i32,
    ) -> Option<(BrokerId, LeaderEpoch)> {
        let image = self.image();
        let topic = if id.is_zero() { image.topic(name) } else { image.topic_by_id(id) }?;
        let partition = topic.partition(klamm_model::PartitionIndex(partition))?;
        Some((partition.leader, partition.leader_epoch))
    }

    /// Waits until the partitions follow the image with this index, so that a topic that was just made can be
    /// written to.
    pub(crate) async fn follow(&self, applied: u64) {
        // `self` keeps the sender: the wait can't fail.
        let _followed = self.followed.subscribe().wait_for(|followed| *followed >= applied).await.is_ok();
    }

    /// Hears of each image that the partitions follow.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.followed.subscribe()
    }

    /// The disk the partitions are on.
    pub(crate) fn disk(&self) -> &Arc<dyn Disk> {
        &self.ground.disk
    }

    /// The directory the partitions are in.
    pub(crate) fn data_dir(&self) -> &Arc<DataDir> {
        &self.ground.data_dir
    }

    /// Who flushes the partitions.
    pub(crate) fn group_commit(&self) -> &Arc<GroupCommit> {
        &self.ground.group_commit
    }

    /// The newest batches of all partitions.
    pub(crate) fn recent(&self) -> &RecentBatches {
        &self.ground.recent
    }

    fn image(&self) -> Arc<MetadataImage> {
        self.ground.controller.image()
    }
}

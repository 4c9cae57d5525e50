//! Taking leave of deleted topics.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use klamm_controller::MetadataImage;
use klamm_log::data_dir::{DataDirError, DirTopic, PartitionDir};
use klamm_model::{PartitionIndex, TopicId, TopicPartition};
use tracing::{info, warn};

use super::{HostedTopic, Partitions, Replica};

/// From so many logs on, one sync of the whole file system is cheaper than theirs.
pub(crate) const MANY_LOGS: usize = 256;

/// A directory of a deleted partition.
#[derive(Debug)]
pub(crate) struct RetiredDir {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// How long it stays, for reads that are under way (`file.delete.delay.ms`).
    pub(crate) stays: Duration,
}

impl Partitions {
    /// Closes the partitions of topics that are no longer in the metadata, and takes their directories out of
    /// the way.
    pub(super) fn retire_deleted(&self, image: &MetadataImage) -> Vec<RetiredDir> {
        let gone: Vec<Arc<HostedTopic>> = {
            let topics = self.topics.read();
            topics
                .by_id
                .values()
                .filter(|topic| image.topic_by_id(topic.image.id).is_none())
                .cloned()
                .collect()
        };
        let mut retired = Vec::new();
        let mut deleted = BTreeSet::new();
        for topic in gone {
            self.topics.write().remove(&topic.image);
            info!(topic = %topic.image.name, id = %topic.image.id, "topic was deleted");
            let stays = Duration::from_millis(topic.settings.file_delete_delay_ms.unsigned_abs());
            for (index, replica) in topic.replicas().iter().enumerate() {
                match replica {
                    Replica::Online(partition) => partition.abandon(),
                    Replica::Offline(_) => {}
                    Replica::Elsewhere => continue,
                }
                let id = TopicPartition::new(topic.image.name.clone(), PartitionIndex(index as i32));
                match self.ground.data_dir.retire_partition(&id) {
                    Ok(path) => retired.push(RetiredDir { path, stays }),
                    Err(error) => warn!(partition = %id, %error, "a deleted partition stays on disk"),
                }
                deleted.insert(id);
            }
        }
        self.forget_checkpoints(&deleted);
        retired
    }

    /// Sets directories aside of which the metadata does not know. Also gives those of partitions that were deleted
    /// before the last stop. For the start.
    ///
    /// Where the metadata remembers that the topic was deleted, the broker ended before it took the directory away. Else
    /// the metadata is older than the records (restored from a copy, say), or the directory came from elsewhere. Nobody
    /// can tell, so nothing of that is removed.
    pub(crate) fn retire_leftovers(
        &self,
        image: &MetadataImage,
        threads: usize,
    ) -> Result<Vec<RetiredDir>, DataDirError> {
        let data_dir = &self.ground.data_dir;
        let stays = Duration::ZERO;
        let mut deleted = data_dir.deleted_partitions()?;
        let deleted_topics: HashSet<TopicId> = image.deleted_topics().collect();
        for stray in data_dir.stray_partitions()? {
            warn!(dir = %stray.display(), "{WHAT_TO_DO_WITH_STRAYS}");
        }
        let mut kept = BTreeSet::new();
        let mut there = BTreeSet::new();
        for dir in data_dir.partitions(threads)? {
            if belongs(&dir, image) {
                // One without an id gets it when it is opened.
                if matches!(dir.topic, DirTopic::Is(_)) {
                    there.insert(dir.partition.clone());
                }
                kept.insert(dir.partition);
            } else if matches!(dir.topic, DirTopic::Is(id) if deleted_topics.contains(&id)) {
                info!(partition = %dir.partition, "its topic was deleted before the last stop: it goes now");
                deleted.push(data_dir.retire_partition(&dir.partition)?);
            } else {
                let aside = data_dir.set_aside(&dir.partition)?;
                warn!(partition = %dir.partition, dir = %aside.display(), "{WHAT_TO_DO_WITH_STRAYS}");
            }
        }
        self.forget_checkpoints_but(&kept);
        self.settle(there);
        Ok(deleted.into_iter().map(|path| RetiredDir { path, stays }).collect())
    }

    /// Where many logs have to be recovered, brings what the last run left in memory to the disk at once: a sync of each
    /// file and directory made up most of such a start. With few it would only wait for what others write.
    fn settle(&self, there: BTreeSet<TopicPartition>) {
        let mut checkpoints = self.checkpoints.lock();
        if !checkpoints.clean && there.len() >= MANY_LOGS {
            let synced = self.disk().sync_file_system(self.data_dir().path());
            checkpoints.settled = synced.is_ok();
            if let Err(error) = synced {
                warn!(%error, "the file system can't be synced at once: each log is, which takes longer");
            }
        }
        checkpoints.there = there;
    }

    /// Removes a directory for good. Blocks.
    pub(crate) fn remove(&self, retired: &RetiredDir) {
        if let Err(error) = self.ground.data_dir.remove_deleted(&retired.path) {
            warn!(path = %retired.path.display(), %error, "a deleted partition stays on disk until the next start");
        }
    }
}

const WHAT_TO_DO_WITH_STRAYS: &str = "the metadata does not know this partition: set aside. If its topic was deleted \
    long ago, remove the directory; if the metadata is from an old copy, restore a newer one and take \
    the dot and all behind it from the directory's name";

/// Whether the metadata has the topic and partition of a directory.
fn belongs(dir: &PartitionDir, image: &MetadataImage) -> bool {
    let topic = match &dir.topic {
        DirTopic::Is(id) => image.topic_by_id(*id).filter(|topic| topic.name == dir.partition.topic),
        DirTopic::Unsaid => image.topic(dir.partition.topic.as_str()),
        DirTopic::Unreadable(why) => {
            let topic = image.topic(dir.partition.topic.as_str());
            let taken_for = topic.map(|topic| topic.id.to_string());
            warn!(partition = %dir.partition, why, taken_for, "partition.metadata can't be relied on: the name decides");
            topic
        }
    };
    topic.is_some_and(|topic| topic.partition(dir.partition.partition).is_some())
}

//! The data directory: its lock, its identity, and the partitions in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use klamm_model::{BrokerId, ClusterId, TopicId, TopicPartition};

use crate::disk::{Disk, DiskError};

/// Whose directory it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The cluster; `None` takes what the directory says, or makes a new cluster in an empty one.
    pub cluster_id: Option<ClusterId>,
    /// The broker.
    pub node_id: BrokerId,
}

/// A partition's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionDir {
    /// Which partition.
    pub partition: TopicPartition,
    /// The topic id from `partition.metadata`; `None` if the file is absent.
    pub topic_id: Option<TopicId>,
    /// Where.
    pub path: PathBuf,
}

/// Why a data directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Another process uses it.
    #[error("data directory {} is in use{}; stop that broker or choose another --data-dir", dir.display(), by(.holder))]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// What its holder wrote into the lock file.
        holder: String,
    },
    /// It belongs to another cluster.
    #[error("data directory {} belongs to cluster {found}, this broker to {expected}; choose another --data-dir", dir.display())]
    OtherCluster {
        /// The directory.
        dir: PathBuf,
        /// The cluster it belongs to.
        found: String,
        /// The cluster asked for.
        expected: String,
    },
    /// It belongs to another broker.
    #[error("data directory {} belongs to node.id {found}, this broker is {expected}; choose another --data-dir or set node.id={found}", dir.display())]
    OtherNode {
        /// The directory.
        dir: PathBuf,
        /// The broker it belongs to.
        found: String,
        /// This broker.
        expected: BrokerId,
    },
    /// Its format is newer than this release.
    #[error("{} says {name}={found}, this release knows {name}={known}; use the release that wrote it", file.display())]
    Version {
        /// The file.
        file: PathBuf,
        /// Which marker.
        name: &'static str,
        /// What it says.
        found: String,
        /// What this release knows.
        known: &'static str,
    },
    /// A file of it is damaged.
    #[error("{} is damaged: {reason}; restore it from a copy", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

fn by(holder: &str) -> String {
    if holder.is_empty() { String::new() } else { format!(" by {holder}") }
}

/// A data directory that this process holds.
#[derive(Debug)]
pub struct DataDir;

impl DataDir {
    /// Takes the directory: makes and formats it if it is new, locks it, checks whose it is.
    pub fn open(disk: Arc<dyn Disk>, path: &Path, identity: &Identity) -> Result<DataDir, DataDirError> {
        let _ = (disk, path, identity);
        todo!()
    }
    /// The cluster it belongs to.
    pub fn cluster_id(&self) -> &ClusterId {
        todo!()
    }
    /// This directory's own id (KIP-858).
    pub fn directory_id(&self) -> TopicId {
        todo!()
    }
    /// Where it is.
    pub fn path(&self) -> &Path {
        todo!()
    }
    /// Whether it was left in order; the marker is gone since it was opened.
    pub fn was_clean(&self) -> bool {
        todo!()
    }
    /// Notes that everything in it was closed in order. The last thing a broker does.
    pub fn mark_clean(&self) -> Result<(), DiskError> {
        todo!()
    }
    /// Where a partition's files are.
    pub fn partition_path(&self, partition: &TopicPartition) -> PathBuf {
        let _ = partition;
        todo!()
    }
    /// The partitions that are there.
    pub fn partitions(&self) -> Result<Vec<PartitionDir>, DataDirError> {
        todo!()
    }
    /// Makes a partition's directory with its `partition.metadata`, if it isn't there.
    pub fn create_partition(&self, partition: &TopicPartition, topic_id: TopicId) -> Result<PathBuf, DiskError> {
        let _ = (partition, topic_id);
        todo!()
    }
    /// Takes a partition's directory out of the way under Kafka's name for it (`...-delete`); the new path, for
    /// [`DataDir::remove_deleted`].
    pub fn retire_partition(&self, partition: &TopicPartition) -> Result<PathBuf, DiskError> {
        let _ = partition;
        todo!()
    }
    /// Directories of deleted partitions that are still there.
    pub fn deleted_partitions(&self) -> Result<Vec<PathBuf>, DiskError> {
        todo!()
    }
    /// Removes a directory that [`DataDir::retire_partition`] named.
    pub fn remove_deleted(&self, path: &Path) -> Result<(), DiskError> {
        let _ = path;
        todo!()
    }
}

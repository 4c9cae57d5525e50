//! The data directory: its lock, its identity, and the partitions in it.

mod meta_properties;
mod partition_metadata;
mod properties;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use klamm_model::{BrokerId, ClusterId, TopicId, TopicPartition};

use crate::disk::{Action, Disk, DiskError, DiskLock, OpenMode};
use meta_properties::MetaProperties;

/// The lock file's name.
const LOCK_FILE: &str = ".lock";
/// The name of the marker of a clean stop.
const CLEAN_FILE: &str = ".kafka_cleanshutdown";
/// How the names of directories of deleted partitions end (`LogManager`).
const DELETED_SUFFIX: &str = "-delete";
/// How the names of directories end whose topic the metadata does not know (`UnifiedLog`).
const STRAY_SUFFIX: &str = "-stray";
/// The longest name of a file.
const NAME_BYTES: usize = 255;

/// Whose directory it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The cluster; `None` takes what the directory says, or makes a new cluster in an empty one.
    pub cluster_id: Option<ClusterId>,
    /// The broker.
    pub node_id: BrokerId,
}

/// What `partition.metadata` says of a directory's topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirTopic {
    /// This one.
    Is(TopicId),
    /// Nothing: there is no file.
    Unsaid,
    /// Nothing that can be relied on, and why.
    Unreadable(String),
}

/// A partition's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionDir {
    /// Which partition.
    pub partition: TopicPartition,
    /// Whose it is.
    pub topic: DirTopic,
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
pub struct DataDir {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    meta: MetaProperties,
    was_clean: bool,
    _lock: Box<dyn DiskLock>,
}

impl DataDir {
    /// Takes the directory: makes and formats it if it is new, locks it, checks whose it is.
    pub fn open(disk: Arc<dyn Disk>, path: &Path, identity: &Identity) -> Result<DataDir, DataDirError> {
        create_durably(&*disk, path)?;
        let lock_path = path.join(LOCK_FILE);
        let owner = format!("process {}", std::process::id());
        let lock = disk.lock(&lock_path, &owner).map_err(DiskError::of(Action::Lock, &lock_path))?;
        let lock = lock.map_err(|holder| DataDirError::Locked { dir: path.to_owned(), holder })?;
        let meta = MetaProperties::read_or_format(&*disk, path, identity)?;
        let was_clean = take_clean_marker(&*disk, path)?;
        Ok(DataDir { disk, path: path.to_owned(), meta, was_clean, _lock: lock })
    }

    /// The cluster it belongs to.
    pub fn cluster_id(&self) -> &ClusterId {
        &self.meta.cluster_id
    }

    /// This directory's own id (KIP-858).
    pub fn directory_id(&self) -> TopicId {
        self.meta.directory_id
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it was left in order; the marker is gone since it was opened.
    pub fn was_clean(&self) -> bool {
        self.was_clean
    }

    /// Notes that everything in it was closed in order. The last thing a broker does.
    pub fn mark_clean(&self) -> Result<(), DiskError> {
        let path = self.path.join(CLEAN_FILE);
        let file = self.disk.open(&path, OpenMode::Create).map_err(DiskError::of(Action::Create, &path))?;
        file.sync_data().map_err(DiskError::of(Action::Sync, &path))?;
        self.sync()
    }

    /// Where a partition's files are.
    pub fn partition_path(&self, partition: &TopicPartition) -> PathBuf {
        self.path.join(partition.to_string())
    }

    /// The partitions that are there, by name; looked at on so many threads.
    pub fn partitions(&self, threads: usize) -> Result<Vec<PartitionDir>, DataDirError> {
        let names = self.dir_names()?;
        let share = names.len().div_ceil(threads.max(1)).max(1);
        std::thread::scope(|scope| {
            let shares: Vec<_> =
                names.chunks(share).map(|names| scope.spawn(|| self.partitions_of(names))).collect();
            let mut partitions = Vec::with_capacity(names.len());
            for share in shares {
                partitions.extend(share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            Ok(partitions)
        })
    }

    fn partitions_of(&self, names: &[String]) -> Vec<PartitionDir> {
        let mut partitions = Vec::with_capacity(names.len());
        for name in names {
            if let Some(partition) = TopicPartition::from_directory_name(name) {
                let path = self.path.join(name);
                let topic = match partition_metadata::read(&*self.disk, &path) {
                    Ok(Some(id)) => DirTopic::Is(id),
                    Ok(None) => DirTopic::Unsaid,
                    Err(error) => DirTopic::Unreadable(error.to_string()),
                };
                partitions.push(PartitionDir { partition, topic, path });
            }
        }
        partitions
    }

    /// Makes a partition's directory with its `partition.metadata`, if it isn't there. On the disk when this returns.
    pub fn create_partition(
        &self,
        partition: &TopicPartition,
        topic_id: TopicId,
    ) -> Result<PathBuf, DiskError> {
        let path = self.partition_path(partition);
        self.disk.create_dir_all(&path).map_err(DiskError::of(Action::Create, &path))?;
        partition_metadata::write(&*self.disk, &path, topic_id)?;
        self.sync()?;
        Ok(path)
    }

    /// Takes a partition's directory out of the way under Kafka's name for it (`...-delete`), for good; the new path,
    /// for [`DataDir::remove_deleted`].
    pub fn retire_partition(&self, partition: &TopicPartition) -> Result<PathBuf, DiskError> {
        self.rename_partition(partition, DELETED_SUFFIX)
    }

    /// Takes a directory out of the way of which nobody knows whether it is needed (`...-stray`, as in Kafka). It stays
    /// until an operator decides; the new path.
    pub fn set_aside(&self, partition: &TopicPartition) -> Result<PathBuf, DiskError> {
        self.rename_partition(partition, STRAY_SUFFIX)
    }

    /// Directories that were set aside.
    pub fn stray_partitions(&self) -> Result<Vec<PathBuf>, DiskError> {
        self.named_with(STRAY_SUFFIX)
    }

    fn rename_partition(&self, partition: &TopicPartition, suffix: &str) -> Result<PathBuf, DiskError> {
        let from = self.partition_path(partition);
        let id: String = TopicId::random().to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let suffix = format!(".{id}{suffix}");
        let mut name = partition.to_string();
        name.truncate(NAME_BYTES - suffix.len());
        let to = self.path.join(name + &suffix);
        self.disk.rename(&from, &to).map_err(DiskError::of(Action::Rename, &from))?;
        self.sync()?;
        Ok(to)
    }

    /// Directories of deleted partitions that are still there.
    pub fn deleted_partitions(&self) -> Result<Vec<PathBuf>, DiskError> {
        self.named_with(DELETED_SUFFIX)
    }

    fn named_with(&self, suffix: &str) -> Result<Vec<PathBuf>, DiskError> {
        let names = self.dir_names()?.into_iter().filter(|name| name.ends_with(suffix));
        Ok(names.map(|name| self.path.join(name)).collect())
    }

    /// Removes a directory that [`DataDir::retire_partition`] named.
    pub fn remove_deleted(&self, path: &Path) -> Result<(), DiskError> {
        self.disk.remove_dir_all(path).map_err(DiskError::of(Action::Remove, path))
    }

    fn dir_names(&self) -> Result<Vec<String>, DiskError> {
        let entries = self.disk.list(&self.path).map_err(DiskError::of(Action::List, &self.path))?;
        Ok(entries.into_iter().filter(|entry| entry.is_dir).map(|entry| entry.name).collect())
    }

    fn sync(&self) -> Result<(), DiskError> {
        self.disk.sync_dir(&self.path).map_err(DiskError::of(Action::Sync, &self.path))
    }
}

/// Makes the directory and those above it that are missing, such that they survive a power cut.
fn create_durably(disk: &dyn Disk, path: &Path) -> Result<(), DiskError> {
    let is_missing = |dir: &&Path| disk.list(dir).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    let missing: Vec<&Path> =
        path.ancestors().filter(|dir| !dir.as_os_str().is_empty()).take_while(is_missing).collect();
    disk.create_dir_all(path).map_err(DiskError::of(Action::Create, path))?;
    for parent in missing.iter().filter_map(|dir| dir.parent()) {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        disk.sync_dir(parent).map_err(DiskError::of(Action::Sync, parent))?;
    }
    Ok(())
}

/// Whether the marker was there. It is gone for good before anything is written: a stop after that is not clean.
fn take_clean_marker(disk: &dyn Disk, path: &Path) -> Result<bool, DiskError> {
    let marker = path.join(CLEAN_FILE);
    match disk.remove_file(&marker) {
        Ok(()) => {
            disk.sync_dir(path).map_err(DiskError::of(Action::Sync, path))?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(DiskError::of(Action::Remove, &marker)(error)),
    }
}

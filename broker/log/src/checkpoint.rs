//! Kafka's text checkpoints of offsets: `recovery-point-offset-checkpoint`, `log-start-offset-checkpoint`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use klamm_model::{Offset, TopicPartition};

use crate::disk::{Disk, DiskError};

/// The file of offsets below which each log is on the disk.
pub const RECOVERY_POINT_FILE: &str = "recovery-point-offset-checkpoint";
/// The file of the logs' start offsets.
pub const LOG_START_FILE: &str = "log-start-offset-checkpoint";

/// Why a checkpoint can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The file is of a format that this release does not know.
    #[error("{} has format version {version}; this release reads version 0. Use the release that wrote it", file.display())]
    Version {
        /// The file.
        file: PathBuf,
        /// What stands where the version should.
        version: String,
    },
    /// The file is damaged.
    #[error("{} is damaged at line {line}: {reason}. Remove it, and all logs are verified from their start", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
}

/// Reads the checkpoint at `file`; empty if there is none.
pub fn read(disk: &dyn Disk, file: &Path) -> Result<BTreeMap<TopicPartition, Offset>, CheckpointError> {
    let _ = (disk, file);
    todo!()
}

/// Replaces the checkpoint at `file`; the old or the new one is there after a crash.
pub fn write(disk: &dyn Disk, file: &Path, offsets: &BTreeMap<TopicPartition, Offset>) -> Result<(), DiskError> {
    let _ = (disk, file, offsets);
    todo!()
}

//! Opening a log.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use klamm_model::{Offset, TimestampMs};
use klamm_records::BatchHeader;

use crate::config::LogConfig;
use crate::disk::{Disk, DiskError};
use crate::log::Log;
use crate::producer_snapshot::ProducerSnapshotEntry;

/// What is known of a log before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenState {
    /// Whether the broker was stopped in order: then the files are taken as they are.
    pub clean: bool,
    /// From `recovery-point-offset-checkpoint`: all below was on the disk. [`Offset::ZERO`] if not known, and for
    /// a partition that is new: an entry of a deleted topic's namesake must not be given here.
    pub recovery_point: Offset,
    /// From `log-start-offset-checkpoint`; [`Offset::ZERO`] if not known.
    pub log_start_offset: Offset,
    /// The time.
    pub now: TimestampMs,
}

/// What [`Log::open`] tells about the producers, in this order: at most one snapshot, then every batch after it.
#[derive(Debug)]
pub enum Replay<'a> {
    /// The newest usable producer snapshot; it holds the state of all batches below `offset`.
    Snapshot {
        /// The snapshot's offset.
        offset: Offset,
        /// Its entries.
        entries: Vec<ProducerSnapshotEntry>,
    },
    /// A batch that the snapshot does not cover.
    Batch(&'a BatchHeader),
}

/// What opening a log had to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Bytes of log whose batches were verified.
    pub verified_bytes: u64,
    /// Bytes of a torn tail that were cut off, over all files.
    pub truncated_bytes: u64,
    /// The file and position at which the tail was cut, if one was.
    pub truncated_at: Option<(PathBuf, u64)>,
    /// Whole batches that lay behind a hole which a power cut left, and went with it (never acknowledged).
    pub discarded_batches: u64,
    /// Segments whose indexes were made anew.
    pub rebuilt_indexes: u32,
    /// Batches given to the replay.
    pub replayed_batches: u64,
}

/// Why a log can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The operating system refused something.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Data that was on the disk is damaged or gone.
    #[error(transparent)]
    Corrupt(#[from] CorruptLog),
}

/// Damage that is no torn tail: cutting it off could lose acknowledged records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} is corrupt at byte {position} (offset {offset}): {reason}. Nothing was changed. Restore this file from a \
     copy, or, to give up the records from offset {offset} on, cut it there (truncate -s {position}) and remove \
     this partition's later .log files, then start again",
    file.display()
)]
pub struct CorruptLog {
    /// The damaged file.
    pub file: PathBuf,
    /// Where in it, in bytes.
    pub position: u64,
    /// The first offset that can't be read.
    pub offset: Offset,
    /// What is wrong there.
    pub reason: String,
}

impl Log {
    /// Opens the log in `dir`, which is made if it is absent, and tells `replay` what the producers did.
    ///
    /// After an unclean stop the batches from the recovery point on are verified. A torn tail is cut off and
    /// nothing else is: damage below the recovery point, or damage that is no hole and has whole batches behind
    /// it, is [`OpenError::Corrupt`].
    pub fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        config: Arc<LogConfig>,
        state: OpenState,
        replay: &mut dyn FnMut(Replay<'_>),
    ) -> Result<(Log, Recovery), OpenError> {
        let _ = (disk, dir, config, state, replay);
        todo!()
    }
}

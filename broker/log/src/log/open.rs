//! Opening a log.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use klamm_model::{Offset, TimestampMs};

use super::deletion;
use super::flush::{Durability, sync_log};
use super::recovery::Chain;
use super::replay::Replay;
use crate::checkpoint::CheckpointError;
use crate::config::LogConfig;
use crate::disk::{Action, Disk, DiskError};
use crate::leader_epochs::LeaderEpochs;
use crate::log::Log;
use crate::segment::remove_if_there;
use crate::segment_files::{self, FileKind};

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

/// What opening a log had to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Bytes of log whose batches were verified.
    pub verified_bytes: u64,
    /// Bytes of a torn tail that were cut off, over all files.
    pub truncated_bytes: u64,
    /// The file and position at which the tail was cut, if one was.
    pub truncated_at: Option<(PathBuf, u64)>,
    /// Whole batches lay behind the hole that a power cut left, and went with it (none was acknowledged).
    pub discarded_behind_hole: bool,
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
    /// Data that was on the disk is damaged.
    #[error(transparent)]
    Corrupt(#[from] CorruptLog),
    /// Data that was on the disk is gone.
    #[error(
        "the log in {} ends at offset {end}, but all below {recovery_point} was on the disk: files were removed or cut. \
         Restore them from a copy; or, to go on without those records, remove this partition's line from \
         recovery-point-offset-checkpoint, and start again",
        dir.display()
    )]
    Missing {
        /// The log's directory.
        dir: PathBuf,
        /// Where the log ends.
        end: Offset,
        /// Where it ended at the least.
        recovery_point: Offset,
    },
    /// The leader epochs are of an unknown format.
    #[error(transparent)]
    Epochs(#[from] CheckpointError),
}

/// Damage that is no torn tail: cutting it off could lose acknowledged records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} is corrupt at byte {position} (offset {offset}): {reason}. Nothing was changed. Restore this file from a \
     copy; or, to give up the records from there on, cut it (truncate -s {position}), remove this partition's later \
     .log files and its line in recovery-point-offset-checkpoint, and start again",
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

/// The files of a log's directory.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Base offsets and sizes, in order.
    pub segments: Vec<(Offset, u64)>,
    pub snapshots: Vec<Offset>,
    pub dir_is_new: bool,
}

impl Log {
    /// Opens the log in `dir`, which is made if it is absent, and tells `replay` what the producers did.
    ///
    /// After an unclean stop the batches from the recovery point on are verified. A torn tail is cut off and
    /// nothing else is: damage below the recovery point, or damage that is no hole and has whole batches behind
    /// it, is [`OpenError::Corrupt`]. What was found is on the disk when this returns.
    pub fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        config: Arc<LogConfig>,
        state: OpenState,
        replay: &mut dyn FnMut(Replay<'_>),
    ) -> Result<(Log, Recovery), OpenError> {
        let dir: Arc<Path> = dir.into();
        let mut found = look(&*disk, &dir)?;
        drop_below_start(&*disk, &dir, &mut found, state.log_start_offset)?;
        let mut recovery = Recovery::default();
        let chain = Chain { disk: &*disk, dir: &dir, config: &config, state };
        let (sealed, active) = chain.restore(&found, &mut recovery)?;
        let end = active.end;
        if end < state.recovery_point && !found.dir_is_new {
            let dir = dir.to_path_buf();
            return Err(OpenError::Missing { dir, end, recovery_point: state.recovery_point });
        }
        let first = sealed.first().map_or(active.segment.base, |first| first.segment.base);
        let epochs = LeaderEpochs::read(&*disk, &dir);
        let mut log = Log {
            disk,
            dir,
            config,
            sealed: Arc::new(sealed),
            active,
            start: first.max(state.log_start_offset),
            durability: Durability::new(end, found.dir_is_new),
            epochs: LeaderEpochs::default(),
            stopped: None,
            tail_is_uncertain: false,
            retired: Vec::new(),
        };
        log.restore_epochs(epochs, state, &recovery)?;
        recovery.replayed_batches = log.replay(found.snapshots, replay)?;
        if !state.clean && !found.dir_is_new {
            log.sync_all(state.recovery_point)?;
        }
        Ok((log, recovery))
    }

    /// Takes the epochs from their file as far as they fit the log, and the rest from the batches.
    fn restore_epochs(
        &mut self,
        read: Result<Option<LeaderEpochs>, CheckpointError>,
        state: OpenState,
        recovery: &Recovery,
    ) -> Result<(), OpenError> {
        let (mut epochs, from) = match read {
            Ok(Some(epochs)) if state.clean => (epochs, self.active.end),
            Ok(Some(epochs)) => (epochs, state.recovery_point),
            Ok(None) => (LeaderEpochs::default(), self.start),
            Err(error @ CheckpointError::Malformed { .. }) => {
                tracing::warn!(%error, "leader epochs are worked out from the log");
                (LeaderEpochs::default(), self.start)
            }
            Err(error) => return Err(error.into()),
        };
        if recovery.truncated_at.is_some() {
            epochs.truncate_from_end(self.active.end);
        }
        self.walk_headers(from, &mut |header| epochs.assign(header.leader_epoch, header.base_offset))?;
        epochs.truncate_from_end(self.active.end);
        self.epochs = epochs;
        Ok(())
    }

    /// Brings all that may not be on the disk there, after a stop of which nobody knows what it left in memory.
    fn sync_all(&mut self, recovery_point: Offset) -> Result<(), DiskError> {
        for sealed in self.sealed.iter().filter(|sealed| sealed.end >= recovery_point) {
            sync_log(&sealed.segment)?;
            sealed.segment.sync_indexes(&*self.disk)?;
        }
        sync_log(&self.active.segment)?;
        self.active.sync_cut_indexes(&*self.disk)?;
        self.disk.sync_dir(&self.dir).map_err(DiskError::of(Action::Sync, &self.dir))?;
        if let Some(parent) = self.dir.parent() {
            self.disk.sync_dir(parent).map_err(DiskError::of(Action::Sync, parent))?;
        }
        self.durability.all_synced(self.active.end);
        Ok(())
    }
}

/// Makes the directory or lists it, and removes what an interrupted deletion or replacement left.
fn look(disk: &dyn Disk, dir: &Path) -> Result<Found, DiskError> {
    let mut found = Found::default();
    let entries = match disk.list(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            disk.create_dir_all(dir).map_err(DiskError::of(Action::Create, dir))?;
            found.dir_is_new = true;
            return Ok(found);
        }
        Err(error) => return Err(DiskError::of(Action::List, dir)(error)),
    };
    let mut indexes = Vec::new();
    for entry in entries {
        let leftover = [".deleted", ".tmp"].iter().any(|suffix| entry.name.ends_with(suffix));
        match segment_files::parse(&entry.name) {
            Some((base, FileKind::Log)) => found.segments.push((base, entry.size_bytes)),
            Some((offset, FileKind::Snapshot)) => found.snapshots.push(offset),
            Some((base, kind)) => indexes.push((base, kind)),
            None if leftover && !entry.is_dir => remove_if_there(disk, &dir.join(&entry.name))?,
            None => {}
        }
    }
    found.segments.sort_unstable();
    for (base, kind) in indexes {
        if found.segments.binary_search_by_key(&base, |&(base, _)| base).is_err() {
            remove_if_there(disk, &segment_files::path(dir, base, kind))?;
        }
    }
    Ok(found)
}

/// Removes segments that lie wholly below the log start offset, oldest first; none that no producer snapshot covers: it
/// alone tells what its producers did, until retention takes a snapshot and then removes it.
fn drop_below_start(disk: &dyn Disk, dir: &Path, found: &mut Found, start: Offset) -> Result<(), DiskError> {
    let newest = found.snapshots.iter().copied().max();
    let goes = |end: Offset| end <= start && newest.is_some_and(|newest| newest >= end);
    let below = found.segments.windows(2).take_while(|pair| goes(pair[1].0)).count();
    for (base, _) in found.segments.drain(..below) {
        deletion::remove_segment(disk, dir, base)?;
    }
    Ok(())
}

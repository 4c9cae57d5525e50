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
use crate::cleaner::{SwapLeft, settle_swap};
use crate::config::LogConfig;
use crate::disk::{Action, DirEntry, Disk, DiskError};
use crate::leader_epochs::LeaderEpochs;
use crate::log::Log;
use crate::segment::remove_if_there;
use crate::segment_files::{self, FileKind};

/// What is known of a log before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenState {
    /// Whether the broker was stopped in order: then the files are taken as they are.
    pub clean: bool,
    /// Whether all that the last run left is on the disk: the file system was synced since
    /// ([`Disk::sync_file_system`]). Then only what recovery itself changes has to be brought there.
    pub settled: bool,
    /// From `recovery-point-offset-checkpoint`: all below was on the disk. [`Offset::ZERO`] if not known, and for
    /// a partition that is new: an entry of a deleted topic's namesake must not be given here.
    pub recovery_point: Offset,
    /// From `log-start-offset-checkpoint`, [`Offset::ZERO`] if the file has no word of the log; [`Offset::UNKNOWN`] if
    /// there is no such file.
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

/// How an operator says that a log may end earlier than it did.
const GIVE_UP_END: &str = "stop the broker, remove recovery-point-offset-checkpoint and .kafka_cleanshutdown from the \
     data directory (all logs are then read through once), and start again";

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
         Restore them from a copy; or, to go on without those records, {GIVE_UP_END}",
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
    /// The first records are gone.
    #[error(
        "the log in {} begins at offset {first}, but it should begin at {start}: files were removed. Restore them from \
         a copy; or, to go on without those records, stop the broker, remove log-start-offset-checkpoint, and start again",
        dir.display()
    )]
    MissingStart {
        /// The log's directory.
        dir: PathBuf,
        /// Where it begins.
        first: Offset,
        /// Where it should begin.
        start: Offset,
    },
    /// The log is not the one that was closed.
    #[error(
        "the log in {} ends at offset {end}, but it was closed at {recovery_point}: these are not the files that were \
         here. Put the right ones back; or, to use what is there, {GIVE_UP_END}",
        dir.display()
    )]
    Foreign {
        /// The log's directory.
        dir: PathBuf,
        /// Where the log ends.
        end: Offset,
        /// Where it was closed.
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
     .log files, and {GIVE_UP_END}",
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
        mut state: OpenState,
        replay: &mut dyn FnMut(Replay<'_>),
    ) -> Result<(Log, Recovery), OpenError> {
        let dir: Arc<Path> = dir.into();
        let mut found = look(&*disk, &dir, config.index_interval_bytes)?;
        check_beginning(&dir, &found, state)?;
        state.log_start_offset = state.log_start_offset.max(Offset::ZERO);
        drop_below_start(&*disk, &dir, &mut found, state.log_start_offset)?;
        let mut recovery = Recovery::default();
        let chain = Chain { disk: &*disk, dir: &dir, config: &config, state };
        let (sealed, active) = chain.restore(&found, &mut recovery)?;
        let end = active.end;
        if !found.dir_is_new {
            check_end(&dir, end, state)?;
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
            swapping: None,
        };
        log.restore_epochs(epochs, state, &recovery)?;
        recovery.replayed_batches = log.replay(found.snapshots, replay)?;
        let segment_is_new = found.segments.last().is_none_or(|&(base, _)| base != log.active.segment.base);
        if segment_is_new && !found.dir_is_new {
            log.durability.names_changed();
        }
        if !state.clean && !found.dir_is_new {
            let changed = segment_is_new || recovery.truncated_at.is_some();
            log.bring_to_disk(state, changed)?;
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
        let read = match read {
            Ok(Some(epochs)) if !self.has_epochs(&epochs)? => {
                tracing::warn!(dir = %self.dir.display(), "leader-epoch-checkpoint is not this log's: leader epochs are worked out from the log");
                Ok(None)
            }
            read => read,
        };
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

    /// Whether each epoch begins in the log where the file says so.
    fn has_epochs(&self, epochs: &LeaderEpochs) -> Result<bool, DiskError> {
        for &(epoch, start) in epochs.entries() {
            let (first, before) = (self.header_at(start)?, self.header_at(start.plus(-1))?);
            let begins = first.is_none_or(|first| first.leader_epoch == epoch);
            if !begins || before.is_some_and(|before| before.leader_epoch >= epoch) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// After a stop of which nobody knows what it left in memory.
    fn bring_to_disk(&mut self, state: OpenState, changed: bool) -> Result<(), DiskError> {
        // Segments from the recovery point on were walked, and got their indexes anew.
        let walked_sealed = self.sealed.last().is_some_and(|sealed| sealed.end >= state.recovery_point);
        if state.settled && !changed && !walked_sealed {
            return self.active.sync_cut_indexes(&*self.disk);
        }
        self.sync_all(state.recovery_point)
    }

    /// Brings all that may not be on the disk there.
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

/// The log start is written down before segments below it are removed: a log that begins later has lost files.
fn check_beginning(dir: &Path, found: &Found, state: OpenState) -> Result<(), OpenError> {
    match found.segments.first() {
        Some(&(first, _)) if state.log_start_offset >= Offset::ZERO && first > state.log_start_offset => {
            Err(OpenError::MissingStart { dir: dir.to_path_buf(), first, start: state.log_start_offset })
        }
        _ => Ok(()),
    }
}

/// A log reaches to where it was known to be on the disk, and after a clean stop not beyond it.
fn check_end(dir: &Path, end: Offset, state: OpenState) -> Result<(), OpenError> {
    let (dir, recovery_point) = (dir.to_path_buf(), state.recovery_point);
    if end < recovery_point {
        return Err(OpenError::Missing { dir, end, recovery_point });
    }
    if state.clean && recovery_point > Offset::ZERO && end > recovery_point {
        return Err(OpenError::Foreign { dir, end, recovery_point });
    }
    Ok(())
}

/// Makes the directory or lists it, and ends what was interrupted: replacements, deletions, compactions.
fn look(disk: &dyn Disk, dir: &Arc<Path>, index_interval_bytes: u32) -> Result<Found, OpenError> {
    let mut found = Found::default();
    let entries = match disk.list(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            disk.create_dir_all(dir).map_err(DiskError::of(Action::Create, dir))?;
            found.dir_is_new = true;
            return Ok(found);
        }
        Err(error) => return Err(DiskError::of(Action::List, dir)(error).into()),
    };
    let entries = settle_swaps(disk, dir, entries, index_interval_bytes)?;
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

/// Ends the compactions that were cut short; the files that are there then.
fn settle_swaps(
    disk: &dyn Disk,
    dir: &Arc<Path>,
    entries: Vec<DirEntry>,
    index_interval_bytes: u32,
) -> Result<Vec<DirEntry>, OpenError> {
    let left: Vec<(&str, SwapLeft)> =
        entries.iter().filter_map(|entry| Some((&*entry.name, SwapLeft::parse(&entry.name)?))).collect();
    if left.is_empty() {
        return Ok(entries);
    }
    let base_of = |entry: &DirEntry| match segment_files::parse(&entry.name) {
        Some((base, FileKind::Log)) => Some(base),
        _ => None,
    };
    let segments: Vec<Offset> = entries.iter().filter_map(base_of).collect();
    for (name, left) in left {
        match left {
            SwapLeft::Waste => remove_if_there(disk, &dir.join(name))?,
            SwapLeft::Segment(base) => settle_swap((disk, dir), base, &segments, index_interval_bytes)?,
        }
    }
    Ok(disk.list(dir).map_err(DiskError::of(Action::List, dir))?)
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

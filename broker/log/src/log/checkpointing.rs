//! Writing what lets a restart begin at the durable offset instead of the log's start.

use std::path::Path;
use std::sync::Arc;

use klamm_model::{LeaderEpoch, Offset};

use super::{Log, StopReason};
use crate::disk::{Action, Disk, DiskError};
use crate::leader_epochs;
use crate::producer_snapshot::{self, ProducerSnapshotEntry};
use crate::segment::remove_if_there;
use crate::segment_files::{self, FileKind};

/// Snapshots that are kept: the newest, and one before it should that be damaged.
const KEPT_SNAPSHOTS: usize = 2;

/// Why a log couldn't be closed in order: it must be recovered at the next start.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// The log was stopped before.
    #[error("{0}")]
    Stopped(Arc<StopReason>),
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// The half of a checkpoint that waits for the disk; from [`Log::begin_checkpoint`].
#[derive(Debug)]
#[must_use = "nothing is written before the ticket is run"]
pub struct CheckpointTicket {
    disk: Arc<dyn Disk>,
    dir: Arc<Path>,
    epochs: Option<Vec<String>>,
    offset: Offset,
}

impl CheckpointTicket {
    /// Writes, and gives the offset for [`Log::finish_checkpoint`]. Blocks: not under the partition's lock, and
    /// not while an earlier ticket of this log runs.
    pub fn run(self) -> Result<Offset, DiskError> {
        if let Some(lines) = self.epochs {
            leader_epochs::write_changes(&*self.disk, &self.dir, lines)?;
        }
        Ok(self.offset)
    }
}

/// The half of a producer snapshot that waits for the disk; from [`Log::begin_producer_snapshot`].
#[derive(Debug)]
#[must_use = "nothing is written before the ticket is run"]
pub struct SnapshotTicket {
    disk: Arc<dyn Disk>,
    dir: Arc<Path>,
    offset: Offset,
    durable: Offset,
}

impl SnapshotTicket {
    /// Writes the snapshot, and removes those that no recovery needs any more. Blocks: not under the partition's
    /// lock, and not while an earlier ticket of this log runs.
    pub fn run(self, entries: &[ProducerSnapshotEntry]) -> Result<(), DiskError> {
        let disk = Arc::clone(&self.disk);
        self.run_on(&*disk, entries)
    }

    /// The same by way of `disk`: a [`LateDisk`](crate::disk::LateDisk) over this log's own.
    pub fn run_on(self, disk: &dyn Disk, entries: &[ProducerSnapshotEntry]) -> Result<(), DiskError> {
        let path = |offset| segment_files::path(&self.dir, offset, FileKind::Snapshot);
        producer_snapshot::write(disk, &path(self.offset), entries)?;
        let mut older = snapshots(disk, &self.dir)?;
        older.retain(|&other| other < self.offset);
        let surplus = older.len().saturating_sub(KEPT_SNAPSHOTS - 1);
        // One that the recovery of unsynced batches could have to go back to is needed still.
        let needed = older.iter().rposition(|&other| other <= self.durable).unwrap_or(0);
        for &old in &older[..surplus.min(needed)] {
            remove_if_there(disk, &path(old))?;
        }
        Ok(())
    }
}

impl Log {
    /// Writes indexes and leader epochs, and gives the offset for `recovery-point-offset-checkpoint`: all below it
    /// is on the disk, and so is all that a recovery from there needs.
    pub fn checkpoint(&mut self) -> Result<Offset, DiskError> {
        let ticket = self.begin_checkpoint()?;
        let result = ticket.run();
        self.finish_checkpoint(result)
    }

    /// The first half of [`Log::checkpoint`], which does not wait for the disk.
    pub fn begin_checkpoint(&mut self) -> Result<CheckpointTicket, DiskError> {
        let mut epochs = None;
        if self.stopped.is_none() {
            self.active.write_indexes(&*self.disk)?;
            epochs = self.epochs.take_changes();
        }
        let (disk, dir) = (Arc::clone(&self.disk), Arc::clone(&self.dir));
        Ok(CheckpointTicket { disk, dir, epochs, offset: self.durability.offset })
    }

    /// Takes a checkpoint's result back; see [`Log::checkpoint`].
    pub fn finish_checkpoint(&mut self, result: Result<Offset, DiskError>) -> Result<Offset, DiskError> {
        result.inspect_err(|_| self.epochs.keep_changes())
    }

    /// Writes a producer snapshot of the state of all batches below `offset`, and removes those that no recovery
    /// needs any more.
    pub fn write_producer_snapshot(
        &mut self,
        offset: Offset,
        entries: &[ProducerSnapshotEntry],
    ) -> Result<(), DiskError> {
        self.begin_producer_snapshot(offset).run(entries)
    }

    /// The first half of [`Log::write_producer_snapshot`], which does not touch the disk.
    pub fn begin_producer_snapshot(&self, offset: Offset) -> SnapshotTicket {
        let (disk, dir) = (Arc::clone(&self.disk), Arc::clone(&self.dir));
        SnapshotTicket { disk, dir, offset, durable: self.durability.offset }
    }

    /// Records that `epoch` begins at `start`, if it is new.
    pub fn assign_epoch(&mut self, epoch: LeaderEpoch, start: Offset) {
        self.epochs.assign(epoch, start);
    }

    /// The largest epoch not above `epoch` and where it ends, as OffsetForLeaderEpoch answers (KIP-101, KIP-279);
    /// `None` if `epoch` is newer than all in the log.
    pub fn epoch_end_offset(&self, epoch: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        self.epochs.end_offset(epoch, self.active.end)
    }

    /// The epoch of the record at `offset`, if it is known.
    pub fn epoch_of(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.epochs.of(offset)
    }

    /// The newest epoch.
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.epochs.latest()
    }

    /// Flushes and writes everything that a clean start needs; the end offset. Blocks.
    pub fn close(&mut self) -> Result<Offset, CloseError> {
        let disk = Arc::clone(&self.disk);
        self.close_on(&*disk)
    }

    /// The same, but small files are written by way of `disk`: a [`LateDisk`](crate::disk::LateDisk) over this log's own.
    pub fn close_on(&mut self, disk: &dyn Disk) -> Result<Offset, CloseError> {
        if let Some(ticket) = self.begin_flush() {
            let result = ticket.run();
            self.finish_flush(ticket, result);
        }
        if let Some(reason) = &self.stopped {
            return Err(CloseError::Stopped(Arc::clone(reason)));
        }
        if self.tail_is_uncertain {
            self.active.cut_tail()?;
            self.tail_is_uncertain = false;
        }
        if self.active.write_final_indexes(disk)? {
            self.active.sync_indexes(disk)?;
            disk.sync_dir(&self.dir).map_err(DiskError::of(Action::Sync, &self.dir))?;
        }
        self.epochs.write(disk, &self.dir)?;
        Ok(self.active.end)
    }

    pub(super) fn remove_snapshots_beyond(&mut self, end: Offset) -> Result<(), DiskError> {
        for offset in snapshots(&*self.disk, &self.dir)?.into_iter().filter(|&offset| offset > end) {
            remove_if_there(&*self.disk, &self.snapshot_path(offset))?;
        }
        Ok(())
    }
}

/// Offsets of the snapshots that are there, in order.
fn snapshots(disk: &dyn Disk, dir: &Path) -> Result<Vec<Offset>, DiskError> {
    let entries = disk.list(dir).map_err(DiskError::of(Action::List, dir))?;
    let snapshot = |name: &str| match segment_files::parse(name) {
        Some((offset, FileKind::Snapshot)) => Some(offset),
        _ => None,
    };
    let mut offsets: Vec<Offset> = entries.iter().filter_map(|entry| snapshot(&entry.name)).collect();
    offsets.sort_unstable();
    Ok(offsets)
}

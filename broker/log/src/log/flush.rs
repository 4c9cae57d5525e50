//! Making appended batches durable.

use std::path::Path;
use std::sync::Arc;

use klamm_model::Offset;

use crate::disk::{Action, Disk, DiskError};
use crate::log::Log;
use crate::segment::{SealedSegment, Segment};
use crate::segment_files::FileKind;

/// What of the log is on the disk and what is not.
#[derive(Debug)]
pub(super) struct Durability {
    /// All below is on the disk.
    pub offset: Offset,
    /// Sealed segments that are not on the disk as a whole, oldest first.
    unsynced: Vec<Arc<SealedSegment>>,
    /// How often a name in the directory was made, and how many of those were on the disk for sure.
    names_made: u64,
    names_synced: u64,
    /// The log's directory itself may be missing after a crash.
    dir_is_new: bool,
    /// How often the log was cut: a ticket from before says nothing about what came after.
    cuts: u64,
}

/// Why a log takes no more writes.
#[derive(Debug, thiserror::Error)]
#[error(
    "this partition's log is stopped: {cause}. Records that were not acknowledged may be lost; reads go on. Check \
     the disk, then restart the broker"
)]
pub struct StopReason {
    /// The failure.
    pub cause: DiskError,
}

/// A flush that failed: what it covered must count as lost.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct FlushError(#[from] pub DiskError);

/// Work that makes all appended so far durable; from [`Log::begin_flush`].
#[derive(Debug)]
#[must_use = "nothing is durable before the ticket is run and given back"]
pub struct FlushTicket {
    disk: Arc<dyn Disk>,
    dir: Arc<Path>,
    upto: Offset,
    sealed: Vec<Arc<SealedSegment>>,
    active: Arc<Segment>,
    names: Option<u64>,
    dir_is_new: bool,
    cuts: u64,
}

impl Durability {
    pub(super) fn new(offset: Offset, dir_is_new: bool) -> Durability {
        let names_made = u64::from(dir_is_new);
        Durability { offset, unsynced: Vec::new(), names_made, names_synced: 0, dir_is_new, cuts: 0 }
    }

    pub(super) fn sealed(&mut self, segment: &Arc<SealedSegment>) {
        self.unsynced.push(Arc::clone(segment));
    }

    pub(super) fn names_changed(&mut self) {
        self.names_made += 1;
    }

    pub(super) fn has_unsynced_names(&self) -> bool {
        self.names_made != self.names_synced
    }

    pub(super) fn names_synced(&mut self) {
        self.names_synced = self.names_made;
    }

    /// A segment is deleted: nothing of it needs to be on the disk.
    pub(super) fn retired(&mut self, segment: &Arc<SealedSegment>) {
        self.unsynced.retain(|unsynced| !Arc::ptr_eq(unsynced, segment));
    }

    /// The log was cut at `end`, durably.
    pub(super) fn cut(&mut self, end: Offset) {
        self.offset = self.offset.min(end);
        self.unsynced.retain(|segment| segment.segment.base < end);
        self.cuts += 1;
    }

    /// The log was brought to the disk as a whole, names included.
    pub(super) fn all_synced(&mut self, end: Offset) {
        self.offset = end;
        self.unsynced.clear();
        self.names_synced = self.names_made;
        self.dir_is_new = false;
    }

    fn is_complete(&self, end: Offset) -> bool {
        self.offset == end && self.unsynced.is_empty() && !self.has_unsynced_names()
    }
}

impl FlushTicket {
    /// Makes it durable. Blocks for as long as the disk takes: not to be called under the partition's lock.
    ///
    /// In the log's order, so that a later segment is never on the disk for sure while an earlier one isn't.
    pub fn run(&self) -> Result<(), FlushError> {
        for sealed in &self.sealed {
            sync_log(&sealed.segment)?;
            sealed.segment.sync_indexes(&*self.disk)?;
        }
        sync_log(&self.active)?;
        if self.names.is_some() {
            self.disk.sync_dir(&self.dir).map_err(DiskError::of(Action::Sync, &self.dir))?;
        }
        if let (true, Some(parent)) = (self.dir_is_new, self.dir.parent()) {
            self.disk.sync_dir(parent).map_err(DiskError::of(Action::Sync, parent))?;
        }
        Ok(())
    }

    /// All below this is durable once the ticket was run.
    pub fn upto(&self) -> Offset {
        self.upto
    }
}

pub(super) fn sync_log(segment: &Segment) -> Result<(), DiskError> {
    let error = |source| DiskError { action: Action::Sync, path: segment.path(FileKind::Log), source };
    segment.file.sync_data().map_err(error)
}

impl Log {
    /// What must be done so that all appended so far is durable; `None` if it is, or the log is stopped.
    pub fn begin_flush(&mut self) -> Option<FlushTicket> {
        let durability = &self.durability;
        if self.stopped.is_some() || durability.is_complete(self.active.end) {
            return None;
        }
        Some(FlushTicket {
            disk: Arc::clone(&self.disk),
            dir: Arc::clone(&self.dir),
            upto: self.active.end,
            sealed: durability.unsynced.clone(),
            active: Arc::clone(&self.active.segment),
            names: durability.has_unsynced_names().then_some(durability.names_made),
            dir_is_new: durability.dir_is_new,
            cuts: durability.cuts,
        })
    }

    /// Takes a ticket back: advances [`Log::durable_offset`], or stops the log for good, since after a failed
    /// fsync nobody knows what is on the disk.
    #[expect(clippy::needless_pass_by_value, reason = "a ticket counts once")]
    pub fn finish_flush(&mut self, ticket: FlushTicket, result: Result<(), FlushError>) {
        if let Err(FlushError(cause)) = result {
            self.stop(cause);
            return;
        }
        let durability = &mut self.durability;
        if ticket.cuts != durability.cuts || self.stopped.is_some() {
            return;
        }
        durability.offset = durability.offset.max(ticket.upto);
        durability.unsynced.retain(|left| !ticket.sealed.iter().any(|done| Arc::ptr_eq(done, left)));
        durability.names_synced = durability.names_synced.max(ticket.names.unwrap_or(0));
        durability.dir_is_new &= !ticket.dir_is_new;
    }

    /// Why the log takes no writes, if it takes none.
    pub fn stopped(&self) -> Option<&Arc<StopReason>> {
        self.stopped.as_ref()
    }

    /// Takes no writes from now on; the first reason stays.
    pub(super) fn stop(&mut self, cause: DiskError) -> Arc<StopReason> {
        let reason = self.stopped.get_or_insert_with(|| {
            tracing::error!(dir = %self.dir.display(), error = %cause, "log stopped: it takes no more writes");
            Arc::new(StopReason { cause })
        });
        Arc::clone(reason)
    }
}

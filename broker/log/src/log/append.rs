//! Appending batches.

use std::sync::Arc;

use klamm_model::{Offset, TimestampMs};
use klamm_records::PlacedBatch;

use crate::disk::{Action, DiskError};
use crate::log::{Log, StopReason};
use crate::segment::{ActiveSegment, Segment};
use crate::segment_files::FileKind;

/// What an append did beside appending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Appended {
    /// A new segment with this base offset was begun before the batch: the time for a producer snapshot, of the
    /// state before this batch.
    pub rolled: Option<Offset>,
}

/// Why a batch was not appended. The log is as it was.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// An earlier failure stopped this log for writing.
    #[error("{0}")]
    Stopped(Arc<StopReason>),
    /// No room; it can be tried again when there is.
    #[error("{0}; free some space or lower retention: writes are taken again as soon as there is room")]
    DiskFull(DiskError),
    /// The disk failed; the log is stopped now.
    #[error("{0}")]
    Disk(Arc<StopReason>),
    /// The batch does not begin at the log's end.
    #[error("batch {base_offset} to {last_offset} can't follow a log that ends at {end}")]
    OutOfOrder {
        /// The batch's first offset.
        base_offset: Offset,
        /// The batch's last offset.
        last_offset: Offset,
        /// The log's end.
        end: Offset,
    },
    /// The batch is larger than a segment can be (2^31-1 bytes).
    #[error("a batch of {size_bytes} bytes can't be in a segment")]
    TooLarge {
        /// Its size.
        size_bytes: usize,
    },
}

impl Log {
    /// Appends a batch at the end, which its base offset must be. It is in the page cache then; [`Log::begin_flush`] makes
    /// it durable.
    pub fn append(&mut self, batch: &PlacedBatch, now: TimestampMs) -> Result<Appended, AppendError> {
        self.check_order(batch)?;
        self.repair_tail()?;
        let rolled =
            if self.active.is_over_for(&batch.header, &self.config, now) { self.roll(now)? } else { None };
        self.active.take_room_ahead(&*self.disk, batch.size_bytes() as u64);
        if let Err(source) = self.active.segment.file.write_at(self.active.size, &batch.parts()) {
            self.tail_is_uncertain = true;
            let path = self.active.segment.path(FileKind::Log);
            return Err(self.refuse(DiskError { action: Action::Write, path, source }));
        }
        self.active.note(&batch.header, self.config.index_interval_bytes);
        self.write_full_index_pages();
        self.epochs.assign(batch.header.leader_epoch, batch.header.base_offset);
        Ok(Appended { rolled })
    }

    /// Seals the active segment if its time (`segment.ms`) is over. The new segment's base offset.
    pub fn roll_if_due(&mut self, now: TimestampMs) -> Result<Option<Offset>, AppendError> {
        if self.active.is_old(now, &self.config, now) { self.roll(now) } else { Ok(None) }
    }

    fn check_order(&self, batch: &PlacedBatch) -> Result<(), AppendError> {
        if let Some(reason) = &self.stopped {
            return Err(AppendError::Stopped(Arc::clone(reason)));
        }
        let header = &batch.header;
        if header.base_offset != self.active.end || header.last_offset_delta < 0 {
            let (base_offset, last_offset) = (header.base_offset, header.last_offset());
            return Err(AppendError::OutOfOrder { base_offset, last_offset, end: self.active.end });
        }
        if batch.size_bytes() > i32::MAX as usize {
            return Err(AppendError::TooLarge { size_bytes: batch.size_bytes() });
        }
        Ok(())
    }

    /// Seals the active segment and begins the next one at the log's end; nothing if the active one is empty.
    pub(super) fn roll(&mut self, now: TimestampMs) -> Result<Option<Offset>, AppendError> {
        let base = self.active.end;
        if base == self.active.segment.base {
            return Ok(None);
        }
        match self.begin_segment(base, now) {
            Ok(next) => {
                let previous = std::mem::replace(&mut self.active, next);
                let sealed = Arc::new(previous.seal());
                self.durability.sealed(&sealed);
                Arc::make_mut(&mut self.sealed).push(sealed);
                Ok(Some(base))
            }
            Err(error) => Err(self.refuse(error)),
        }
    }

    fn begin_segment(&mut self, base: Offset, now: TimestampMs) -> Result<ActiveSegment, DiskError> {
        // A power cut may keep a later name and lose an earlier one: a log that lost its first segment would look like
        // one that begins later. Seldom needed, since a flush syncs the names too.
        if self.durability.has_unsynced_names() {
            self.disk.sync_dir(&self.dir).map_err(DiskError::of(Action::Sync, &self.dir))?;
            self.durability.names_synced();
        }
        self.active.write_final_indexes(&*self.disk)?;
        let segment = Segment::create(&*self.disk, &self.dir, base)?;
        self.durability.names_changed();
        self.active.give_room_back();
        Ok(ActiveSegment::empty(segment, now))
    }

    /// Removes what a failed write may have left behind the log's end.
    fn repair_tail(&mut self) -> Result<(), AppendError> {
        if self.tail_is_uncertain {
            self.active.cut_tail().map_err(|error| self.refuse(error))?;
            self.tail_is_uncertain = false;
        }
        Ok(())
    }

    /// Index pages can be written again from the log: a failure here refuses nothing and is tried again.
    fn write_full_index_pages(&mut self) {
        if !self.active.offset_index.is_page_full() {
            return;
        }
        if let Err(error) = self.active.write_indexes(&*self.disk) {
            tracing::warn!(%error, "index entries stay in memory");
        }
    }

    /// A full disk refuses this write, any other failure all that follow.
    pub(super) fn refuse(&mut self, error: DiskError) -> AppendError {
        if error.is_full() && error.action != Action::Sync {
            return AppendError::DiskFull(error);
        }
        AppendError::Disk(self.stop(error))
    }
}

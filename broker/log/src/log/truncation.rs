//! Cutting a log's end off, as a follower does that has what its leader has not.

use std::io;
use std::sync::Arc;

use klamm_model::{Offset, TimestampMs};

use super::Log;
use super::deletion::remove_segment;
use super::open::{OpenError, OpenState, Recovery};
use super::recovery::Chain;
use crate::disk::{Action, DiskError};
use crate::scanner::{Scanner, Step};

impl Log {
    /// Removes all from `offset` on; a batch that holds `offset` goes whole. The new end, which is on the disk.
    ///
    /// Not below the high watermark: nothing is cut there, and what is compacted lies there whole. While a swap is under way, an
    /// offset below its end is refused.
    ///
    /// The caller lowers the recovery point checkpoint first, to the first offset of the batch that goes, or else a crash would
    /// make the log look damaged.
    pub fn truncate_to(&mut self, offset: Offset, now: TimestampMs) -> Result<Offset, OpenError> {
        if offset >= self.active.end {
            return Ok(self.active.end);
        }
        if self.swapping.is_some_and(|(_, end)| offset < end || offset <= self.start) {
            let source = io::Error::new(io::ErrorKind::ResourceBusy, "the log is being compacted there");
            return Err(DiskError { action: Action::Truncate, path: self.dir.to_path_buf(), source }.into());
        }
        let state = OpenState {
            clean: false,
            settled: false,
            recovery_point: Offset::ZERO,
            log_start_offset: offset,
            now,
        };
        if offset <= self.start {
            self.drop_all()?;
            self.active = self.chain(state).begin(offset)?;
            self.start = offset;
        } else {
            self.cut_behind(offset, state)?;
        }
        let end = self.active.end;
        self.tail_is_uncertain = false;
        self.durability.cut(end);
        self.durability.names_changed();
        self.epochs.truncate_from_end(end);
        self.epochs.write(&*self.disk, &self.dir)?;
        self.remove_snapshots_beyond(end)?;
        self.disk.sync_dir(&self.dir).map_err(DiskError::of(Action::Sync, &self.dir))?;
        Ok(end)
    }

    fn chain(&self, state: OpenState) -> Chain<'_> {
        Chain { disk: &*self.disk, dir: &self.dir, config: &self.config, state }
    }

    /// The newest first: what is left after a crash in between is a chain.
    fn drop_all(&mut self) -> Result<(), DiskError> {
        remove_segment(&*self.disk, &self.dir, self.active.segment.base)?;
        while let Some(last) = self.sealed.last() {
            remove_segment(&*self.disk, &self.dir, last.segment.base)?;
            Arc::make_mut(&mut self.sealed).pop();
        }
        Ok(())
    }

    /// Makes the segment that holds `offset` the last one, without what begins at or reaches to `offset`.
    fn cut_behind(&mut self, offset: Offset, state: OpenState) -> Result<(), OpenError> {
        let mut last = (Arc::clone(&self.active.segment), self.active.size);
        while offset < last.0.base {
            remove_segment(&*self.disk, &self.dir, last.0.base)?;
            let Some(sealed) = Arc::make_mut(&mut self.sealed).pop() else { break };
            last = (Arc::clone(&sealed.segment), sealed.size);
        }
        let (segment, size) = last;
        // The index on the disk may lag behind for the active segment; from an earlier place the way is only longer.
        let written = (segment.base == self.active.segment.base).then(|| self.active.offset_index.written());
        let place = segment.place_before(&*self.disk, offset, written)?;
        let mut scanner = Scanner::from(&segment, place, size);
        let (mut size, mut end) = (place.position, place.offset);
        while let Step::Batch { position, header } = scanner.next_batch()? {
            if header.next_offset() > offset {
                break;
            }
            size = position + header.size_bytes() as u64;
            end = header.next_offset();
        }
        segment.file.truncate(size).map_err(DiskError::of(Action::Truncate, &self.dir))?;
        segment.file.sync_data().map_err(DiskError::of(Action::Sync, &self.dir))?;
        let state = OpenState { recovery_point: end, ..state };
        let mut active = self.chain(state).walk((segment.base, size), &mut Recovery::default())?.segment;
        // An entry of what is gone must not come back after a crash, when other batches stand there.
        active.write_indexes(&*self.disk)?;
        active.sync_indexes(&*self.disk)?;
        self.active = active;
        Ok(())
    }
}

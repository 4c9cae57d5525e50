//! The segment that a cleaning writes.

use std::path::Path;
use std::sync::Arc;

use klamm_model::{LeaderEpoch, Offset, TimestampMs};
use klamm_records::BatchHeader;

use super::swap::CLEANED;
use crate::disk::{Action, Disk, DiskError};
use crate::segment::{ActiveSegment, SealedSegment, Segment};
use crate::segment_files::FileKind;

/// Positions in a segment are 31 bits for Kafka's tools and indexes.
const MOST_BYTES: u64 = i32::MAX as u64;

/// A `.cleaned` segment that grows.
#[derive(Debug)]
pub(super) struct Output<'a> {
    disk: &'a dyn Disk,
    active: ActiveSegment,
    index_interval_bytes: u32,
    /// What is not in the file yet, and when it is written.
    buffer: Vec<u8>,
    buffer_bytes: usize,
    /// Batches that went since the last that stayed, all of one epoch: the first offset.
    gap: Option<(Offset, LeaderEpoch)>,
}

impl<'a> Output<'a> {
    pub(super) fn create(
        disk: &'a dyn Disk,
        dir: &Arc<Path>,
        base: Offset,
        (index_interval_bytes, buffer_bytes): (u32, usize),
    ) -> Result<Output<'a>, DiskError> {
        let segment = Segment::create_named(disk, dir, base, CLEANED)?;
        let active = ActiveSegment::empty(segment, TimestampMs(0));
        Ok(Output { disk, active, index_interval_bytes, buffer: Vec::new(), buffer_bytes, gap: None })
    }

    pub(super) fn segment(&self) -> &Arc<Segment> {
        &self.active.segment
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.active.size
    }

    /// Whether a batch of so many bytes can still come, with what stands before it for those that went.
    pub(super) fn has_room_for(&self, bytes: usize) -> bool {
        self.active.size + bytes as u64 + 1024 <= MOST_BYTES
    }

    /// Adds a batch.
    pub(super) fn keep(&mut self, header: &BatchHeader, bytes: &[u8]) -> Result<(), DiskError> {
        self.close_gap(header.base_offset)?;
        self.push(header, bytes)
    }

    /// Leaves a batch out.
    pub(super) fn leave_out(&mut self, header: &BatchHeader) -> Result<(), DiskError> {
        if self.gap.is_some_and(|(_, epoch)| epoch != header.leader_epoch) {
            // Where a leader epoch begins must be seen in the log itself.
            self.close_gap(header.base_offset)?;
        }
        self.gap.get_or_insert((header.base_offset, header.leader_epoch));
        Ok(())
    }

    fn close_gap(&mut self, end: Offset) -> Result<(), DiskError> {
        if let Some((first, epoch)) = self.gap.take() {
            let filler = BatchHeader::filler(first, end.plus(-1), epoch);
            self.push(&filler, &filler.write())?;
        }
        Ok(())
    }

    fn push(&mut self, header: &BatchHeader, bytes: &[u8]) -> Result<(), DiskError> {
        self.buffer.extend_from_slice(bytes);
        self.active.note(header, self.index_interval_bytes);
        if self.buffer.len() >= self.buffer_bytes { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), DiskError> {
        let position = self.active.size - self.buffer.len() as u64;
        let file = &self.active.segment.file;
        let written = file.write_at(position, &[&self.buffer]);
        written.map_err(DiskError::of(Action::Write, &self.active.segment.path(FileKind::Log)))?;
        self.buffer.clear();
        if self.active.offset_index.is_page_full() {
            self.active.write_indexes(self.disk)?;
        }
        Ok(())
    }

    /// Brings all to the disk, but for the names.
    pub(super) fn finish(mut self, end: Offset) -> Result<SealedSegment, DiskError> {
        self.close_gap(end)?;
        self.write()?;
        self.active.write_final_indexes(self.disk)?;
        self.active.sync_indexes(self.disk)?;
        let path = self.active.segment.path(FileKind::Log);
        self.active.segment.file.sync_data().map_err(DiskError::of(Action::Sync, &path))?;
        Ok(self.active.seal())
    }
}

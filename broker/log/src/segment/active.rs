//! The segment that is appended to.

use std::sync::Arc;

use klamm_model::{Offset, TimestampMs};
use klamm_records::BatchHeader;

use super::room_ahead::RoomAhead;
use super::{SealedSegment, Segment};
use crate::config::LogConfig;
use crate::disk::{Action, Disk, DiskError, OpenMode};
use crate::index::{Entry, GrowingIndex, OffsetEntry, TimeEntry};
use crate::segment_files::FileKind;

/// The last segment of a log.
#[derive(Debug)]
pub(crate) struct ActiveSegment {
    pub segment: Arc<Segment>,
    /// Bytes that count; the file may have more after a failed write.
    pub size: u64,
    /// The offset after its last record; its base offset if it is empty.
    pub end: Offset,
    pub offset_index: GrowingIndex<OffsetEntry>,
    pub time_index: GrowingIndex<TimeEntry>,
    /// Indexes were written since they were last made durable.
    pub indexes_unsynced: bool,
    /// The largest timestamp so far and the last offset of the first batch that has it.
    pub newest: Option<TimeEntry>,
    bytes_since_entry: u64,
    room_ahead: RoomAhead,
    /// The largest timestamp of the first batch: its age is the segment's (`LogSegment.timeWaitedForRoll`).
    first_timestamp: Option<TimestampMs>,
    created: TimestampMs,
}

impl ActiveSegment {
    pub(crate) fn empty(segment: Arc<Segment>, now: TimestampMs) -> ActiveSegment {
        ActiveSegment {
            end: segment.base,
            segment,
            size: 0,
            offset_index: GrowingIndex::new(),
            time_index: GrowingIndex::new(),
            indexes_unsynced: false,
            newest: None,
            bytes_since_entry: 0,
            room_ahead: RoomAhead::default(),
            first_timestamp: None,
            created: now,
        }
    }

    /// Takes up indexes that are on the disk, of the batches before `size`.
    pub(crate) fn resume(
        &mut self,
        offsets: GrowingIndex<OffsetEntry>,
        times: GrowingIndex<TimeEntry>,
        first_timestamp: TimestampMs,
    ) {
        self.newest = times.last();
        self.offset_index = offsets;
        self.time_index = times;
        self.first_timestamp = Some(first_timestamp);
    }

    /// Goes on behind a batch that has the last index entry.
    pub(crate) fn continue_from(&mut self, indexed: &BatchHeader, position: u64) {
        self.size = position + indexed.size_bytes() as u64;
        self.bytes_since_entry = indexed.size_bytes() as u64;
        self.end = indexed.next_offset();
    }

    /// Takes note of the batch that stands at the end of what was noted so far.
    pub(crate) fn note(&mut self, header: &BatchHeader, index_interval_bytes: u32) {
        let relative = self.segment.relative(header.last_offset());
        let timestamp = header.max_timestamp;
        self.first_timestamp.get_or_insert(timestamp);
        if let Some(TimestampMs(timestamp_ms)) = header.newest()
            && self.newest.is_none_or(|newest| newest.timestamp_ms < timestamp_ms)
        {
            self.newest = Some(TimeEntry { timestamp_ms, relative });
        }
        if self.bytes_since_entry > u64::from(index_interval_bytes) {
            self.offset_index.push(OffsetEntry { relative, position: self.size as u32 });
            self.push_newest();
            self.bytes_since_entry = 0;
        }
        self.size += header.size_bytes() as u64;
        self.bytes_since_entry += header.size_bytes() as u64;
        self.end = header.next_offset();
    }

    fn push_newest(&mut self) {
        if let Some(newest) = self.newest {
            self.time_index.push(newest);
        }
    }

    /// Whether a batch must begin a new segment (`LogSegment.shouldRoll`).
    pub(crate) fn is_over_for(&self, batch: &BatchHeader, config: &LogConfig, now: TimestampMs) -> bool {
        let bytes = batch.size_bytes() as u64;
        let too_far = batch.last_offset().0 - self.segment.base.0 > i64::from(i32::MAX);
        let full = self.size + bytes > u64::from(config.segment_bytes);
        too_far
            || (self.size > 0 && full)
            || self.is_old(batch.max_timestamp, config, now)
            || self.indexes_are_full(config)
    }

    /// Whether `segment.ms` is over when a record of this timestamp comes.
    pub(crate) fn is_old(&self, timestamp: TimestampMs, config: &LogConfig, now: TimestampMs) -> bool {
        let waited = match self.first_timestamp {
            Some(first) if first.0 >= 0 => timestamp.0.saturating_sub(first.0),
            _ => now.0.saturating_sub(self.created.0),
        };
        self.size > 0 && waited > config.segment_ms.saturating_sub(config.segment_jitter_ms)
    }

    fn indexes_are_full(&self, config: &LogConfig) -> bool {
        let limit = config.segment_index_bytes as usize;
        self.offset_index.len() >= (limit / OffsetEntry::BYTES).max(1)
            || self.time_index.len() + 1 >= (limit / TimeEntry::BYTES).max(2)
    }

    /// Writes the index entries that are in memory.
    pub(crate) fn write_indexes(&mut self, disk: &dyn Disk) -> Result<(), DiskError> {
        let offsets = self.offset_index.write(disk, &self.segment.path(FileKind::OffsetIndex))?;
        let times = self.time_index.write(disk, &self.segment.path(FileKind::TimeIndex))?;
        self.indexes_unsynced |= offsets || times;
        Ok(())
    }

    /// Writes the index entries with the one that ends the time index, as for a segment that gets no more batches.
    /// Whether something was written that is not on the disk for sure.
    pub(crate) fn write_final_indexes(&mut self, disk: &dyn Disk) -> Result<bool, DiskError> {
        self.push_newest();
        self.write_indexes(disk)?;
        // Kafka's tools read a time index only beside an offset index, be it an empty one.
        if self.offset_index.len() == 0 && self.time_index.len() > 0 {
            let path = self.segment.path(FileKind::OffsetIndex);
            disk.open(&path, OpenMode::Create).map_err(DiskError::of(Action::Open, &path))?;
            self.indexes_unsynced = true;
        }
        Ok(self.indexes_unsynced)
    }

    /// Makes the written index files durable.
    pub(crate) fn sync_indexes(&mut self, disk: &dyn Disk) -> Result<(), DiskError> {
        if self.indexes_unsynced {
            self.segment.sync_indexes(disk)?;
            self.indexes_unsynced = false;
        }
        Ok(())
    }

    /// If the index files have entries that do not count: takes them away for good. They would count again if they came
    /// back after a crash, when other batches stand at their places.
    pub(crate) fn sync_cut_indexes(&mut self, disk: &dyn Disk) -> Result<(), DiskError> {
        if self.offset_index.differs_from_file() || self.time_index.differs_from_file() {
            self.write_indexes(disk)?;
            self.sync_indexes(disk)?;
        }
        Ok(())
    }

    /// Cuts the file back to what counts, durably: what a failed write left must not mix with what comes.
    pub(crate) fn cut_tail(&self) -> Result<(), DiskError> {
        let path = self.segment.path(FileKind::Log);
        self.segment.file.truncate(self.size).map_err(DiskError::of(Action::Truncate, &path))?;
        self.segment.file.sync_data().map_err(DiskError::of(Action::Sync, &path))
    }

    /// Takes room on the disk for the next `bytes` and some more, if that is worth it and there is plenty. Where there is
    /// none, the write will tell.
    pub(crate) fn take_room_ahead(&mut self, disk: &dyn Disk, bytes: u64) {
        let Some(room) = self.room_ahead.wanted(self.size, self.size + bytes) else { return };
        let is_plenty = disk.free_space(&self.segment.dir).is_ok_and(|free| free >= RoomAhead::PLENTY_BYTES);
        if !is_plenty || self.segment.file.reserve(room.start, room.end - room.start).is_err() {
            self.room_ahead.refused();
        }
    }

    /// Gives back the room that was taken and is not used.
    pub(crate) fn give_room_back(&self) {
        if !RoomAhead::may_be_left(self.size) {
            return;
        }
        if let Err(error) = self.segment.file.truncate(self.size) {
            let path = self.segment.path(FileKind::Log);
            tracing::warn!(path = %path.display(), %error, "a sealed segment keeps room on the disk that it does not use");
        }
    }

    /// The same segment, not appended to any more.
    pub(crate) fn seal(&self) -> SealedSegment {
        SealedSegment::new(Arc::clone(&self.segment), self.size, self.end, self.newest)
    }
}

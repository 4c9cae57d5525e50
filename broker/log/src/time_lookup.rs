//! Finding records by time, in two steps as reading: a view under the lock, the disk outside it.

use std::sync::Arc;

use klamm_model::{LeaderEpoch, Offset, TimestampMs};
use klamm_records::{BatchError, BatchHeader, BatchView};

use crate::disk::{Disk, DiskError};
use crate::index::{OffsetEntry, TimeEntry, last_in_file};
use crate::log::{CorruptLog, Log};
use crate::read_view::ReadError;
use crate::scanner::{Scanner, Step};
use crate::segment::{Place, SealedSegment, Segment};
use crate::segment_files::FileKind;

/// Which record is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeQuery {
    /// The first record whose timestamp is this or later.
    AtOrAfter(TimestampMs),
    /// The first record with the largest timestamp (KIP-734).
    MaxTimestamp,
}

/// A record's place in time and log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampAndOffset {
    /// Its timestamp.
    pub timestamp: TimestampMs,
    /// Its offset.
    pub offset: Offset,
    /// The leader epoch of its batch.
    pub leader_epoch: LeaderEpoch,
}

/// A lookup that is prepared.
#[derive(Debug)]
pub struct TimeView {
    disk: Arc<dyn Disk>,
    query: TimeQuery,
    start: Offset,
    upto: Offset,
    sealed: Arc<Vec<Arc<SealedSegment>>>,
    active: Part,
}

/// A segment as a lookup sees it.
#[derive(Debug)]
struct Part {
    segment: Arc<Segment>,
    size: u64,
    newest: Option<TimeEntry>,
    /// Entries in the index files, and those that are in memory yet; `None` and none for a sealed segment.
    written: Option<(usize, usize)>,
    offsets: Vec<OffsetEntry>,
    times: Vec<TimeEntry>,
}

impl TimeView {
    pub(crate) fn new(log: &Log, query: TimeQuery, upto: Offset) -> TimeView {
        let active = log.active();
        let part = Part {
            segment: Arc::clone(&active.segment),
            size: active.size,
            newest: active.newest,
            written: Some((active.offset_index.written(), active.time_index.written())),
            offsets: active.offset_index.unwritten().to_vec(),
            times: active.time_index.unwritten().to_vec(),
        };
        TimeView {
            disk: Arc::clone(log.disk()),
            query,
            start: log.start_offset(),
            upto,
            sealed: Arc::clone(log.sealed()),
            active: part,
        }
    }

    /// Looks; reads from the disk, and decompresses one batch after the other that may have the record, each to at most
    /// `max_uncompressed_bytes`. `None` if there is no such record.
    pub fn find(self, max_uncompressed_bytes: usize) -> Result<Option<TimestampAndOffset>, ReadError> {
        let parts = self.parts()?;
        match self.query {
            TimeQuery::AtOrAfter(time) => self.first_from(&parts, time.0, max_uncompressed_bytes),
            TimeQuery::MaxTimestamp => match self.largest(&parts, max_uncompressed_bytes)? {
                Some(time) => self.first_from(&parts, time, max_uncompressed_bytes),
                None => Ok(None),
            },
        }
    }

    /// The segments that have something in `start..upto`, in order.
    fn parts(&self) -> Result<Vec<Part>, ReadError> {
        let mut parts = Vec::new();
        for sealed in self.sealed.iter().filter(|sealed| sealed.end > self.start) {
            if sealed.segment.base < self.upto {
                let newest = sealed.newest(&*self.disk)?;
                let segment = Arc::clone(&sealed.segment);
                parts.push(Part {
                    segment,
                    size: sealed.size,
                    newest,
                    written: None,
                    offsets: vec![],
                    times: vec![],
                });
            }
        }
        if self.active.segment.base < self.upto {
            parts.push(self.active.clone_shallow());
        }
        Ok(parts)
    }

    /// The first record of this time or later.
    fn first_from(
        &self,
        parts: &[Part],
        time: i64,
        max_uncompressed_bytes: usize,
    ) -> Result<Option<TimestampAndOffset>, ReadError> {
        for part in parts.iter().filter(|part| part.newest.is_some_and(|newest| newest.timestamp_ms >= time))
        {
            let place = part.place_before_time(&*self.disk, time)?;
            let mut found = None;
            part.walk(place, self.start, self.upto, &mut |scanner, position, header| {
                if header.newest().is_some_and(|newest| newest.0 >= time) {
                    let bytes = scanner.bytes(position, header.size_bytes())?;
                    found = self
                        .first_record(&bytes, time, max_uncompressed_bytes)
                        .map_err(|reason| part.corrupt(position, header.base_offset, reason.to_string()))?;
                }
                Ok(found.is_none())
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn first_record(
        &self,
        bytes: &[u8],
        time: i64,
        limit: usize,
    ) -> Result<Option<TimestampAndOffset>, BatchError> {
        let batch = BatchView::read(bytes)?;
        let mut records = batch.records(limit)?;
        while let Some(record) = records.next_record()? {
            if record.timestamp.0 >= time && record.offset >= self.start && record.offset < self.upto {
                let leader_epoch = batch.header.leader_epoch;
                return Ok(Some(TimestampAndOffset {
                    timestamp: record.timestamp,
                    offset: record.offset,
                    leader_epoch,
                }));
            }
        }
        Ok(None)
    }

    /// The largest timestamp in `start..upto`.
    fn largest(&self, parts: &[Part], limit: usize) -> Result<Option<i64>, ReadError> {
        let mut largest: Option<i64> = None;
        for part in parts {
            let Some(newest) = part.newest else { continue };
            let offset = part.segment.absolute(newest.relative);
            if offset >= self.start && offset < self.upto && !self.begins_before(part, newest)? {
                largest = largest.max(Some(newest.timestamp_ms));
                continue;
            }
            // The newest record is not among those that count: only the batches can tell the next one.
            part.walk(part.segment.beginning(), self.start, self.upto, &mut |scanner, position, header| {
                let counts = header.last_offset() < self.upto;
                let newest = if header.base_offset >= self.start {
                    header.newest().map(|newest| newest.0)
                } else {
                    let bytes = scanner.bytes(position, header.size_bytes())?;
                    self.newest_record(&bytes, limit)
                        .map_err(|reason| part.corrupt(position, header.base_offset, reason.to_string()))?
                };
                largest = largest.max(newest.filter(|_| counts));
                Ok(true)
            })?;
        }
        Ok(largest)
    }

    /// Whether the batch of a time entry begins before the log's start: its time may be that of a record that is deleted,
    /// or the only record behind the start was cleaned away.
    fn begins_before(&self, part: &Part, entry: TimeEntry) -> Result<bool, ReadError> {
        if part.segment.base >= self.start {
            return Ok(false);
        }
        let offset = part.segment.absolute(entry.relative);
        let mut scanner = Scanner::from(&part.segment, part.place_before(&*self.disk, entry)?, part.size);
        while let Step::Batch { header, .. } = scanner.next_batch()? {
            if header.last_offset() >= offset {
                return Ok(header.base_offset < self.start);
            }
        }
        Ok(true)
    }

    /// The largest timestamp of a batch's records from the log's start on.
    fn newest_record(&self, bytes: &[u8], limit: usize) -> Result<Option<i64>, BatchError> {
        let batch = BatchView::read(bytes)?;
        let mut records = batch.records(limit)?;
        let mut newest = None;
        while let Some(record) = records.next_record()? {
            if record.offset >= self.start && record.timestamp.0 >= 0 {
                newest = newest.max(Some(record.timestamp.0));
            }
        }
        Ok(newest)
    }
}

type Visit<'v> = dyn FnMut(&mut Scanner<'_>, u64, &BatchHeader) -> Result<bool, ReadError> + 'v;

impl Part {
    fn clone_shallow(&self) -> Part {
        Part {
            segment: Arc::clone(&self.segment),
            offsets: self.offsets.clone(),
            times: self.times.clone(),
            ..*self
        }
    }

    /// A place at or before the first record of this time or later.
    fn place_before_time(&self, disk: &dyn Disk, time: i64) -> Result<Place, ReadError> {
        // An entry of this very time won't do: a damaged one may name a later batch of the same time.
        let earlier = |entry: &TimeEntry| entry.timestamp_ms < time;
        if let Some(last) = self.times.partition_point(earlier).checked_sub(1) {
            return Ok(self.place_before(disk, self.times[last])?);
        }
        let path = self.segment.path(FileKind::TimeIndex);
        let written = self.written.map(|(_, times)| times);
        let Some((_, entry)) = last_in_file(disk, &path, written, earlier)? else {
            return Ok(self.segment.beginning());
        };
        let place = self.place_before(disk, entry)?;
        // Whatever is wrong in the file, the search ends at a wrong entry then, or before the right one.
        if self.segment.has_time(entry, place, self.size)? { Ok(place) } else { Ok(self.segment.beginning()) }
    }

    /// A place at or before the batch of a time entry.
    fn place_before(&self, disk: &dyn Disk, entry: TimeEntry) -> Result<Place, DiskError> {
        let not_behind = |offset: &OffsetEntry| offset.relative <= entry.relative;
        if let Some(last) = self.offsets.partition_point(not_behind).checked_sub(1) {
            return self.segment.place_of(self.offsets[last]);
        }
        let offset = self.segment.absolute(entry.relative);
        // A hint is of the batch that begins with an offset; an entry is of one that ends with it.
        self.segment.place_of_entry(disk, offset, self.written.map(|(offsets, _)| offsets))
    }

    /// Visits the batches from `place` on that have something in `start..upto`, as long as `visit` says so.
    fn walk(
        &self,
        place: Place,
        start: Offset,
        upto: Offset,
        visit: &mut Visit<'_>,
    ) -> Result<(), ReadError> {
        let mut scanner = Scanner::from(&self.segment, place, self.size);
        loop {
            match scanner.next_batch()? {
                Step::Batch { header, .. } if header.base_offset >= upto => return Ok(()),
                Step::Batch { header, .. } if header.last_offset() < start => {}
                Step::Batch { position, header } => {
                    if !visit(&mut scanner, position, &header)? {
                        return Ok(());
                    }
                }
                Step::End => return Ok(()),
                Step::Bad { position, reason } => return Err(self.corrupt(position, start, reason)),
            }
        }
    }

    fn corrupt(&self, position: u64, offset: Offset, reason: String) -> ReadError {
        let file = self.segment.path(FileKind::Log);
        CorruptLog { file, position, offset, reason }.into()
    }
}

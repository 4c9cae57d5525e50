//! Building the chain of segments from the files.

use std::path::Path;
use std::sync::Arc;

use klamm_model::Offset;
use klamm_records::BatchHeader;

use super::damage::{self, BadPlace, Damage};
use super::open::{CorruptLog, Found, OpenError, OpenState, Recovery};
use crate::config::LogConfig;
use crate::disk::{Action, Disk, DiskError};
use crate::index::{Entry, GrowingIndex, OffsetEntry, TimeEntry, last_in_file, read_all};
use crate::scanner::{Scanner, Step};
use crate::segment::{ActiveSegment, Place, SealedSegment, Segment};
use crate::segment_files::{self, FileKind};

/// What is needed to build the chain.
pub(super) struct Chain<'a> {
    pub disk: &'a dyn Disk,
    pub dir: &'a Arc<Path>,
    pub config: &'a LogConfig,
    pub state: OpenState,
}

/// Indexes on the disk that can be relied on.
struct Usable {
    offsets: GrowingIndex<OffsetEntry>,
    last: OffsetEntry,
    times: GrowingIndex<TimeEntry>,
}

/// A segment that was walked through to where it can be read.
pub(super) struct Walked {
    pub segment: ActiveSegment,
    /// Where it stops being readable before its end, and why.
    bad: Option<(u64, String)>,
}

impl Chain<'_> {
    /// The sealed segments and the active one.
    pub(super) fn restore(
        &self,
        found: &Found,
        recovery: &mut Recovery,
    ) -> Result<(Vec<Arc<SealedSegment>>, ActiveSegment), OpenError> {
        let Some(last) = found.segments.len().checked_sub(1) else {
            return Ok((Vec::new(), self.begin(self.state.log_start_offset)?));
        };
        let first_walked = if self.state.clean {
            last
        } else {
            // The segment that ends at the recovery point is walked too: its records were on the disk, its indexes may
            // not have been, since it could still be the active one then.
            let point = self.state.recovery_point;
            found.segments.partition_point(|&(base, _)| base < point).saturating_sub(1)
        };
        let mut sealed = Vec::with_capacity(last);
        for pair in found.segments[..=first_walked].windows(2) {
            let segment = Segment::open(self.disk, self.dir, pair[0].0)?;
            sealed.push(Arc::new(SealedSegment::new(segment, pair[0].1, pair[1].0, None)));
        }
        for index in first_walked..=last {
            let later = &found.segments[index + 1..];
            let mut walked = self.walk(found.segments[index], recovery)?;
            if self.settle(&mut walked, found.segments[index].1, later, recovery)? || later.is_empty() {
                return self.finish(sealed, walked.segment);
            }
            walked.segment.write_final_indexes(self.disk)?;
            sealed.push(Arc::new(walked.segment.seal()));
        }
        Ok((sealed, self.begin(self.state.log_start_offset)?))
    }

    /// The chain as it is, unless all of it lies below the log start offset.
    fn finish(
        &self,
        sealed: Vec<Arc<SealedSegment>>,
        active: ActiveSegment,
    ) -> Result<(Vec<Arc<SealedSegment>>, ActiveSegment), OpenError> {
        if active.end >= self.state.log_start_offset {
            return Ok((sealed, active));
        }
        // What was lost in a crash had been deleted before it.
        for base in sealed.iter().map(|sealed| sealed.segment.base).chain([active.segment.base]) {
            super::deletion::remove_segment(self.disk, self.dir, base)?;
        }
        Ok((Vec::new(), self.begin(self.state.log_start_offset)?))
    }

    pub(super) fn begin(&self, base: Offset) -> Result<ActiveSegment, DiskError> {
        Ok(ActiveSegment::empty(Segment::create(self.disk, self.dir, base)?, self.state.now))
    }

    /// Goes through a segment from its last usable index entry on; verifies what is not known to be on the disk.
    pub(super) fn walk(
        &self,
        (base, size): (Offset, u64),
        recovery: &mut Recovery,
    ) -> Result<Walked, OpenError> {
        let segment = Segment::open(self.disk, self.dir, base)?;
        let mut active = ActiveSegment::empty(Arc::clone(&segment), self.state.now);
        if !self.resume(&mut active, size)? {
            active.offset_index = GrowingIndex::instead_of(self.disk, &segment.path(FileKind::OffsetIndex))?;
            active.time_index = GrowingIndex::instead_of(self.disk, &segment.path(FileKind::TimeIndex))?;
            let rebuilt = active.offset_index.differs_from_file() || active.time_index.differs_from_file();
            recovery.rebuilt_indexes += u32::from(rebuilt);
        }
        let place = Place { position: active.size, offset: active.end };
        let mut scanner = Scanner::from(&segment, place, size);
        loop {
            let bad = match scanner.next_batch()? {
                Step::End => return Ok(Walked { segment: active, bad: None }),
                Step::Bad { position, reason } => (position, reason),
                Step::Batch { position, header } => {
                    // After a clean stop it is the little behind the last index entry, and all of it was acknowledged.
                    let known = !self.state.clean && header.last_offset() < self.state.recovery_point;
                    let verdict = if known { Ok(()) } else { scanner.verify(position, &header)? };
                    match verdict {
                        Ok(()) => {
                            active.note(&header, self.config.index_interval_bytes);
                            recovery.verified_bytes += if known { 0 } else { header.size_bytes() as u64 };
                            continue;
                        }
                        Err(reason) => (position, reason.to_string()),
                    }
                }
            };
            return Ok(Walked { segment: active, bad: Some(bad) });
        }
    }

    /// Takes up the indexes on the disk as far as they can be relied on; whether they could.
    fn resume(&self, active: &mut ActiveSegment, size: u64) -> Result<bool, OpenError> {
        let segment = Arc::clone(&active.segment);
        let usable = if self.state.clean {
            self.closed_indexes(&segment, size)
        } else {
            self.open_indexes(&segment, size)
        };
        let Some(Usable { offsets, last, times }) = usable? else { return Ok(false) };
        let header = |position| match Scanner::new(&segment, position, size).next_batch() {
            Ok(Step::Batch { header, .. }) => Ok(Some(header)),
            Ok(_) => Ok(None),
            Err(error) => Err(error),
        };
        let (Some(first), Some(indexed)) = (header(0)?, header(u64::from(last.position))?) else {
            return Ok(false);
        };
        if indexed.last_offset() != segment.absolute(last.relative) {
            return Ok(false);
        }
        if !self.times_are_right((&segment, size), &times, &indexed, last)? {
            return Ok(false);
        }
        active.resume(offsets, times, first.max_timestamp);
        active.continue_from(&indexed, u64::from(last.position));
        Ok(true)
    }

    /// Whether the last time entry is true, and no batch behind it up to the last offset entry is newer: entries may be
    /// missing.
    fn times_are_right(
        &self,
        (segment, size): (&Segment, u64),
        times: &GrowingIndex<TimeEntry>,
        indexed: &BatchHeader,
        last: OffsetEntry,
    ) -> Result<bool, DiskError> {
        let Some(newest) = times.last() else { return Ok(indexed.newest().is_none()) };
        let end = u64::from(last.position) + indexed.size_bytes() as u64;
        let place = segment.place_of_entry(self.disk, segment.absolute(newest.relative), None)?;
        let place = if place.position < end { place } else { segment.beginning() };
        let right = segment.has_time(newest, place, size)?;
        Ok(right && segment.newest_from(place, end, Some(newest))? == Some(newest))
    }

    /// The indexes of a segment that was closed in order, as they are. Time entries may go beyond the last offset entry,
    /// since one ends the file.
    fn closed_indexes(&self, segment: &Segment, size: u64) -> Result<Option<Usable>, DiskError> {
        let fits = |entry: &OffsetEntry| u64::from(entry.position) < size;
        let offsets = last_in_file(self.disk, &segment.path(FileKind::OffsetIndex), None, fits)?;
        let times = last_in_file::<TimeEntry>(self.disk, &segment.path(FileKind::TimeIndex), None, |_| true)?;
        let (Some((index, last)), Some((time_index, newest))) = (offsets, times) else { return Ok(None) };
        Ok(Some(Usable {
            offsets: GrowingIndex::of_file(index + 1, Some(last), true),
            last,
            times: GrowingIndex::of_file(time_index + 1, Some(newest), true),
        }))
    }

    /// As much of the indexes as is sure after an unclean stop: below the recovery point, and no further than the time
    /// index is there, whose end may be lost while that of the other is not.
    fn open_indexes(&self, segment: &Segment, size: u64) -> Result<Option<Usable>, DiskError> {
        let point = segment.relative(self.state.recovery_point.max(segment.base));
        let (mut times, times_bytes) = read_all::<TimeEntry>(self.disk, &segment.path(FileKind::TimeIndex))?;
        let Some(newest) = times.last() else { return Ok(None) };
        let upto = point.min(newest.relative.saturating_add(1));
        let (offsets, offsets_bytes) =
            read_all::<OffsetEntry>(self.disk, &segment.path(FileKind::OffsetIndex))?;
        let count =
            offsets.partition_point(|entry| entry.relative < upto && u64::from(entry.position) < size);
        let Some(last) = count.checked_sub(1).map(|last| offsets[last]) else { return Ok(None) };
        times.truncate(times.partition_point(|entry| entry.relative <= last.relative));
        Ok(Some(Usable {
            offsets: GrowingIndex::of_file(count, Some(last), offsets_bytes == count * OffsetEntry::BYTES),
            last,
            times: GrowingIndex::of_file(
                times.len(),
                times.last().copied(),
                times_bytes == times.len() * TimeEntry::BYTES,
            ),
        }))
    }

    /// Decides what becomes of a segment that can't be read to its end, or does not reach the next one: an error, or
    /// the log ends here. Whether it does.
    fn settle(
        &self,
        walked: &mut Walked,
        size: u64,
        later: &[(Offset, u64)],
        recovery: &mut Recovery,
    ) -> Result<bool, OpenError> {
        let end = walked.segment.end;
        let next = later.first().map(|&(base, _)| base);
        let bad = match walked.bad.take() {
            Some(bad) => bad,
            None if next.is_none_or(|next| next == end) => return Ok(false),
            None => (size, format!("the next segment begins at offset {}", next.unwrap_or(end))),
        };
        let more_segments = later.iter().any(|&(_, size)| size > 0);
        let place = BadPlace { position: bad.0, expected: end, size, more_segments };
        let known_here = end < self.state.recovery_point || self.state.clean;
        let overlaps = next.is_some_and(|next| next < end);
        let damage = match bad.0 == size && !overlaps {
            _ if known_here || overlaps => Damage::Corrupt,
            true => Damage::Torn { hole: more_segments },
            false => damage::judge(&walked.segment.segment, place)?,
        };
        match damage {
            Damage::Corrupt => {
                let file = walked.segment.segment.path(FileKind::Log);
                Err(CorruptLog { file, position: bad.0, offset: end, reason: bad.1 }.into())
            }
            Damage::Torn { hole } => {
                self.cut(&walked.segment, size, hole, later, recovery)?;
                Ok(true)
            }
        }
    }

    /// Ends the log where `segment` stops being readable.
    fn cut(
        &self,
        segment: &ActiveSegment,
        size: u64,
        hole: bool,
        later: &[(Offset, u64)],
        recovery: &mut Recovery,
    ) -> Result<(), DiskError> {
        let file = segment.segment.path(FileKind::Log);
        let bytes = size - segment.size + later.iter().map(|&(_, size)| size).sum::<u64>();
        tracing::warn!(
            file = %file.display(), position = segment.size, offset = %segment.end, bytes, batches_behind = hole,
            "cut off what was not on the disk yet when the broker stopped"
        );
        segment.cut_tail()?;
        // The newest first: what is left after a crash in between is a chain again.
        for &(base, _) in later.iter().rev() {
            super::deletion::remove_segment(self.disk, self.dir, base)?;
        }
        recovery.truncated_bytes += bytes;
        recovery.truncated_at = Some((file, segment.size));
        recovery.discarded_behind_hole |= hole;
        let path = segment_files::path(self.dir, segment.segment.base, FileKind::Log);
        self.disk.sync_dir(self.dir).map_err(DiskError::of(Action::Sync, &path))
    }
}

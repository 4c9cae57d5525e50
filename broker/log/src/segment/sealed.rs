//! A segment that is not appended to any more.

use std::sync::{Arc, OnceLock};

use klamm_model::Offset;

use super::Segment;
use crate::disk::{Disk, DiskError};
use crate::index::{TimeEntry, read_last};
use crate::scanner::{Scanner, Step};
use crate::segment_files::FileKind;

/// A sealed segment.
#[derive(Debug)]
pub(crate) struct SealedSegment {
    pub segment: Arc<Segment>,
    pub size: u64,
    /// The next segment's base offset.
    pub end: Offset,
    newest: OnceLock<Option<TimeEntry>>,
}

impl SealedSegment {
    pub(crate) fn new(
        segment: Arc<Segment>,
        size: u64,
        end: Offset,
        newest: Option<TimeEntry>,
    ) -> SealedSegment {
        let known = OnceLock::new();
        if let Some(newest) = newest {
            let _ = known.set(Some(newest));
        }
        SealedSegment { segment, size, end, newest: known }
    }

    /// The largest timestamp, and the last offset of the first batch that has it; `None` if there are no timestamps.
    /// Read from the time index when it is asked for the first time, or from the batches if there is none.
    pub(crate) fn newest(&self, disk: &dyn Disk) -> Result<Option<TimeEntry>, DiskError> {
        if let Some(newest) = self.newest.get() {
            return Ok(*newest);
        }
        let newest = self.find_newest(disk)?;
        Ok(*self.newest.get_or_init(|| newest))
    }

    /// Whether there is a record: compaction may have left none.
    pub(crate) fn has_records(&self) -> Result<bool, DiskError> {
        let mut scanner = Scanner::from(&self.segment, self.segment.beginning(), self.size);
        loop {
            match scanner.next_batch()? {
                Step::Batch { header, .. } if header.record_count == 0 => {}
                Step::End => return Ok(false),
                Step::Batch { .. } | Step::Bad { .. } => return Ok(true),
            }
        }
    }

    /// By the last entry of the time index, if it is true, and the batches behind it: entries may be missing.
    fn find_newest(&self, disk: &dyn Disk) -> Result<Option<TimeEntry>, DiskError> {
        let segment = &self.segment;
        if let Some(last) = read_last::<TimeEntry>(disk, &segment.path(FileKind::TimeIndex))? {
            let place = segment.place_of_entry(disk, segment.absolute(last.relative), None)?;
            if segment.has_time(last, place, self.size)? {
                return segment.newest_from(place, self.size, Some(last));
            }
        }
        segment.newest_from(segment.beginning(), self.size, None)
    }
}

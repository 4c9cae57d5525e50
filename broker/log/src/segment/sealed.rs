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
        let mut newest = read_last::<TimeEntry>(disk, &self.segment.path(FileKind::TimeIndex))?;
        if newest.is_none() {
            newest = self.scan_for_newest()?;
        }
        Ok(*self.newest.get_or_init(|| newest))
    }

    fn scan_for_newest(&self) -> Result<Option<TimeEntry>, DiskError> {
        let mut newest: Option<TimeEntry> = None;
        let mut scanner = Scanner::new(&self.segment, 0, self.size);
        while let Step::Batch { header, .. } = scanner.next_batch()? {
            let timestamp_ms = header.max_timestamp.0;
            if timestamp_ms >= 0 && newest.is_none_or(|newest| newest.timestamp_ms < timestamp_ms) {
                newest =
                    Some(TimeEntry { timestamp_ms, relative: self.segment.relative(header.last_offset()) });
            }
        }
        Ok(newest)
    }
}

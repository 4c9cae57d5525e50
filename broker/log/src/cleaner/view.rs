//! A log as its cleaning sees it: segments that nothing is appended to, read without the log's lock.

use std::path::Path;
use std::sync::Arc;

use klamm_model::{Offset, TimestampMs};

use super::policy::{CleanRules, Cleanable};
use crate::config::LogConfig;
use crate::disk::{Action, Disk, DiskError, OpenMode};
use crate::scanner::{Scanner, Step};
use crate::segment::SealedSegment;
use crate::segment_files::FileKind;

/// The sealed segments below a bound; from [`crate::Log::cleaning_view`].
#[derive(Debug)]
pub struct CleaningView {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) dir: Arc<Path>,
    pub(super) config: Arc<LogConfig>,
    /// Oldest first.
    pub(super) sealed: Vec<Arc<SealedSegment>>,
    start: Offset,
    end: Offset,
}

/// Neighbouring segments that become one.
#[derive(Debug)]
pub struct Group(pub(super) Vec<Arc<SealedSegment>>);

impl CleaningView {
    pub(crate) fn new(
        (disk, dir): (Arc<dyn Disk>, Arc<Path>),
        config: Arc<LogConfig>,
        sealed: Vec<Arc<SealedSegment>>,
        (start, end): (Offset, Offset),
    ) -> CleaningView {
        CleaningView { disk, dir, config, sealed, start, end }
    }

    /// How much there is to clean if all below `cleaned` was before (`LogCleanerManager.cleanableOffsets`). An offset
    /// that the log can't have counts as none.
    pub fn assess(
        &self,
        cleaned: Option<Offset>,
        rules: &CleanRules,
        now: TimestampMs,
    ) -> Result<Cleanable, DiskError> {
        let known = cleaned.filter(|cleaned| (self.start..=self.end).contains(cleaned));
        let first_dirty = known.unwrap_or(self.start);
        let (mut clean_bytes, mut dirty_bytes, mut is_overdue) = (0, 0, false);
        let mut upto = first_dirty;
        for sealed in &self.sealed {
            if sealed.end <= first_dirty {
                clean_bytes += sealed.size;
                continue;
            }
            if rules.min_lag_ms > 0 && self.is_younger(sealed, now, rules.min_lag_ms)? {
                break;
            }
            dirty_bytes += sealed.size;
            is_overdue = is_overdue || has_waited(sealed, now, rules.max_lag_ms)?;
            upto = sealed.end;
        }
        Ok(Cleanable { first_dirty, upto, clean_bytes, dirty_bytes, is_overdue })
    }

    fn is_younger(&self, sealed: &SealedSegment, now: TimestampMs, lag_ms: i64) -> Result<bool, DiskError> {
        let newest = sealed.newest(&*self.disk)?;
        Ok(newest.is_some_and(|newest| newest.timestamp_ms > now.0.saturating_sub(lag_ms)))
    }

    /// The segments that have offsets below `upto`, as they are copied together: each group fits into one segment
    /// (`Cleaner.groupSegmentsBySize`).
    pub fn groups(&self, upto: Offset) -> Result<Vec<Group>, DiskError> {
        let mut groups: Vec<Group> = Vec::new();
        let mut sum = Sizes::default();
        for sealed in self.sealed.iter().filter(|sealed| sealed.segment.base < upto) {
            let sizes = self.sizes(sealed)?;
            match groups.last_mut() {
                Some(group) if self.has_room(group, sum.plus(sizes), sealed) => {
                    group.0.push(Arc::clone(sealed));
                    sum = sum.plus(sizes);
                }
                _ => {
                    groups.push(Group(vec![Arc::clone(sealed)]));
                    sum = sizes;
                }
            }
        }
        Ok(groups)
    }

    fn has_room(&self, group: &Group, sum: Sizes, next: &SealedSegment) -> bool {
        let first = group.0.first().map_or(next.segment.base, |first| first.segment.base);
        sum.log <= u64::from(self.config.segment_bytes)
            && sum.largest_index <= u64::from(self.config.segment_index_bytes)
            && next.end.0 - 1 - first.0 <= i64::from(i32::MAX)
    }

    fn sizes(&self, sealed: &SealedSegment) -> Result<Sizes, DiskError> {
        let size = |kind| {
            let path = sealed.segment.path(kind);
            match self.disk.open(&path, OpenMode::Read) {
                Ok(file) => file.size().map_err(DiskError::of(Action::Read, &path)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
                Err(error) => Err(DiskError::of(Action::Open, &path)(error)),
            }
        };
        let largest_index = size(FileKind::OffsetIndex)?.max(size(FileKind::TimeIndex)?);
        Ok(Sizes { log: sealed.size, largest_index })
    }
}

/// Whether the segment's first batch is older than `max.compaction.lag.ms`.
fn has_waited(sealed: &SealedSegment, now: TimestampMs, lag_ms: i64) -> Result<bool, DiskError> {
    let since = now.0.saturating_sub(lag_ms);
    if since <= 0 {
        return Ok(false);
    }
    let first = Scanner::from(&sealed.segment, sealed.segment.beginning(), sealed.size).next_batch()?;
    Ok(matches!(first, Step::Batch { header, .. } if (1..since).contains(&header.max_timestamp.0)))
}

#[derive(Debug, Clone, Copy, Default)]
struct Sizes {
    log: u64,
    largest_index: u64,
}

impl Sizes {
    fn plus(self, other: Sizes) -> Sizes {
        Sizes { log: self.log + other.log, largest_index: self.largest_index + other.largest_index }
    }
}

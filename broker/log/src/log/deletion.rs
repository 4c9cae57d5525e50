//! Retention and deletion of records.

use std::path::Path;
use std::sync::Arc;

use klamm_model::{Offset, TimestampMs};

use super::{AppendError, Log};
use crate::disk::{Action, Disk, DiskError};
use crate::segment::SealedSegment;
use crate::segment::remove_if_there;
use crate::segment_files::{self, FileKind};

/// Why a segment was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletedBecause {
    /// Its newest record is older than `retention.ms`.
    Time,
    /// The log is larger than `retention.bytes`.
    Size,
    /// It lies below the log start offset.
    LogStart,
}

/// A segment that was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    /// Its first offset.
    pub base_offset: Offset,
    /// Its size.
    pub size_bytes: u64,
    /// Why.
    pub because: DeletedBecause,
}

/// A deleted segment whose files are still there, for reads under way.
#[derive(Debug)]
pub struct RetiredSegment {
    disk: Arc<dyn Disk>,
    segment: Arc<SealedSegment>,
    due: TimestampMs,
}

/// Why records can't be deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteRecordsError {
    /// The offset is beyond the log's end, or negative.
    #[error("records before {offset} can't be deleted: the log covers {start} to {end}")]
    OutOfRange {
        /// The asked offset.
        offset: Offset,
        /// The log's start.
        start: Offset,
        /// The log's end.
        end: Offset,
    },
}

impl RetiredSegment {
    /// Removes the files. Blocks; not under the partition's lock. Segments are removed in the order in which they
    /// were retired; the log start offset is checkpointed before, or else a crash in between may bring them back.
    pub fn remove(self) -> Result<(), DiskError> {
        let segment = &self.segment.segment;
        remove_segment(&*self.disk, &segment.dir, segment.base)
    }
}

/// Removes a segment's files. The log first and for good, so that a crash leaves no gap between segments.
pub(super) fn remove_segment(disk: &dyn Disk, dir: &Path, base: Offset) -> Result<(), DiskError> {
    remove_if_there(disk, &segment_files::path(dir, base, FileKind::Log))?;
    disk.sync_dir(dir).map_err(DiskError::of(Action::Sync, dir))?;
    for kind in [FileKind::OffsetIndex, FileKind::TimeIndex, FileKind::TransactionIndex] {
        remove_if_there(disk, &segment_files::path(dir, base, kind))?;
    }
    Ok(())
}

impl Log {
    /// Moves the log start offset up to `offset` (never down); whole segments below it are retired. The new log
    /// start offset.
    pub fn delete_records_before(
        &mut self,
        offset: Offset,
        now: TimestampMs,
    ) -> Result<Offset, DeleteRecordsError> {
        let (start, end) = (self.start, self.active.end);
        if offset > end || offset < Offset::ZERO {
            return Err(DeleteRecordsError::OutOfRange { offset, start, end });
        }
        self.raise_start(offset);
        let goes = |sealed: &&Arc<SealedSegment>| sealed.end <= self.start && !self.is_swapped(sealed);
        let below = self.sealed.iter().take_while(goes).count();
        self.retire(below, now);
        Ok(self.start)
    }

    /// Retires the segments that `retention.ms` or `retention.bytes` have ended, none that reaches beyond
    /// `high_watermark`. The active segment is sealed first if its time is over too.
    pub fn enforce_retention(
        &mut self,
        now: TimestampMs,
        high_watermark: Offset,
    ) -> Result<Vec<Deleted>, AppendError> {
        let mut deleted = Vec::new();
        self.delete_while(DeletedBecause::LogStart, now, high_watermark, &mut deleted)?;
        if self.config.delete {
            self.delete_while(DeletedBecause::Time, now, high_watermark, &mut deleted)?;
            self.delete_while(DeletedBecause::Size, now, high_watermark, &mut deleted)?;
        }
        Ok(deleted)
    }

    /// The retired segments whose `file.delete.delay.ms` is over, for removal outside the lock.
    pub fn take_retired(&mut self, now: TimestampMs) -> Vec<RetiredSegment> {
        let due = self.retired.iter().take_while(|retired| retired.due <= now).count();
        self.retired.drain(..due).collect()
    }

    fn delete_while(
        &mut self,
        because: DeletedBecause,
        now: TimestampMs,
        high_watermark: Offset,
        deleted: &mut Vec<Deleted>,
    ) -> Result<(), AppendError> {
        let mut excess = self.size_bytes().saturating_sub(self.config.retention_bytes.unwrap_or(u64::MAX));
        let mut count = 0;
        for (index, sealed) in self.sealed.iter().enumerate() {
            if sealed.end > high_watermark || self.is_swapped(sealed) {
                break;
            }
            let over = match because {
                DeletedBecause::LogStart => Some(sealed.end <= self.start),
                DeletedBecause::Time => self.is_expired(sealed, now),
                DeletedBecause::Size => Some(self.config.retention_bytes.is_some() && sealed.size <= excess),
            };
            match over {
                Some(true) => count = index + 1,
                Some(false) => break,
                // It goes with the next one that does.
                None => {}
            }
            excess = excess.saturating_sub(sealed.size);
        }
        deleted.extend(self.sealed.iter().take(count).map(|sealed| Deleted {
            base_offset: sealed.segment.base,
            size_bytes: sealed.size,
            because,
        }));
        let all = count == self.sealed.len();
        let (end, is_over) = (self.retire(count, now), self.active_is_over(because, now, excess));
        self.raise_start(end);
        if all && is_over && self.active.end <= high_watermark && self.roll(now)?.is_some() {
            return self.delete_while(because, now, high_watermark, deleted);
        }
        Ok(())
    }

    /// Whether all records of a segment are older than `retention.ms`; `None` if compaction has left none. One without
    /// timestamps never is; one whose time index can't be read is left for when it can.
    fn is_expired(&self, sealed: &SealedSegment, now: TimestampMs) -> Option<bool> {
        let is_expired = || match sealed.newest(&*self.disk)? {
            Some(newest) => Ok(Some(self.is_too_old(newest.timestamp_ms, now))),
            None => Ok(sealed.has_records()?.then_some(false)),
        };
        is_expired().unwrap_or_else(|error: DiskError| {
            tracing::warn!(%error, "retention passes over a segment");
            Some(false)
        })
    }

    fn is_too_old(&self, timestamp_ms: i64, now: TimestampMs) -> bool {
        self.config.retention_ms.is_some_and(|limit| now.0.saturating_sub(timestamp_ms) > limit)
    }

    fn active_is_over(&self, because: DeletedBecause, now: TimestampMs, excess: u64) -> bool {
        let active = &self.active;
        active.size > 0
            && match because {
                DeletedBecause::LogStart => false,
                DeletedBecause::Time => {
                    active.newest.is_some_and(|newest| self.is_too_old(newest.timestamp_ms, now))
                }
                DeletedBecause::Size => self.config.retention_bytes.is_some() && active.size <= excess,
            }
    }

    /// Takes the oldest `count` segments out of the log; where the log begins then.
    fn retire(&mut self, count: usize, now: TimestampMs) -> Offset {
        let delay = self.config.file_delete_delay_ms.max(0);
        let due = TimestampMs(now.0.saturating_add(delay));
        if count > 0 {
            for segment in Arc::make_mut(&mut self.sealed).drain(..count) {
                self.durability.retired(&segment);
                self.retired.push(RetiredSegment { disk: Arc::clone(&self.disk), segment, due });
            }
        }
        self.sealed.first().map_or(self.active.segment.base, |first| first.segment.base)
    }

    fn raise_start(&mut self, offset: Offset) {
        if offset > self.start {
            self.start = offset;
            self.epochs.truncate_from_start(offset);
        }
    }
}

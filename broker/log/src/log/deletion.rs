//! Retention and deletion of records.

use klamm_model::{Offset, TimestampMs};

use crate::disk::DiskError;
use crate::log::{AppendError, Log};

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
    /// A new segment couldn't be begun.
    #[error(transparent)]
    Roll(#[from] AppendError),
}

impl RetiredSegment {
    /// Removes the files. Blocks; not under the partition's lock. Segments are removed in the order in which they
    /// were retired, and the log start offset is checkpointed before.
    pub fn remove(self) -> Result<(), DiskError> {
        todo!()
    }
}

impl Log {
    /// Moves the log start offset up to `offset` (never down); whole segments below it are retired. The new log
    /// start offset.
    pub fn delete_records_before(&mut self, offset: Offset, now: TimestampMs) -> Result<Offset, DeleteRecordsError> {
        let _ = (offset, now);
        todo!()
    }

    /// Retires the segments that `retention.ms` or `retention.bytes` have ended, none that reaches beyond
    /// `high_watermark`.
    pub fn enforce_retention(
        &mut self,
        now: TimestampMs,
        high_watermark: Offset,
    ) -> Result<Vec<Deleted>, AppendError> {
        let _ = (now, high_watermark);
        todo!()
    }

    /// The retired segments whose `file.delete.delay.ms` is over, for removal outside the lock.
    pub fn take_retired(&mut self, now: TimestampMs) -> Vec<RetiredSegment> {
        let _ = now;
        todo!()
    }
}

//! Appending batches.

use std::sync::Arc;

use klamm_model::{Offset, TimestampMs};
use klamm_records::PlacedBatch;

use crate::disk::DiskError;
use crate::log::{Log, StopReason};

/// What an append did beside appending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Appended {
    /// A new segment with this base offset was begun before the batch: the time for a producer snapshot, of the
    /// state before this batch.
    pub rolled: Option<Offset>,
}

/// Why a batch was not appended. The log is as it was.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// An earlier failure stopped this log for writing.
    #[error("{0}")]
    Stopped(Arc<StopReason>),
    /// No room; it can be tried again when there is.
    #[error("{0}; free some space or lower retention: writes are taken again as soon as there is room")]
    DiskFull(DiskError),
    /// The disk failed; the log is stopped now.
    #[error("{0}")]
    Disk(Arc<StopReason>),
    /// The batch does not begin at or after the log's end.
    #[error("batch {base_offset} to {last_offset} can't follow a log that ends at {end}")]
    OutOfOrder {
        /// The batch's first offset.
        base_offset: Offset,
        /// The batch's last offset.
        last_offset: Offset,
        /// The log's end.
        end: Offset,
    },
    /// The batch is larger than a segment can be (2^31-1 bytes).
    #[error("a batch of {size_bytes} bytes can't be in a segment")]
    TooLarge {
        /// Its size.
        size_bytes: usize,
    },
}

impl Log {
    /// Appends a batch at the end. It is in the page cache then; [`Log::begin_flush`] makes it durable.
    pub fn append(&mut self, batch: &PlacedBatch, now: TimestampMs) -> Result<Appended, AppendError> {
        let _ = (batch, now);
        todo!()
    }

    /// Seals the active segment if its time (`segment.ms`) is over. The new segment's base offset.
    pub fn roll_if_due(&mut self, now: TimestampMs) -> Result<Option<Offset>, AppendError> {
        let _ = now;
        todo!()
    }
}

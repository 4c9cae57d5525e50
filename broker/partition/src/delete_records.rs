//! Deleting records from the log's start (DeleteRecords, KIP-107).

use std::sync::Arc;

use klamm_model::{Offset, TimestampMs};

use crate::error::DeleteRecordsError;
use crate::partition::{Partition, State};

impl Partition {
    /// Deletes all records below `offset`; [`Offset::UNKNOWN`] (`-1`) stands for the high watermark. Gives the
    /// new log start offset, which is also the low watermark of a partition with one replica. An offset that is
    /// below the log start changes nothing.
    pub fn delete_records(
        self: &Arc<Self>,
        offset: Offset,
        now: TimestampMs,
    ) -> Result<Offset, DeleteRecordsError> {
        let mut state = self.state.lock();
        state.writable().map_err(DeleteRecordsError::Stopped)?;
        let outcome = state.delete_records(offset, now);
        let snapshot = state.pending_snapshot.is_some();
        drop(state);
        if snapshot {
            // Whoever flushes writes it.
            self.submit_flush();
        }
        outcome
    }
}

impl State {
    fn delete_records(&mut self, offset: Offset, now: TimestampMs) -> Result<Offset, DeleteRecordsError> {
        let high_watermark = self.watermarks.high().offset;
        let offset = if offset == Offset::UNKNOWN { high_watermark } else { offset };
        if offset.0 < 0 || offset > high_watermark {
            return Err(DeleteRecordsError::OffsetOutOfRange { offset, high_watermark });
        }
        let segments = self.log.segment_count();
        let log_start_offset = self.log.delete_records_before(offset, now)?;
        if self.log.segment_count() != segments {
            // The log that is left no longer tells what its producers did before.
            self.note_snapshot(self.log.end_offset());
        }
        Ok(log_start_offset)
    }
}

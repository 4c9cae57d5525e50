//! What time brings: retention, rolling, expiry, late flushes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use klamm_log::{Deleted, RetiredSegment};
use klamm_model::{Offset, TimestampMs};

use crate::error::{CheckpointError, HousekeepError};
use crate::partition::{Partition, State};

/// What [`Partition::housekeep`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HousekeepReport {
    /// Segments that retention has deleted. Their files go later: see [`Partition::take_retired`].
    pub deleted: Vec<Deleted>,
    /// The new segment's base offset, if `segment.ms` was over.
    pub rolled: Option<Offset>,
    /// How many producers were forgotten.
    pub expired_producers: usize,
    /// Whether a flush was asked for, because `flush.ms` was over.
    pub flush_asked: bool,
}

impl Partition {
    /// Applies all that depends on time. To be called every few seconds or minutes.
    pub fn housekeep(self: &Arc<Self>, now: TimestampMs) -> Result<HousekeepReport, HousekeepError> {
        let expiration_ms = self.producer_expiration_ms.load(Ordering::Relaxed);
        let mut state = self.state.lock();
        state.writable().map_err(HousekeepError::Stopped)?;
        let outcome = state.housekeep(now, expiration_ms);
        let stopped = self.notice_stop(&mut state);
        // Whoever flushes also writes the snapshot that a roll or a deletion has left to be written.
        let snapshot = state.pending_snapshot.is_some();
        drop(state);
        if let Some(reason) = stopped {
            self.stop_waiters(&reason);
        }
        if snapshot || outcome.as_ref().is_ok_and(|report| report.flush_asked) {
            self.submit_flush();
        }
        outcome
    }

    /// Segments whose files may be removed now, outside the lock; the log start offset must be checkpointed
    /// before, so that a restart doesn't look for them. None while they are the only ones to tell what producers
    /// did, because a snapshot is not written yet.
    pub fn take_retired(&self, now: TimestampMs) -> Vec<RetiredSegment> {
        let mut state = self.state.lock();
        if state.pending_snapshot.is_some() {
            return Vec::new();
        }
        state.log.take_retired(now)
    }

    /// Writes what lets a restart begin at the durable offset; gives that offset, for the recovery point
    /// checkpoint. Blocks.
    pub fn checkpoint(&self) -> Result<Offset, CheckpointError> {
        let _one_at_a_time = self.files.lock();
        let mut state = self.state.lock();
        state.writable().map_err(CheckpointError::Stopped)?;
        let ticket = state.log.begin_checkpoint()?;
        drop(state);
        let result = ticket.run();
        Ok(self.state.lock().log.finish_checkpoint(result)?)
    }

    /// `producer.id.expiration.ms` from now on.
    pub fn set_producer_expiration_ms(&self, expiration_ms: i64) {
        self.producer_expiration_ms.store(expiration_ms, Ordering::Relaxed);
    }
}

impl State {
    fn housekeep(&mut self, now: TimestampMs, expiration_ms: i64) -> Result<HousekeepReport, HousekeepError> {
        let expired_producers = self.producers.expire(now, expiration_ms);
        let rolled = self.log.roll_if_due(now)?;
        if let Some(base_offset) = rolled {
            self.note_snapshot(base_offset);
        }
        let deleted = self.log.enforce_retention(now, self.watermarks.high().offset);
        // The log that is left no longer tells what its producers did before. A failure may come after some
        // deletions.
        if deleted.as_ref().map_or(true, |deleted| !deleted.is_empty()) {
            self.note_snapshot(self.log.end_offset());
        }
        let deleted = deleted?;
        let flush_ms = self.log.config().flush_ms;
        let flush_asked = self.undurable_since.is_some_and(|since| now.0.saturating_sub(since.0) >= flush_ms);
        Ok(HousekeepReport { deleted, rolled, expired_producers, flush_asked })
    }
}

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
        drop(state);
        if let Some(reason) = stopped {
            self.stop_waiters(&reason);
        }
        let report = outcome?;
        if report.flush_asked {
            self.submit_flush();
        }
        Ok(report)
    }

    /// Segments whose files may be removed now, outside the lock; the log start offset must be checkpointed
    /// before, so that a restart doesn't look for them.
    pub fn take_retired(&self, now: TimestampMs) -> Vec<RetiredSegment> {
        self.state.lock().log.take_retired(now)
    }

    /// Writes what lets a restart begin at the durable offset; gives that offset, for the recovery point
    /// checkpoint.
    pub fn checkpoint(&self) -> Result<Offset, CheckpointError> {
        let mut state = self.state.lock();
        state.writable().map_err(CheckpointError::Stopped)?;
        Ok(state.log.checkpoint()?)
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
            self.snapshot_producers(base_offset);
        }
        let deleted = self.log.enforce_retention(now, self.watermarks.high().offset)?;
        if !deleted.is_empty() {
            // The log that is left no longer tells what its producers did before.
            self.snapshot_producers(self.log.end_offset());
        }
        let flush_ms = self.log.config().flush_ms;
        let flush_asked = self.undurable_since.is_some_and(|since| now.0.saturating_sub(since.0) >= flush_ms);
        Ok(HousekeepReport { deleted, rolled, expired_producers, flush_asked })
    }
}

//! Bringing what is written to the disk, for everyone who waits at once.

use std::sync::Arc;

use klamm_log::{Flush, FlushSlot};

use crate::error::FlushError;
use crate::health::StopReason;
use crate::partition::Partition;

impl Flush for Partition {
    fn slot(&self) -> &FlushSlot {
        &self.flush_slot
    }

    fn flush(&self) {
        match self.flush_now() {
            Ok(()) => self.write_pending_snapshot(),
            Err(FlushError::Stopped(reason)) => match *reason {
                StopReason::Disk { .. } => tracing::error!(%reason, "a flush failed"),
                // It was asked for before the partition was closed, and the closing has flushed.
                StopReason::Closed { .. } => {}
            },
        }
    }
}

impl Partition {
    /// Brings all that is written when it is called to the disk. Blocks for as long as the disk takes.
    ///
    /// After a failure the partition takes no more records: nobody knows what is on the disk, and a second
    /// fsync that succeeds would only hide that.
    pub fn flush_now(&self) -> Result<(), FlushError> {
        self.state.lock().writable().map_err(FlushError::Stopped)?;
        self.flush_written().map_err(FlushError::Stopped)
    }

    pub(crate) fn flush_written(&self) -> Result<(), Arc<StopReason>> {
        let _one_at_a_time = self.flushing.lock();
        let mut state = self.state.lock();
        let end = state.watermarks.end();
        state.undurable_since = None;
        if let Some(ticket) = state.log.begin_flush() {
            drop(state);
            let result = ticket.run();
            state = self.state.lock();
            state.log.finish_flush(ticket, result);
        }
        if let Some(reason) = self.notice_stop(&mut state) {
            drop(state);
            self.stop_waiters(&reason);
            return Err(reason);
        }
        let high = state.watermarks.flushed(end);
        if let Some(high) = high {
            state.producers.high_watermark_advanced(high.offset);
        }
        drop(state);
        self.commits.advance(end.offset);
        self.high_watermark_advanced(high);
        Ok(())
    }

    /// Asks for a flush soon; never blocks.
    pub(crate) fn submit_flush(self: &Arc<Self>) {
        self.group_commit.submit(self.clone());
    }
}

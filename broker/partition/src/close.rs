//! The end of a partition.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use klamm_log::Disk;
use klamm_log::disk::LateDisk;
use klamm_model::Offset;

use crate::error::CloseError;
use crate::health::StopReason;
use crate::partition::Partition;

impl Partition {
    /// Brings everything to the disk, with what a quick start needs, and closes. Blocks. Gives the recovery
    /// point for the checkpoint.
    ///
    /// Appends and reads are refused from the beginning of the call on; appends before it are acknowledged by
    /// its flush.
    pub fn close(&self) -> Result<Offset, CloseError> {
        self.close_on(None)
    }

    /// The same, but the small files are on the disk only when `late`, which is over the log's own disk, has been settled: for
    /// closing many partitions.
    pub fn close_late(&self, late: &LateDisk) -> Result<Offset, CloseError> {
        self.close_on(Some(late))
    }

    fn close_on(&self, late: Option<&dyn Disk>) -> Result<Offset, CloseError> {
        let refused = self.refuse_everything();
        self.end_cleaning();
        let reason = refused.map_err(CloseError::Stopped)?;
        if let Err(error) = self.flush_written() {
            tracing::error!(partition = %self.id, %error, "the last flush failed");
        }
        self.note_last_snapshot();
        self.write_pending_snapshot_on(late);
        let log = &mut self.state.lock().log;
        let closed = match late {
            Some(disk) => log.close_on(disk),
            None => log.close(),
        };
        self.commits.stop(reason);
        self.fetchers.close();
        Ok(closed?)
    }

    /// Closes without a look at the disk, for a partition that is to be deleted. Who waits is told. When it
    /// returns, nothing makes files in the partition's directory any more.
    pub fn abandon(&self) {
        if let Ok(reason) = self.refuse_everything() {
            self.commits.stop(reason);
            self.fetchers.close();
        }
        self.end_cleaning();
        self.drop_pending_snapshot();
    }

    /// A snapshot of the end spares the next start all reading, unless there is one, or nothing to read.
    fn note_last_snapshot(&self) {
        let mut state = self.state.lock();
        let end = state.log.end_offset();
        if state.snapshot_offset != Some(end) && end > Offset::ZERO {
            state.note_snapshot(end);
        }
    }

    /// From now on nothing is appended or read; an error if the partition had stopped before.
    fn refuse_everything(&self) -> Result<Arc<StopReason>, Arc<StopReason>> {
        self.closing.store(true, Ordering::Release);
        let mut state = self.state.lock();
        let before = state.writable();
        let reason = Arc::new(StopReason::Closed { partition: self.id.clone() });
        state.stopped = Some(reason.clone());
        drop(state);
        if before.is_err() {
            self.fetchers.close();
        }
        before.map(|()| reason)
    }
}

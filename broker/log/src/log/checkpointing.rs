//! Writing what lets a restart begin at the durable offset instead of the log's start.

use std::sync::Arc;

use klamm_model::{LeaderEpoch, Offset};

use crate::disk::DiskError;
use crate::log::{Log, StopReason};
use crate::producer_snapshot::ProducerSnapshotEntry;

/// Why a log couldn't be closed in order: it must be recovered at the next start.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// The log was stopped before.
    #[error("{0}")]
    Stopped(Arc<StopReason>),
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl Log {
    /// Writes indexes and leader epochs, and gives the offset for `recovery-point-offset-checkpoint`.
    pub fn checkpoint(&mut self) -> Result<Offset, DiskError> {
        todo!()
    }

    /// Writes a producer snapshot of the state of all batches below `offset`, and removes those that no recovery
    /// needs any more.
    pub fn write_producer_snapshot(
        &mut self,
        offset: Offset,
        entries: &[ProducerSnapshotEntry],
    ) -> Result<(), DiskError> {
        let _ = (offset, entries);
        todo!()
    }

    /// Records that `epoch` begins at `start`, if it is new.
    pub fn assign_epoch(&mut self, epoch: LeaderEpoch, start: Offset) {
        let _ = (epoch, start);
        todo!()
    }

    /// The largest epoch not above `epoch` and where it ends, as OffsetForLeaderEpoch answers (KIP-101, KIP-279);
    /// `None` if the log knows none.
    pub fn epoch_end_offset(&self, epoch: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        let _ = epoch;
        todo!()
    }

    /// The epoch of the record at `offset`, if it is known.
    pub fn epoch_of(&self, offset: Offset) -> Option<LeaderEpoch> {
        let _ = offset;
        todo!()
    }

    /// The newest epoch.
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        todo!()
    }

    /// Flushes and writes everything that a clean start needs. Blocks.
    pub fn close(&mut self) -> Result<Offset, CloseError> {
        todo!()
    }
}

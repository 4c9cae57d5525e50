//! Writing producer snapshots, so that a restart need not read the log from its start.
//!
//! The state is copied under the lock when it is right for an offset, and written later by whoever flushes. Until
//! then a restart reads more of the log; it forgets nothing as long as no segment is removed: see
//! [`Partition::take_retired`].

use std::sync::Arc;

use klamm_log::{Disk, ProducerSnapshotEntry};
use klamm_model::Offset;

use crate::health::StopReason;
use crate::partition::{Partition, State};

/// The producers' state as of all batches below `offset`.
#[derive(Debug, Clone)]
pub(crate) struct PendingSnapshot {
    offset: Offset,
    entries: Arc<[ProducerSnapshotEntry]>,
}

impl State {
    /// Copies the state as of all batches below `offset`. It replaces an older copy that is not written yet: a
    /// newer one serves as well.
    pub(crate) fn note_snapshot(&mut self, offset: Offset) {
        self.pending_snapshot =
            Some(PendingSnapshot { offset, entries: self.producers.to_snapshot().into() });
    }
}

impl Partition {
    /// Writes the copied state, if there is one. Blocks.
    pub(crate) fn write_pending_snapshot(&self) {
        self.write_pending_snapshot_on(None);
    }

    /// The same by way of another disk than the log's own, if there is one.
    pub(crate) fn write_pending_snapshot_on(&self, disk: Option<&dyn Disk>) {
        let _one_at_a_time = self.files.lock();
        let state = self.state.lock();
        let Some(pending) = state.pending_snapshot.clone() else { return };
        let ticket = state.log.begin_producer_snapshot(pending.offset);
        drop(state);
        let written = match disk {
            Some(disk) => ticket.run_on(disk, &pending.entries),
            None => ticket.run(&pending.entries),
        };
        let offset = pending.offset;
        let mut state = self.state.lock();
        if state.pending_snapshot.as_ref().is_some_and(|newest| newest.offset == offset) {
            state.pending_snapshot = None;
        }
        match written {
            Ok(()) => state.snapshot_offset = Some(offset),
            Err(error) => {
                tracing::warn!(partition = %self.id, %offset, %error, "no producer snapshot; a restart will read more");
            }
        }
    }

    /// Lets no file of the partition be written any more, and waits for one that is.
    pub(crate) fn drop_pending_snapshot(&self) {
        let _nothing_is_written = self.files.lock();
        let mut state = self.state.lock();
        debug_assert!(matches!(state.stopped.as_deref(), Some(StopReason::Closed { .. })));
        state.pending_snapshot = None;
    }
}

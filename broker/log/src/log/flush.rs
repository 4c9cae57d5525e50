//! Making appended batches durable.

use std::sync::Arc;

use klamm_model::Offset;

use crate::disk::DiskError;
use crate::log::Log;

/// What of the log is on the disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Durable {
    pub offset: Offset,
}

/// Why a log takes no more writes.
#[derive(Debug, thiserror::Error)]
#[error(
    "this partition's log is stopped: {cause}. Records that were not acknowledged may be lost; reads go on. Check \
     the disk, then restart the broker"
)]
pub struct StopReason {
    /// The failure.
    pub cause: DiskError,
}

/// A flush that failed: what it covered must count as lost.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct FlushError(#[from] pub DiskError);

/// Work that makes all appended so far durable; from [`Log::begin_flush`].
#[derive(Debug)]
#[must_use = "nothing is durable before the ticket is run and given back"]
pub struct FlushTicket {
    upto: Offset,
}

impl FlushTicket {
    /// Makes it durable. Blocks for as long as the disk takes: not to be called under the partition's lock.
    pub fn run(&self) -> Result<(), FlushError> {
        todo!()
    }

    /// All below this is durable once the ticket was run.
    pub fn upto(&self) -> Offset {
        self.upto
    }
}

impl Log {
    /// What must be done so that all appended so far is durable; `None` if it is.
    pub fn begin_flush(&mut self) -> Option<FlushTicket> {
        todo!()
    }

    /// Takes a ticket back: advances [`Log::durable_offset`], or stops the log for good, since after a failed
    /// fsync nobody knows what is on the disk.
    pub fn finish_flush(&mut self, ticket: FlushTicket, result: Result<(), FlushError>) {
        let _ = (ticket, result);
        todo!()
    }

    /// Why the log takes no writes, if it takes none.
    pub fn stopped(&self) -> Option<&Arc<StopReason>> {
        self.stopped.as_ref()
    }
}

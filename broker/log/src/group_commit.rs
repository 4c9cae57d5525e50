//! Group commit: few threads flush for all partitions, one fdatasync serves all who wait for it.

use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::time::Duration;

/// Something that can be flushed, such as a partition.
pub trait Flush: Send + Sync {
    /// Where its place in the queue is kept.
    fn slot(&self) -> &FlushSlot;
    /// Flushes, and answers those who wait. Blocks.
    fn flush(&self);
}

/// A flushable thing's place in the queue: it is there at most once.
#[derive(Debug, Default)]
pub struct FlushSlot {
    state: AtomicU8,
}

/// What a [`GroupCommit`] has done since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupCommitCounters {
    /// Calls of [`GroupCommit::submit`].
    pub submitted: u64,
    /// Flushes that were made.
    pub flushes: u64,
}

/// The threads that flush.
#[derive(Debug)]
pub struct GroupCommit;

impl GroupCommit {
    /// Starts `threads` threads; `observe` is told how long each flush took.
    pub fn start(
        threads: usize,
        observe: Box<dyn Fn(Duration) + Send + Sync>,
    ) -> std::io::Result<Arc<GroupCommit>> {
        let _ = (threads, observe);
        todo!()
    }

    /// Asks for a flush that begins after this call. Never blocks.
    pub fn submit(&self, target: Arc<dyn Flush>) {
        let _ = target.slot().state.load(std::sync::atomic::Ordering::Relaxed);
        todo!()
    }

    /// What was done so far.
    pub fn counters(&self) -> GroupCommitCounters {
        todo!()
    }
}

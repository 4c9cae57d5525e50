//! Group commit: few threads flush for all partitions, one fdatasync serves all who wait for it.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Condvar, Mutex};

#[cfg(test)]
#[cfg(feature = "shuttle")]
mod races;

/// Something that can be flushed, such as a partition.
pub trait Flush: Send + Sync {
    /// Where its place in the queue is kept.
    fn slot(&self) -> &FlushSlot;
    /// Flushes, and answers those who wait. Blocks. Never called twice at once for the same target.
    fn flush(&self);
}

/// A flushable thing's place in the queue: it is there at most once, so that the queue is no longer than there are
/// partitions.
#[derive(Debug, Default)]
pub struct FlushSlot {
    state: AtomicU8,
}

const IDLE: u8 = 0;
const QUEUED: u8 = 1;
const RUNNING: u8 = 2;
/// Submitted while it runs: what was appended since is not in the running flush.
const RUNNING_AND_WANTED: u8 = 3;

impl FlushSlot {
    /// Whether the target must be put into the queue.
    fn submit(&self) -> bool {
        let wanted = |state| match state {
            IDLE => Some(QUEUED),
            RUNNING => Some(RUNNING_AND_WANTED),
            _ => None,
        };
        self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, wanted) == Ok(IDLE)
    }

    fn start(&self) {
        self.state.store(RUNNING, Ordering::Release);
    }

    /// Whether the target must go back into the queue.
    fn finish(&self) -> bool {
        let next = |state| Some(if state == RUNNING_AND_WANTED { QUEUED } else { IDLE });
        self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, next) == Ok(RUNNING_AND_WANTED)
    }
}

/// What a [`GroupCommit`] has done since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupCommitCounters {
    /// Calls of [`GroupCommit::submit`].
    pub submitted: u64,
    /// Flushes that were made.
    pub flushes: u64,
}

struct Shared {
    queue: Mutex<Queue>,
    not_empty: Condvar,
    submitted: AtomicU64,
    flushes: AtomicU64,
    observe: Box<dyn Fn(Duration) + Send + Sync>,
}

#[derive(Default)]
struct Queue {
    targets: VecDeque<Arc<dyn Flush>>,
    stopping: bool,
}

/// The threads that flush. When it is dropped they flush what is queued and end.
pub struct GroupCommit {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl fmt::Debug for GroupCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit").field("counters", &self.counters()).finish_non_exhaustive()
    }
}

impl GroupCommit {
    /// Starts `threads` threads; `observe` is told how long each flush took.
    pub fn start(
        threads: usize,
        observe: Box<dyn Fn(Duration) + Send + Sync>,
    ) -> io::Result<Arc<GroupCommit>> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            not_empty: Condvar::new(),
            submitted: AtomicU64::new(0),
            flushes: AtomicU64::new(0),
            observe,
        });
        let commit = GroupCommit { shared: Arc::clone(&shared), threads: Mutex::default() };
        for number in 0..threads.max(1) {
            let shared = Arc::clone(&shared);
            let thread = thread::Builder::new().name(format!("flush-{number}"));
            let thread = thread.spawn(move || shared.work())?;
            commit.threads.lock().push(thread);
        }
        Ok(Arc::new(commit))
    }

    /// Asks for a flush that begins after this call. Never blocks.
    pub fn submit(&self, target: Arc<dyn Flush>) {
        self.shared.submitted.fetch_add(1, Ordering::Relaxed);
        if target.slot().submit() {
            self.shared.queue.lock().targets.push_back(target);
            self.shared.not_empty.notify_one();
        }
    }

    /// What was done so far.
    pub fn counters(&self) -> GroupCommitCounters {
        GroupCommitCounters {
            submitted: self.shared.submitted.load(Ordering::Relaxed),
            flushes: self.shared.flushes.load(Ordering::Relaxed),
        }
    }
}

/// A flush that panicked has left nobody who could say what is on the disk, and those who wait for it without an answer,
/// for ever: the process ends, and its next start recovers.
struct EndsWithPanic;

impl Drop for EndsWithPanic {
    fn drop(&mut self) {
        // A search for races ends its threads by panics.
        if cfg!(not(feature = "shuttle")) && std::thread::panicking() {
            tracing::error!("a flush panicked: the broker ends, its next start recovers the logs");
            std::process::abort();
        }
    }
}

impl Shared {
    fn work(&self) {
        while let Some(target) = self.next() {
            target.slot().start();
            let start = Instant::now();
            let guard = EndsWithPanic;
            target.flush();
            drop(guard);
            self.flushes.fetch_add(1, Ordering::Relaxed);
            (self.observe)(start.elapsed());
            if target.slot().finish() {
                self.queue.lock().targets.push_back(target);
                self.not_empty.notify_one();
            }
        }
    }

    /// The next target; `None` when it is time to end and nothing is queued.
    fn next(&self) -> Option<Arc<dyn Flush>> {
        let mut queue = self.queue.lock();
        loop {
            if let Some(target) = queue.targets.pop_front() {
                return Some(target);
            }
            if queue.stopping {
                return None;
            }
            self.not_empty.wait(&mut queue);
        }
    }
}

impl Drop for GroupCommit {
    fn drop(&mut self) {
        self.shared.queue.lock().stopping = true;
        self.shared.not_empty.notify_all();
        for thread in self.threads.lock().drain(..) {
            // The last partition, and this with it, may be dropped by the thread that flushed it.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use parking_lot::Mutex;

    use super::{Flush, FlushSlot, GroupCommit, GroupCommitCounters};

    /// A flush that begins when it says so and ends when it is told to.
    struct Gate {
        slot: FlushSlot,
        begun: SyncSender<()>,
        end: Mutex<Receiver<()>>,
    }

    impl Flush for Gate {
        fn slot(&self) -> &FlushSlot {
            &self.slot
        }

        fn flush(&self) {
            self.begun.send(()).unwrap();
            self.end.lock().recv().unwrap();
        }
    }

    fn gate() -> (Arc<Gate>, Receiver<()>, SyncSender<()>) {
        let (begun, has_begun) = sync_channel(10);
        let (end, may_end) = sync_channel(10);
        (Arc::new(Gate { slot: FlushSlot::default(), begun, end: Mutex::new(may_end) }), has_begun, end)
    }

    #[test]
    fn one_flush_serves_all_that_was_submitted_before_it() {
        let commit = GroupCommit::start(2, Box::new(|_| {})).unwrap();
        let (gate, has_begun, end) = gate();
        commit.submit(gate.clone());
        has_begun.recv().unwrap();
        // While it runs, any number of submissions make one further flush, which another thread does not begin early.
        for _ in 0..100 {
            commit.submit(gate.clone());
        }
        assert!(has_begun.try_recv().is_err());
        end.send(()).unwrap();
        has_begun.recv().unwrap();
        end.send(()).unwrap();
        let counters = Arc::clone(&commit.shared);
        drop(commit);
        assert_eq!(counters.flushes.load(std::sync::atomic::Ordering::Relaxed), 2);
    }

    #[test]
    fn what_is_queued_is_flushed_before_the_threads_end() {
        let commit = GroupCommit::start(1, Box::new(|_| {})).unwrap();
        let (first, first_begun, end_first) = gate();
        let (second, second_begun, end_second) = gate();
        commit.submit(first);
        first_begun.recv().unwrap();
        commit.submit(second);
        assert_eq!(commit.counters(), GroupCommitCounters { submitted: 2, flushes: 0 });
        end_first.send(()).unwrap();
        end_second.send(()).unwrap();
        drop(commit);
        second_begun.recv().unwrap();
    }
}

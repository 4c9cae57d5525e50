//! Waiting until there is enough to fetch (`fetch.min.bytes`), over any number of partitions.
//!
//! ```text
//!   read all -> enough? answer
//!            \-> watch(high watermark that the read saw) on each -> ready().await -> read all again
//! ```
//!
//! A wake says "read again", not "there is enough": it may come early, for example when a partition's leader
//! changes or when records arrived between the read and the watch.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use klamm_log::sync::Mutex;
use klamm_model::Offset;

use crate::waiters::{WaiterId, Waiters};
use crate::watermarks::Position;

#[cfg(test)]
#[cfg(feature = "shuttle")]
pub(crate) mod planted;

/// One fetch that waits for bytes. Dropping it ends the wait everywhere.
#[derive(Debug)]
pub struct FetchWait {
    missing: Arc<Missing>,
    one_partition: bool,
    watched: Mutex<Vec<(Arc<FetchWaiters>, WaiterId)>>,
}

/// The bytes that a fetch still waits for; 0 when it is served.
#[derive(Debug)]
struct Missing {
    state: Mutex<MissingState>,
}

#[derive(Debug)]
struct MissingState {
    bytes: u64,
    waker: Option<Waker>,
}

impl Missing {
    /// Takes new bytes into account; gives what is still missing, and at 0 the waker to call.
    fn credit(&self, bytes: u64) -> (u64, Option<Waker>) {
        let mut state = self.state.lock();
        state.bytes = state.bytes.saturating_sub(bytes);
        let waker = if state.bytes == 0 { state.waker.take() } else { None };
        (state.bytes, waker)
    }

    fn bytes(&self) -> u64 {
        self.state.lock().bytes
    }
}

impl FetchWait {
    /// A wait for `missing_bytes` new bytes, 1 at least, over all partitions that will be watched.
    pub fn new(missing_bytes: u64) -> FetchWait {
        FetchWait::with(missing_bytes, false)
    }

    /// A wait that watches one partition only. It is not even looked at before all its bytes are there, which
    /// counts when thousands wait for many bytes.
    pub fn on_one_partition(missing_bytes: u64) -> FetchWait {
        FetchWait::with(missing_bytes, true)
    }

    fn with(missing_bytes: u64, one_partition: bool) -> FetchWait {
        let state = Mutex::new(MissingState { bytes: missing_bytes.max(1), waker: None });
        FetchWait { missing: Arc::new(Missing { state }), one_partition, watched: Mutex::new(Vec::new()) }
    }

    /// Ready once enough bytes have arrived, or a watched partition has changed in another way. The time-out
    /// is the caller's.
    pub fn ready(&self) -> FetchReady<'_> {
        FetchReady { wait: self }
    }

    /// Whether [`FetchWait::ready`] would be ready now.
    pub fn is_ready(&self) -> bool {
        self.missing.bytes() == 0
    }
}

impl Drop for FetchWait {
    fn drop(&mut self) {
        for (waiters, id) in self.watched.get_mut().drain(..) {
            waiters.remove(id);
        }
    }
}

/// See [`FetchWait::ready`].
#[derive(Debug)]
#[must_use = "nothing waits before it is awaited"]
pub struct FetchReady<'a> {
    wait: &'a FetchWait,
}

impl Future for FetchReady<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.wait.missing.state.lock();
        if state.bytes == 0 {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// The fetches that wait on one partition. A lock of its own, so that thousands of them never delay an append.
#[derive(Debug)]
pub(crate) struct FetchWaiters {
    state: Mutex<FetchWaitersState>,
}

#[derive(Debug)]
struct FetchWaitersState {
    visible: Position,
    closed: bool,
    /// By the number of bytes that must be passed before the waiter can be served.
    waiters: Waiters<u64, FetchWaiter>,
}

#[derive(Debug)]
struct FetchWaiter {
    missing: Arc<Missing>,
    one_partition: bool,
    credited: u64,
}

impl FetchWaiter {
    /// The level of visible bytes below which a look at this waiter is of no use.
    fn level(&self, missing_bytes: u64) -> u64 {
        // With other partitions in play the last byte may come from here: every step counts.
        let needed = if self.one_partition { missing_bytes } else { 1 };
        self.credited.saturating_add(needed - 1)
    }
}

impl FetchWaiters {
    pub(crate) fn new(visible: Position) -> FetchWaiters {
        let state = FetchWaitersState { visible, closed: false, waiters: Waiters::default() };
        FetchWaiters { state: Mutex::new(state) }
    }

    /// Adds `wait`, whose reader has seen all before `seen`.
    pub(crate) fn watch(self: &Arc<Self>, seen: Offset, wait: &FetchWait) {
        let mut state = self.state.lock();
        if state.closed || seen < state.visible.offset {
            drop(state);
            let (_, waker) = wait.missing.credit(u64::MAX);
            waker.into_iter().for_each(Waker::wake);
            return;
        }
        let missing_bytes = wait.missing.bytes();
        if missing_bytes == 0 {
            return;
        }
        let waiter = FetchWaiter {
            missing: wait.missing.clone(),
            one_partition: wait.one_partition,
            credited: state.visible.bytes,
        };
        let id = state.waiters.add(waiter.level(missing_bytes), waiter);
        drop(state);
        wait.watched.lock().push((self.clone(), id));
    }

    /// All before `visible` may be read now: serves who waited for it.
    pub(crate) fn advance(&self, visible: Position) {
        let mut state = self.state.lock();
        if visible <= state.visible {
            return;
        }
        state.visible = visible;
        let mut wakers = Vec::new();
        for (id, mut waiter) in state.waiters.take_below(visible.bytes) {
            let (missing_bytes, waker) = waiter.missing.credit(visible.bytes - waiter.credited);
            wakers.extend(waker);
            if missing_bytes > 0 {
                waiter.credited = visible.bytes;
                state.waiters.put(id, waiter.level(missing_bytes), waiter);
            }
        }
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Wakes everyone: the partition has changed in a way that a fetch must answer.
    pub(crate) fn wake_all(&self) {
        self.serve_all(false);
    }

    /// Wakes everyone, and from now on whoever comes.
    pub(crate) fn close(&self) {
        self.serve_all(true);
    }

    fn serve_all(&self, close: bool) {
        let mut state = self.state.lock();
        state.closed |= close;
        let served = state.waiters.take_all();
        drop(state);
        for (_, waiter) in served {
            let (_, waker) = waiter.missing.credit(u64::MAX);
            waker.into_iter().for_each(Waker::wake);
        }
    }

    fn remove(&self, id: WaiterId) {
        let removed = self.state.lock().waiters.remove(id);
        drop(removed);
    }

    pub(crate) fn waiting(&self) -> usize {
        self.state.lock().waiters.len()
    }
}

#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::Context;

    use klamm_model::Offset;

    use super::{FetchWait, FetchWaiters};
    use crate::counting_waker::CountingWaker;
    use crate::watermarks::Position;

    fn at(offset: i64, bytes: u64) -> Position {
        Position { offset: Offset(offset), bytes }
    }

    fn partition() -> Arc<FetchWaiters> {
        Arc::new(FetchWaiters::new(at(0, 0)))
    }

    #[test]
    fn bytes_of_all_partitions_count_and_it_wakes_once() {
        let partitions = [partition(), partition()];
        let wait = FetchWait::new(100);
        for partition in &partitions {
            partition.watch(Offset(0), &wait);
        }
        let (waker, count) = CountingWaker::new();
        let mut ready = pin!(wait.ready());
        assert!(ready.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        partitions[0].advance(at(1, 60));
        partitions[1].advance(at(1, 39));
        assert_eq!((count.calls(), wait.is_ready()), (0, false));
        partitions[1].advance(at(2, 40));
        assert_eq!(count.calls(), 1);
        partitions[0].advance(at(2, 200));
        partitions[1].advance(at(3, 200));
        assert_eq!(count.calls(), 1);
        assert!(ready.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    }

    #[test]
    fn a_single_partition_wait_is_not_touched_before_its_bytes_are_there() {
        let partition = partition();
        let waits: Vec<_> = (1..=1000).map(|i| FetchWait::on_one_partition(i * 10)).collect();
        for wait in &waits {
            partition.watch(Offset(0), wait);
        }
        partition.advance(at(1, 19));
        assert_eq!(partition.waiting(), 999);
        partition.advance(at(2, 20));
        assert_eq!(partition.waiting(), 998);
        assert!(waits[1].is_ready() && !waits[2].is_ready());
        partition.advance(at(3, 10_000));
        assert!(waits.iter().all(FetchWait::is_ready));
    }

    #[test]
    fn records_between_the_read_and_the_watch_are_not_missed() {
        let partition = partition();
        partition.advance(at(1, 10));
        let wait = FetchWait::new(1);
        partition.watch(Offset(0), &wait);
        assert!(wait.is_ready());
        assert_eq!(partition.waiting(), 0);
    }

    #[test]
    fn a_dropped_wait_leaves_nothing_behind() {
        let partitions = [partition(), partition()];
        let wait = FetchWait::new(1);
        for partition in &partitions {
            partition.watch(Offset(0), &wait);
        }
        partitions[0].advance(at(1, 10));
        assert_eq!(partitions[1].waiting(), 1);
        drop(wait);
        assert_eq!(partitions[1].waiting(), 0);
    }

    #[test]
    fn a_change_wakes_everyone_and_a_close_also_whoever_comes() {
        let partition = partition();
        let first = FetchWait::new(1_000_000);
        partition.watch(Offset(0), &first);
        partition.wake_all();
        assert!(first.is_ready());
        let second = FetchWait::new(1);
        partition.watch(Offset(0), &second);
        assert!(!second.is_ready());
        partition.close();
        let third = FetchWait::new(1);
        partition.watch(Offset(0), &third);
        assert!(second.is_ready() && third.is_ready());
    }

    #[test]
    fn an_old_report_changes_nothing() {
        let partition = partition();
        partition.advance(at(5, 50));
        let wait = FetchWait::new(1);
        partition.watch(Offset(5), &wait);
        partition.advance(at(4, 40));
        assert!(!wait.is_ready());
    }
}

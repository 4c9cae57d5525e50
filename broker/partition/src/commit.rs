//! Waiting until a record is durable.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use klamm_log::sync::Mutex;
use klamm_model::Offset;

use crate::health::StopReason;
use crate::waiters::{WaiterId, Waiters};

#[cfg(test)]
#[cfg(feature = "shuttle")]
pub(crate) mod planted;

/// Why a record that was written will not be acknowledged.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// The partition stopped; whether the record is on the disk is not known.
    #[error("{0}")]
    Stopped(Arc<StopReason>),
}

/// Who waits for durability, and how far it is. A lock of its own, so that waking never delays an append.
#[derive(Debug)]
pub(crate) struct CommitQueue {
    state: Mutex<CommitState>,
}

#[derive(Debug)]
struct CommitState {
    durable: Offset,
    stopped: Option<Arc<StopReason>>,
    waiters: Waiters<Offset, Waker>,
}

impl CommitState {
    fn outcome(&self, last_offset: Offset) -> Option<Result<(), CommitError>> {
        if last_offset < self.durable {
            return Some(Ok(()));
        }
        self.stopped.clone().map(|reason| Err(CommitError::Stopped(reason)))
    }
}

impl CommitQueue {
    pub(crate) fn new(durable: Offset) -> CommitQueue {
        CommitQueue { state: Mutex::new(CommitState { durable, stopped: None, waiters: Waiters::default() }) }
    }

    /// All before `durable` is on the disk: serves who waited for it.
    pub(crate) fn advance(&self, durable: Offset) -> usize {
        let mut state = self.state.lock();
        if durable <= state.durable {
            return 0;
        }
        state.durable = durable;
        let served = state.waiters.take_below(durable);
        drop(state);
        wake_all(served)
    }

    /// Nothing more will become durable: fails who waits, now and later.
    pub(crate) fn stop(&self, reason: Arc<StopReason>) {
        let mut state = self.state.lock();
        state.stopped.get_or_insert(reason);
        let failed = state.waiters.take_all();
        drop(state);
        wake_all(failed);
    }

    pub(crate) fn waiting(&self) -> usize {
        self.state.lock().waiters.len()
    }
}

/// Wakes outside the lock: a waker may run anything.
fn wake_all(wakers: Vec<(WaiterId, Waker)>) -> usize {
    let count = wakers.len();
    for (_, waker) in wakers {
        waker.wake();
    }
    count
}

/// Ready once every record up to an offset is on the disk, or the partition has stopped.
///
/// It may be dropped at any time; the flush that is under way goes on.
#[derive(Debug)]
#[must_use = "nothing waits before it is awaited"]
pub struct Committed {
    queue: Arc<CommitQueue>,
    last_offset: Offset,
    waiter: Option<WaiterId>,
}

impl Committed {
    pub(crate) fn new(queue: Arc<CommitQueue>, last_offset: Offset) -> Committed {
        Committed { queue, last_offset, waiter: None }
    }
}

impl Future for Committed {
    type Output = Result<(), CommitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        // The outcome is looked at and the waker left under one lock: no advance fits between the two.
        let mut state = this.queue.state.lock();
        if let Some(outcome) = state.outcome(this.last_offset) {
            return Poll::Ready(outcome);
        }
        match this.waiter.and_then(|id| state.waiters.get_mut(id)) {
            Some(waker) => waker.clone_from(context.waker()),
            None => this.waiter = Some(state.waiters.add(this.last_offset, context.waker().clone())),
        }
        Poll::Pending
    }
}

impl Drop for Committed {
    fn drop(&mut self) {
        if let Some(id) = self.waiter {
            // The waker leaves the lock before it is dropped: to drop one may run anything.
            let waker = self.queue.state.lock().waiters.remove(id);
            drop(waker);
        }
    }
}

#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    use klamm_model::{Offset, PartitionIndex, TopicPartition};

    use super::{CommitError, CommitQueue, Committed};
    use crate::counting_waker::CountingWaker;
    use crate::health::StopReason;

    fn queue(durable: i64) -> Arc<CommitQueue> {
        Arc::new(CommitQueue::new(Offset(durable)))
    }

    #[test]
    fn one_advance_serves_everyone_below_it_once() {
        let queue = queue(0);
        let (waker, count) = CountingWaker::new();
        let mut context = Context::from_waker(&waker);
        let mut waits: Vec<_> =
            (0..4).map(|offset| Box::pin(Committed::new(queue.clone(), Offset(offset)))).collect();
        for wait in &mut waits {
            assert!(wait.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(queue.advance(Offset(3)), 3);
        assert_eq!(count.calls(), 3);
        let ready: Vec<_> =
            waits.iter_mut().map(|wait| wait.as_mut().poll(&mut context).is_ready()).collect();
        assert_eq!(ready, [true, true, true, false]);
        assert_eq!(queue.waiting(), 1);
    }

    #[test]
    fn what_is_durable_is_ready_at_once() {
        let mut wait = pin!(Committed::new(queue(5), Offset(4)));
        let outcome = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(outcome, Poll::Ready(Ok(()))));
    }

    #[test]
    fn a_dropped_wait_leaves_nothing_behind() {
        let queue = queue(0);
        let (waker, count) = CountingWaker::new();
        let mut wait = Box::pin(Committed::new(queue.clone(), Offset(0)));
        assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(wait);
        assert_eq!(queue.waiting(), 0);
        assert_eq!(queue.advance(Offset(1)), 0);
        assert_eq!(count.calls(), 0);
    }

    #[test]
    fn a_wait_that_is_polled_again_wakes_the_newest_waker() {
        let queue = queue(0);
        let (first, first_count) = CountingWaker::new();
        let (second, second_count) = CountingWaker::new();
        let mut wait = pin!(Committed::new(queue.clone(), Offset(0)));
        assert!(wait.as_mut().poll(&mut Context::from_waker(&first)).is_pending());
        assert!(wait.as_mut().poll(&mut Context::from_waker(&second)).is_pending());
        assert_eq!(queue.waiting(), 1);
        queue.advance(Offset(1));
        assert_eq!((first_count.calls(), second_count.calls()), (0, 1));
    }

    #[test]
    fn a_stop_fails_who_waits_now_and_later_but_not_what_was_durable() {
        let queue = queue(2);
        let (waker, count) = CountingWaker::new();
        let mut context = Context::from_waker(&waker);
        let mut waiting = pin!(Committed::new(queue.clone(), Offset(2)));
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        let partition = TopicPartition::new("t".parse().unwrap(), PartitionIndex(0));
        queue.stop(Arc::new(StopReason::Closed { partition }));
        assert_eq!(count.calls(), 1);
        let failed = |outcome| matches!(outcome, Poll::Ready(Err(CommitError::Stopped(_))));
        assert!(failed(waiting.as_mut().poll(&mut context)));
        assert!(failed(pin!(Committed::new(queue.clone(), Offset(3))).poll(&mut context)));
        let durable = pin!(Committed::new(queue, Offset(1))).poll(&mut context);
        assert!(matches!(durable, Poll::Ready(Ok(()))));
    }
}

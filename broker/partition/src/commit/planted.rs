//! Bugs that `races` must find.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{CommitError, CommitQueue, Committed};
use crate::health::StopReason;

/// Looks whether it is durable, gives the lock away, and only then leaves its waker: the bug that one lock over both
/// is there against.
pub(crate) struct TornWait(pub(crate) Committed);

impl Future for TornWait {
    type Output = Result<(), CommitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let wait = &mut self.0;
        if let Some(outcome) = wait.queue.state.lock().outcome(wait.last_offset) {
            return Poll::Ready(outcome);
        }
        let waker = context.waker().clone();
        let id = wait.queue.state.lock().waiters.add(wait.last_offset, waker);
        wait.waiter = Some(id);
        Poll::Pending
    }
}

/// Fails who comes later and forgets who waits.
pub(crate) fn stop_silently(queue: &CommitQueue, reason: Arc<StopReason>) {
    queue.state.lock().stopped = Some(reason);
}

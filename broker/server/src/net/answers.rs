//! The requests of one connection that are being answered, in the order in which they came.

use std::collections::VecDeque;
use std::task::{Context, Poll};
use std::time::Instant;

use klamm_wire::ApiKey;

use super::limits::RequestShare;
use crate::dispatch::{Answer, Answering, Begun, RequestError};

/// Requests of one connection that may be under way at once. Kafka has one; here produce requests overlap, so
/// that one connection's requests share fsyncs.
const AT_ONCE: usize = 64;

/// The requests of one connection that are being answered. Answers leave in the order of the requests, however
/// the answering overlaps.
#[derive(Default)]
pub(crate) struct Answers {
    queue: VecDeque<Pending>,
}

struct Pending {
    state: State,
    key: ApiKey,
    overlaps: bool,
    begun: Instant,
    share: Option<RequestShare>,
}

enum State {
    Running(Answering),
    Done(Result<Answer, RequestError>),
}

/// A request that is answered.
pub(crate) struct Answered {
    /// What to do with it.
    pub(crate) answer: Result<Answer, RequestError>,
    /// Its API.
    pub(crate) key: ApiKey,
    /// When it was whole.
    pub(crate) begun: Instant,
}

impl Answers {
    /// Whether a request may begin now: any where none is under way, and one that overlaps others beside
    /// those that do.
    pub(crate) fn admits(&self, overlaps: bool) -> bool {
        match self.queue.back() {
            None => true,
            Some(last) => overlaps && last.overlaps && self.queue.len() < AT_ONCE,
        }
    }

    /// Begins a request: runs it until it first waits, so that requests take effect in the order in which
    /// they came.
    pub(crate) fn begin(&mut self, begun: Begun, share: RequestShare, cx: &mut Context<'_>) {
        let Begun { key, overlaps, mut answering } = begun;
        let now = Instant::now();
        let pending = match answering.as_mut().poll(cx) {
            Poll::Ready(answer) => {
                Pending { state: State::Done(answer), key, overlaps, begun: now, share: None }
            }
            Poll::Pending => {
                let state = State::Running(answering);
                Pending { state, key, overlaps, begun: now, share: Some(share) }
            }
        };
        self.queue.push_back(pending);
    }

    /// The oldest request, once it is answered; `None` if there is none.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Answered>> {
        let Some(first) = self.queue.front_mut() else { return Poll::Ready(None) };
        if let State::Running(answering) = &mut first.state {
            match answering.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(answer) => {
                    first.state = State::Done(answer);
                    first.share = None;
                }
            }
        }
        match self.queue.pop_front() {
            Some(Pending { state: State::Done(answer), key, begun, .. }) => {
                Poll::Ready(Some(Answered { answer, key, begun }))
            }
            _ => Poll::Ready(None),
        }
    }

    /// Whether no request is under way.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

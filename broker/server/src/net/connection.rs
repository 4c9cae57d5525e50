//! One client's connection, from its first byte to its last.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use klamm_controller::settings::BrokerSettings;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::alarm::Alarm;
use super::answers::{Answered, Answers};
use super::deadlines::{Deadlines, TooSlow, Waiting};
use super::frame::{FrameBuffer, FrameError};
use super::limits::{ConnectionPlace, RequestShare};
use super::outbox::Outbox;
use crate::Broker;
use crate::dispatch::{self, Answer, Begun, RequestError};
use crate::quotas::Mute;

/// Answers that a client may leave unread before its next request has to wait.
const UNREAD_BYTES: usize = 256 * 1024;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Closed {
    /// The client closed it.
    #[error("the client closed the connection")]
    ByClient,
    /// The broker stops.
    #[error("the broker stops")]
    Stopping,
    /// The network failed.
    #[error("the network failed: {0}")]
    Network(#[from] io::Error),
    /// What came is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A request that ends the connection.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The client was too slow.
    #[error(transparent)]
    TooSlow(#[from] TooSlow),
}

/// Who talks to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Endpoints {
    /// The client.
    pub(crate) peer: SocketAddr,
    /// The address of this machine that it reached.
    pub(crate) local: SocketAddr,
}

/// One client's connection. A future that runs on one runtime for the whole life of the connection: requests
/// are read, handled and answered in its `poll`, without another task.
pub(crate) struct Connection {
    broker: Arc<Broker>,
    socket: TcpStream,
    endpoints: Endpoints,
    received: FrameBuffer,
    /// A whole request that can't begin yet, with its share of the requests' bytes.
    next: Option<(Begun, RequestShare)>,
    share: ShareState,
    answers: Answers,
    outbox: Outbox,
    /// Until when nothing is read because of a quota.
    mute: Arc<Mute>,
    mute_ends: Option<Pin<Box<Sleep>>>,
    deadlines: Deadlines,
    alarm: Alarm,
    limits: Limits,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// `stop` knows this task.
    stop_is_awaited: bool,
    stopping: bool,
    _place: ConnectionPlace,
}

/// The settings that a connection goes by, as they were when it last woke.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// `socket.request.max.bytes`
    frame_bytes: usize,
    /// `queued.max.request.bytes`
    queued_bytes: i64,
    /// `connections.max.idle.ms`
    idle: Option<Duration>,
}

impl Limits {
    fn of(settings: &BrokerSettings) -> Limits {
        Limits {
            frame_bytes: usize::try_from(settings.socket_request_max_bytes).unwrap_or(0),
            queued_bytes: settings.queued_max_request_bytes.get().unwrap_or(i64::MAX),
            idle: settings.connections_max_idle_ms.get().map(|ms| Duration::from_millis(ms.unsigned_abs())),
        }
    }
}

/// Whether the request at the front of what was received has its share of the requests' bytes.
enum ShareState {
    None,
    Waiting(Pin<Box<dyn Future<Output = ()> + Send>>),
    Taken(RequestShare),
}

/// Whether a part of a step changed something.
type Progress = bool;

/// What a step of the connection did, so that others may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// All that there was to do is done.
    Nothing,
    /// Requests were begun or answered: those behind them may go on.
    Answered,
    /// Something came.
    Received,
}

impl Connection {
    /// A connection that was just accepted.
    pub(crate) fn new(
        broker: Arc<Broker>,
        socket: TcpStream,
        endpoints: Endpoints,
        place: ConnectionPlace,
    ) -> Connection {
        let now = Instant::now();
        let stop = Box::pin(broker.stop.clone().requested());
        let outbox = Outbox::new(Arc::clone(&broker.unsent_bytes));
        let limits = Limits::of(&broker.glance_at_settings());
        Connection {
            broker,
            socket,
            endpoints,
            received: FrameBuffer::new(),
            next: None,
            share: ShareState::None,
            answers: Answers::default(),
            outbox,
            mute: Arc::default(),
            mute_ends: None,
            deadlines: Deadlines::new(now),
            alarm: Alarm::at(now + super::deadlines::FIRST_REQUEST),
            limits,
            stop,
            stop_is_awaited: false,
            stopping: false,
            _place: place,
        }
    }

    /// Takes frames from what was received and begins them, as far as they may begin.
    fn begin_requests(&mut self, cx: &mut Context<'_>) -> Result<Progress, Closed> {
        let mut progress = false;
        while self.outbox.bytes() < UNREAD_BYTES && !self.is_muted(cx) {
            let (begun, share) = match self.next.take() {
                Some(next) => next,
                None => match self.take_request(cx)? {
                    Some(next) => next,
                    None => break,
                },
            };
            if !self.answers.admits(begun.overlaps) {
                self.next = Some((begun, share));
                break;
            }
            self.answers.begin(begun, share, cx);
            progress = true;
        }
        Ok(progress)
    }

    fn take_request(&mut self, cx: &mut Context<'_>) -> Result<Option<(Begun, RequestShare)>, Closed> {
        if self.stopping || !self.poll_share(cx)? {
            return Ok(None);
        }
        let Some(frame) = self.received.take_frame(self.limits.frame_bytes)? else { return Ok(None) };
        let ShareState::Taken(share) = std::mem::replace(&mut self.share, ShareState::None) else {
            return Ok(None);
        };
        self.deadlines.request();
        let begun = self.begin(frame)?;
        Ok(Some((begun, share)))
    }

    fn begin(&self, frame: Bytes) -> Result<Begun, RequestError> {
        dispatch::begin(&self.broker, self.endpoints, &self.mute, frame)
    }

    /// Whether the request at the front has its share; asks for it as soon as the request's size is known, so
    /// that a request is not received into memory that there is none of.
    fn poll_share(&mut self, cx: &mut Context<'_>) -> Result<bool, Closed> {
        let max = self.limits.queued_bytes;
        loop {
            match &mut self.share {
                ShareState::Taken(_) => return Ok(true),
                ShareState::Waiting(freed) => match freed.as_mut().poll(cx) {
                    Poll::Pending => return Ok(false),
                    Poll::Ready(()) => self.share = ShareState::None,
                },
                ShareState::None => {
                    let Some(size) = self.received.frame_size(self.limits.frame_bytes)? else {
                        return Ok(false);
                    };
                    self.share = if let Some(share) = self.broker.request_bytes.take(size, max) {
                        ShareState::Taken(share)
                    } else {
                        let pool = Arc::clone(&self.broker.request_bytes);
                        ShareState::Waiting(Box::pin(pool.below(max)))
                    };
                }
            }
        }
    }

    /// Moves finished answers to the outbox.
    fn collect_answers(&mut self, cx: &mut Context<'_>) -> Result<Progress, Closed> {
        let mut progress = false;
        while let Poll::Ready(Some(Answered { answer, key, begun })) = self.answers.poll_next(cx) {
            progress = true;
            let answer = answer?;
            self.broker.metrics.request(key, begun.elapsed());
            match answer {
                Answer::Frame(frame) => self.outbox.push(frame),
                Answer::Nothing => {}
            }
        }
        Ok(progress)
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<Progress, Closed> {
        let mut written = 0;
        if let Poll::Ready(result) = self.outbox.poll_write(&mut self.socket, cx, &mut written) {
            result?;
        }
        if written > 0 {
            self.broker.metrics.sent(written);
        }
        Ok(written > 0)
    }

    /// Reads what there is, unless a request that can't begin is waiting: then the client has to wait too.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<Progress, Closed> {
        let blocked = self.next.is_some() || matches!(self.share, ShareState::Waiting(_));
        if self.stopping || blocked || self.outbox.bytes() >= UNREAD_BYTES || self.is_muted(cx) {
            return Ok(false);
        }
        let room = self.received.room(self.limits.frame_bytes);
        match pin!(self.socket.read_buf(room)).poll(cx)? {
            Poll::Pending => {
                self.received.release();
                Ok(false)
            }
            Poll::Ready(0) => Err(Closed::ByClient),
            Poll::Ready(bytes) => {
                self.broker.metrics.received(bytes);
                Ok(true)
            }
        }
    }

    /// Whether the client is held back by a quota; wakes when that is over. A broker that stops waits for no one.
    fn is_muted(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(until) = self.mute.until() else { return false };
        let at = Instant::from_std(self.broker.quotas.at(until));
        let ends = self.mute_ends.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if ends.deadline() != at {
            ends.as_mut().reset(at);
        }
        if self.stopping || ends.as_mut().poll(cx).is_ready() {
            self.mute.lift(until);
            self.mute_ends = None;
            return false;
        }
        true
    }

    /// What the client owes, for the deadlines.
    fn waiting(&self) -> Waiting {
        if self.outbox.bytes() > 0 {
            return Waiting::Reader;
        }
        if self.mute.until().is_some()
            || !self.answers.is_empty()
            || self.next.is_some()
            || matches!(self.share, ShareState::Waiting(_))
        {
            return Waiting::Nothing;
        }
        match self.received.frame_size(usize::MAX) {
            Ok(Some(size)) => Waiting::RestOfRequest(size),
            _ if !self.received.is_empty() => Waiting::RestOfRequest(0),
            _ => Waiting::Request,
        }
    }

    /// Ends when the client has been quiet for too long. The alarm is only set anew where a deadline came
    /// nearer, so that a busy connection does not touch its timer.
    fn poll_deadline(&mut self, moved: bool, cx: &mut Context<'_>) -> Poll<TooSlow> {
        let now = Instant::now();
        self.deadlines.wait_for(self.waiting(), moved, now);
        let Some((at, why)) = self.deadlines.next(self.limits.idle) else { return Poll::Pending };
        self.alarm.poll(at, now, cx).map(|()| why)
    }

    /// Whether the broker stops; wakes when it does.
    fn is_stopping(&mut self, cx: &mut Context<'_>) -> bool {
        // The wait is polled once to know this task, whose waker never changes, and not with each request.
        if !self.stopping && (!self.stop_is_awaited || self.broker.stop.is_requested()) {
            self.stop_is_awaited = true;
            self.stopping = self.stop.as_mut().poll(cx).is_ready();
        }
        self.stopping
    }

    /// Does all that can be done now; `Ready` at the connection's end.
    fn poll_all(&mut self, cx: &mut Context<'_>) -> Poll<Closed> {
        self.limits = Limits::of(&self.broker.glance_at_settings());
        let stopping = self.is_stopping(cx);
        let mut moved = false;
        loop {
            let step = match self.step(cx) {
                Ok(step) => step,
                Err(closed) => return Poll::Ready(closed),
            };
            moved |= step != Step::Nothing;
            if step != Step::Received && !(step == Step::Answered && self.has_more()) {
                break;
            }
        }
        if stopping && self.answers.is_empty() && self.next.is_none() && self.outbox.bytes() == 0 {
            return Poll::Ready(Closed::Stopping);
        }
        self.poll_deadline(moved, cx).map(Closed::TooSlow)
    }

    /// Reads last: what held reading back may be done with by then.
    fn step(&mut self, cx: &mut Context<'_>) -> Result<Step, Closed> {
        let begun = self.begin_requests(cx)?;
        let answered = self.collect_answers(cx)?;
        let written = self.write(cx)?;
        if self.read(cx)? {
            return Ok(Step::Received);
        }
        Ok(if begun || answered || written { Step::Answered } else { Step::Nothing })
    }

    /// Whether something was received that is not yet begun.
    fn has_more(&self) -> bool {
        self.next.is_some() || !self.received.is_empty()
    }
}

impl Future for Connection {
    type Output = Closed;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Closed> {
        self.get_mut().poll_all(cx)
    }
}

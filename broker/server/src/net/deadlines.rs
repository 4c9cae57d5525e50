//! When a connection has been quiet for too long.

use std::time::Duration;

use tokio::time::Instant;

/// How long a new connection may take to send its first request: a client sends it at once.
pub(crate) const FIRST_REQUEST: Duration = Duration::from_secs(30);
/// How long a request may take to arrive once its first byte is here, beside [`SLOWEST_BYTES_PER_SECOND`].
const WHOLE_REQUEST: Duration = Duration::from_secs(30);
/// The slowest client that is still waited for.
const SLOWEST_BYTES_PER_SECOND: usize = 16 * 1024;
/// How long a client may take no byte of an answer.
const STALLED_READER: Duration = Duration::from_mins(1);

/// What a connection waits for from its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// The broker works: the client owes nothing.
    Nothing,
    /// A request.
    Request,
    /// The rest of a request of this size.
    RestOfRequest(usize),
    /// That it reads its answer.
    Reader,
}

/// What a client was too slow for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooSlow {
    /// No request since the connection was opened.
    #[error("no request came within {FIRST_REQUEST:?} of connecting")]
    FirstRequest,
    /// No request for `connections.max.idle.ms`.
    #[error("idle for longer than connections.max.idle.ms")]
    Idle,
    /// A request that does not come to its end.
    #[error("a request was begun and not finished in time")]
    WholeRequest,
    /// An answer that is not read.
    #[error("the client took nothing of its answer for {STALLED_READER:?}")]
    Reader,
}

/// When the client last did something.
#[derive(Debug)]
pub(crate) struct Deadlines {
    since: Instant,
    waiting: Waiting,
    greeted: bool,
}

impl Deadlines {
    /// A connection that was opened at `now`.
    pub(crate) fn new(now: Instant) -> Deadlines {
        Deadlines { since: now, waiting: Waiting::Request, greeted: false }
    }

    /// The client sent a whole request.
    pub(crate) fn request(&mut self) {
        self.greeted = true;
    }

    /// What is waited for now; `moved` says that bytes went in or out since the last call.
    pub(crate) fn wait_for(&mut self, waiting: Waiting, moved: bool, now: Instant) {
        // Trickling bytes must not keep a request's deadline away.
        let trickles = matches!(waiting, Waiting::RestOfRequest(_)) && waiting == self.waiting;
        if waiting != self.waiting || (moved && !trickles) {
            self.since = now;
            self.waiting = waiting;
        }
    }

    /// When the connection is to be closed if nothing happens, and why; `idle` is `connections.max.idle.ms`.
    pub(crate) fn next(&self, idle: Option<Duration>) -> Option<(Instant, TooSlow)> {
        let (after, why) = match self.waiting {
            Waiting::Request if !self.greeted => (FIRST_REQUEST, TooSlow::FirstRequest),
            // A Fetch may wait for weeks, and a client that left meanwhile is only noticed where something is read: what
            // no byte goes in or out of for so long goes, as in Kafka, whoever is waited for.
            Waiting::Request | Waiting::Nothing => (idle?, TooSlow::Idle),
            Waiting::RestOfRequest(bytes) => {
                let transfer = Duration::from_secs((bytes / SLOWEST_BYTES_PER_SECOND) as u64);
                (WHOLE_REQUEST + transfer, TooSlow::WholeRequest)
            }
            Waiting::Reader => (STALLED_READER, TooSlow::Reader),
        };
        Some((self.since + after, why))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Deadlines, TooSlow, Waiting};

    const IDLE: Option<Duration> = Some(Duration::from_mins(10));

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn a_stranger_has_less_time_than_a_client() {
        let start = Instant::now();
        let mut deadlines = Deadlines::new(start);
        assert_eq!(deadlines.next(IDLE), Some((start + seconds(30), TooSlow::FirstRequest)));
        deadlines.request();
        assert_eq!(deadlines.next(IDLE), Some((start + seconds(600), TooSlow::Idle)));
        assert_eq!(deadlines.next(None), None);
    }

    #[test]
    fn a_trickle_does_not_move_the_end_of_a_request() {
        let start = Instant::now();
        let mut deadlines = Deadlines::new(start);
        deadlines.wait_for(Waiting::RestOfRequest(1 << 20), true, start + seconds(1));
        deadlines.wait_for(Waiting::RestOfRequest(1 << 20), true, start + seconds(60));
        assert_eq!(deadlines.next(IDLE), Some((start + seconds(1 + 30 + 64), TooSlow::WholeRequest)));
    }

    #[test]
    fn a_reader_that_reads_is_waited_for() {
        let start = Instant::now();
        let mut deadlines = Deadlines::new(start);
        deadlines.wait_for(Waiting::Reader, true, start);
        deadlines.wait_for(Waiting::Reader, true, start + seconds(50));
        deadlines.wait_for(Waiting::Reader, false, start + seconds(70));
        assert_eq!(deadlines.next(IDLE), Some((start + seconds(110), TooSlow::Reader)));
        deadlines.wait_for(Waiting::Nothing, false, start + seconds(80));
        assert_eq!(deadlines.next(IDLE), Some((start + seconds(680), TooSlow::Idle)));
        assert_eq!(deadlines.next(None), None);
    }
}

//! One fetch request's part in a session.

use std::sync::Arc;

use klamm_model::{ErrorCode, TimestampMs};
use parking_lot::Mutex;

use super::cache::FetchSessions;
use super::session::{Outcome, PartitionKey, Session, Wanted};

/// The epoch of a request that makes a session.
const INITIAL_EPOCH: i32 = 0;
/// The epoch of a request that has no session, or ends the one it names.
const FINAL_EPOCH: i32 = -1;
/// The id of no session.
const NO_SESSION: i32 = 0;

/// What a fetch request says of sessions and partitions.
#[derive(Debug)]
pub(crate) struct SessionRequest {
    /// `session_id`
    pub(crate) session_id: i32,
    /// `session_epoch`
    pub(crate) session_epoch: i32,
    /// Whether it names topics by id (version 13 and later).
    pub(crate) by_id: bool,
    /// The partitions that it names.
    pub(crate) wanted: Vec<Wanted>,
    /// The partitions that it no longer wants.
    pub(crate) forgotten: Vec<PartitionKey>,
}

/// Why a request has no place in its session; the client starts anew with a full request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SessionError {
    /// The session is not known, any more or after a restart.
    #[error("fetch session {0} is not known")]
    IdNotFound(i32),
    /// The request is not the session's next.
    #[error("fetch session {id} is at epoch {expected}, not at {got}")]
    InvalidEpoch {
        /// The session.
        id: i32,
        /// Its epoch.
        expected: i32,
        /// The request's epoch.
        got: i32,
    },
    /// The session names topics in the other way.
    #[error("fetch session {0} mixes topic names and topic ids")]
    TopicId(i32),
}

impl SessionError {
    /// Kafka's code for it.
    pub(crate) fn code(self) -> ErrorCode {
        match self {
            SessionError::IdNotFound(_) => ErrorCode::FetchSessionIdNotFound,
            SessionError::InvalidEpoch { .. } => ErrorCode::InvalidFetchSessionEpoch,
            SessionError::TopicId(_) => ErrorCode::FetchSessionTopicIdError,
        }
    }
}

/// One fetch request's part in a session.
#[derive(Debug)]
pub(crate) struct FetchContext(Kind);

impl FetchContext {
    /// The id of the session for a response without any partition, which leaves the session as it is. A session that
    /// is only wanted is not made: the client asks in full again (KIP-219).
    pub(crate) fn without_partitions(self) -> i32 {
        match self.0 {
            Kind::Sessionless | Kind::Full { .. } => NO_SESSION,
            Kind::Incremental { id, .. } => id,
        }
    }
}

#[derive(Debug)]
enum Kind {
    /// No session, and none wanted.
    Sessionless,
    /// A full request that wants a session.
    Full { by_id: bool },
    /// A request within a session.
    Incremental { id: i32, session: Arc<Mutex<Session>> },
}

impl FetchSessions {
    /// Finds what a request wants, in order, with what its session knows.
    pub(crate) fn begin(
        &self,
        request: SessionRequest,
        now: TimestampMs,
    ) -> Result<(FetchContext, Vec<Wanted>), SessionError> {
        let SessionRequest { session_id, session_epoch, by_id, wanted, forgotten } = request;
        if matches!(session_epoch, INITIAL_EPOCH | FINAL_EPOCH) {
            self.remove(session_id);
            let kind = match session_epoch {
                INITIAL_EPOCH => Kind::Full { by_id },
                _ => Kind::Sessionless,
            };
            return Ok((FetchContext(kind), wanted));
        }
        let session = self.get(session_id, now).ok_or(SessionError::IdNotFound(session_id))?;
        let mut locked = session.lock();
        let expected = locked.epoch;
        if expected != session_epoch {
            return Err(SessionError::InvalidEpoch { id: session_id, expected, got: session_epoch });
        }
        if locked.by_id != by_id {
            return Err(SessionError::TopicId(session_id));
        }
        locked.update(&wanted, &forgotten);
        let (all, partitions) = (locked.wanted(), locked.len());
        // Before the read and not after it: a request that comes twice is refused the second time.
        locked.advance();
        drop(locked);
        if partitions == 0 {
            self.remove(session_id);
            return Ok((FetchContext(Kind::Sessionless), all));
        }
        self.resized(session_id, partitions);
        Ok((FetchContext(Kind::Incremental { id: session_id, session }), all))
    }

    /// Takes note of what was found: gives the id of the session for the response, and for each partition whether
    /// it belongs there.
    pub(crate) fn finish(
        &self,
        context: FetchContext,
        found: &[(Wanted, Outcome)],
        now: TimestampMs,
    ) -> (i32, Vec<bool>) {
        let all = || vec![true; found.len()];
        match context.0 {
            Kind::Sessionless => (NO_SESSION, all()),
            Kind::Full { by_id } => {
                let wanted: Vec<Wanted> = found.iter().map(|(wanted, _)| wanted.clone()).collect();
                let mut session = Session::new(by_id, &wanted);
                session.tell(found);
                let id = if session.len() > 0 { self.add(session, now) } else { None };
                (id.unwrap_or(NO_SESSION), all())
            }
            Kind::Incremental { id, session } => (id, session.lock().tell(found)),
        }
    }
}

#[cfg(test)]
mod tests {
    use klamm_model::{Offset, TimestampMs};

    use super::super::session::{Outcome, PartitionKey, Topic, Wanted};
    use super::{FetchSessions, SessionError, SessionRequest};

    const NOW: TimestampMs = TimestampMs(1000);

    fn wanted(partition: i32) -> Wanted {
        Wanted {
            key: PartitionKey { topic: Topic::Name("t".into()), partition },
            offset: Offset(0),
            max_bytes: 1,
            current_leader_epoch: None,
            last_fetched_epoch: None,
        }
    }

    fn request(session_id: i32, session_epoch: i32, partitions: &[i32]) -> SessionRequest {
        let wanted = partitions.iter().map(|partition| wanted(*partition)).collect();
        SessionRequest { session_id, session_epoch, by_id: false, wanted, forgotten: Vec::new() }
    }

    /// One fetch that finds a high watermark of 0 everywhere: the session id and the partitions answered.
    fn fetch(sessions: &FetchSessions, request: SessionRequest) -> Result<(i32, Vec<i32>), SessionError> {
        let quiet = Outcome { has_records: false, must_tell: false, high_watermark: 0, log_start_offset: 0 };
        let (context, wanted) = sessions.begin(request, NOW)?;
        let found: Vec<_> = wanted.into_iter().map(|wanted| (wanted, quiet)).collect();
        let (id, told) = sessions.finish(context, &found, NOW);
        let answered =
            found.iter().zip(told).filter(|(_, told)| *told).map(|((wanted, _), _)| wanted.key.partition);
        Ok((id, answered.collect()))
    }

    #[test]
    fn a_session_leaves_out_what_did_not_change() {
        let sessions = FetchSessions::new(10, 7);
        assert_eq!(fetch(&sessions, request(0, 0, &[0, 1])), Ok((7, vec![0, 1])));
        assert_eq!(fetch(&sessions, request(7, 1, &[])), Ok((7, vec![])));
        assert_eq!(fetch(&sessions, request(7, 2, &[2])), Ok((7, vec![2])));
    }

    #[test]
    fn a_repeated_or_skipped_request_is_refused() {
        let sessions = FetchSessions::new(10, 7);
        assert_eq!(fetch(&sessions, request(0, 0, &[0])), Ok((7, vec![0])));
        assert_eq!(fetch(&sessions, request(7, 1, &[])), Ok((7, vec![])));
        let refused = |got| Err(SessionError::InvalidEpoch { id: 7, expected: 2, got });
        assert_eq!(fetch(&sessions, request(7, 1, &[])), refused(1));
        assert_eq!(fetch(&sessions, request(7, 3, &[])), refused(3));
        assert_eq!(fetch(&sessions, request(7, 2, &[])), Ok((7, vec![])));
        assert_eq!(fetch(&sessions, request(8, 2, &[])), Err(SessionError::IdNotFound(8)));
        assert_eq!(fetch(&sessions, request(0, 2, &[])), Err(SessionError::IdNotFound(0)));
    }

    #[test]
    fn a_session_keeps_its_way_of_naming_topics() {
        let sessions = FetchSessions::new(10, 7);
        assert_eq!(fetch(&sessions, request(0, 0, &[0])), Ok((7, vec![0])));
        let by_id = SessionRequest { by_id: true, ..request(7, 1, &[]) };
        assert_eq!(fetch(&sessions, by_id), Err(SessionError::TopicId(7)));
    }

    #[test]
    fn sessions_end() {
        let sessions = FetchSessions::new(10, 7);
        assert_eq!(fetch(&sessions, request(0, 0, &[0])), Ok((7, vec![0])));
        assert_eq!(fetch(&sessions, request(7, -1, &[0])), Ok((0, vec![0])));
        assert_eq!(sessions.len(), 0);
        assert_eq!(fetch(&sessions, request(0, 0, &[0])), Ok((8, vec![0])));
        let forget = SessionRequest { forgotten: vec![wanted(0).key], ..request(8, 1, &[]) };
        assert_eq!(fetch(&sessions, forget), Ok((0, vec![])));
        assert_eq!(sessions.len(), 0);
    }

    #[test]
    fn a_full_cache_answers_in_full() {
        let sessions = FetchSessions::new(0, 7);
        assert_eq!(fetch(&sessions, request(0, 0, &[0])), Ok((0, vec![0])));
        assert_eq!(fetch(&sessions, request(0, 0, &[0])), Ok((0, vec![0])));
    }
}

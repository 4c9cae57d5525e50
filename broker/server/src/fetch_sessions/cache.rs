//! The sessions of all clients.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use klamm_model::TimestampMs;
use parking_lot::Mutex;

use super::session::Session;

/// How long a session keeps its slot against others that want it, unused or however busy
/// (`FetchSession.MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS` in Kafka).
const SLOT_MS: i64 = 120_000;

/// The sessions of all clients, in `max.incremental.fetch.session.cache.slots` slots.
#[derive(Debug)]
pub(crate) struct FetchSessions {
    slots: usize,
    sessions: Mutex<HashMap<i32, Slot>>,
    next_id: AtomicI32,
    evicted: AtomicU64,
}

#[derive(Debug)]
struct Slot {
    session: Arc<Mutex<Session>>,
    partitions: usize,
    made: TimestampMs,
    used: TimestampMs,
}

impl Slot {
    /// Whether a new session of `partitions` partitions may have the slot: this one was not used for long, or
    /// has had its time and saves less than the new one will.
    fn gives_way(&self, partitions: usize, now: TimestampMs) -> bool {
        let unused = now.0 - self.used.0 > SLOT_MS;
        let had_its_time = now.0 - self.made.0 > SLOT_MS;
        unused || (had_its_time && self.partitions < partitions)
    }
}

impl FetchSessions {
    /// No session yet. `first_id` should be a number that earlier processes did not start with, so that a
    /// client's session of before a restart is not taken for another's of now.
    pub(crate) fn new(slots: usize, first_id: i32) -> FetchSessions {
        FetchSessions {
            slots,
            sessions: Mutex::new(HashMap::new()),
            next_id: AtomicI32::new(first_id.max(1)),
            evicted: AtomicU64::new(0),
        }
    }

    /// The session with this id; using it keeps it.
    pub(super) fn get(&self, id: i32, now: TimestampMs) -> Option<Arc<Mutex<Session>>> {
        let mut sessions = self.sessions.lock();
        let slot = sessions.get_mut(&id)?;
        slot.used = now;
        Some(Arc::clone(&slot.session))
    }

    /// Takes note of how many partitions a session follows.
    pub(super) fn resized(&self, id: i32, partitions: usize) {
        if let Some(slot) = self.sessions.lock().get_mut(&id) {
            slot.partitions = partitions;
        }
    }

    /// Keeps a session; gives its id, or `None` if no slot is free and none gives way.
    pub(super) fn add(&self, session: Session, now: TimestampMs) -> Option<i32> {
        let mut sessions = self.sessions.lock();
        let partitions = session.len();
        if sessions.len() >= self.slots {
            let loser = sessions
                .iter()
                .filter(|(_, slot)| slot.gives_way(partitions, now))
                .min_by_key(|(_, slot)| (now.0 - slot.used.0 <= SLOT_MS, slot.partitions, slot.used))
                .map(|(id, _)| *id)?;
            sessions.remove(&loser);
            self.evicted.fetch_add(1, Ordering::Relaxed);
        }
        let id = self.free_id(&sessions);
        let session = Arc::new(Mutex::new(session));
        sessions.insert(id, Slot { session, partitions, made: now, used: now });
        Some(id)
    }

    /// Ends a session.
    pub(super) fn remove(&self, id: i32) {
        self.sessions.lock().remove(&id);
    }

    /// How many sessions there are.
    pub(crate) fn len(&self) -> usize {
        self.sessions.lock().len()
    }

    /// How many sessions lost their slot to another.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    fn free_id(&self, taken: &HashMap<i32, Slot>) -> i32 {
        loop {
            let id = self.next_id.fetch_add(1, Ordering::Relaxed) & i32::MAX;
            if id != 0 && !taken.contains_key(&id) {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use klamm_model::{Offset, TimestampMs};

    use super::super::session::{PartitionKey, Session, Topic, Wanted};
    use super::{FetchSessions, SLOT_MS};

    fn session(partitions: i32) -> Session {
        let wanted: Vec<_> = (0..partitions)
            .map(|partition| Wanted {
                key: PartitionKey { topic: Topic::Name("t".into()), partition },
                offset: Offset(0),
                max_bytes: 1,
                current_leader_epoch: None,
                last_fetched_epoch: None,
            })
            .collect();
        Session::new(false, &wanted)
    }

    #[test]
    fn a_full_cache_takes_no_session_before_a_slot_had_its_time() {
        let sessions = FetchSessions::new(1, 1);
        assert_eq!(sessions.add(session(1), TimestampMs(0)), Some(1));
        assert_eq!(sessions.add(session(9), TimestampMs(SLOT_MS)), None);
        assert_eq!(sessions.len(), 1);
    }

    #[test]
    fn an_unused_session_gives_way() {
        let sessions = FetchSessions::new(2, 1);
        assert_eq!(sessions.add(session(5), TimestampMs(0)), Some(1));
        assert_eq!(sessions.add(session(5), TimestampMs(0)), Some(2));
        assert!(sessions.get(1, TimestampMs(SLOT_MS)).is_some());
        assert_eq!(sessions.add(session(1), TimestampMs(SLOT_MS + 1)), Some(3));
        assert!(sessions.get(2, TimestampMs(SLOT_MS + 1)).is_none());
        assert!(sessions.get(1, TimestampMs(SLOT_MS + 1)).is_some());
        assert_eq!(sessions.evicted(), 1);
    }

    #[test]
    fn a_used_session_gives_way_to_a_larger_one_after_its_time() {
        let sessions = FetchSessions::new(1, 1);
        assert_eq!(sessions.add(session(2), TimestampMs(0)), Some(1));
        let later = TimestampMs(SLOT_MS + 1);
        assert!(sessions.get(1, later).is_some());
        assert_eq!(sessions.add(session(2), later), None);
        assert_eq!(sessions.add(session(3), later), Some(2));
    }

    #[test]
    fn no_slots_no_sessions() {
        assert_eq!(FetchSessions::new(0, 1).add(session(1), TimestampMs(0)), None);
    }

    #[test]
    fn ids_are_positive_and_free() {
        let sessions = FetchSessions::new(10, i32::MAX);
        assert_eq!(sessions.add(session(1), TimestampMs(0)), Some(i32::MAX));
        assert_eq!(sessions.add(session(1), TimestampMs(0)), Some(1));
    }
}

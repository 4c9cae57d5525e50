//! How far the clients are, for the one who kills.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::PATIENCE;

/// Counts of all clients together: of records, or of requests.
#[derive(Debug, Default)]
pub struct Progress {
    counts: Mutex<Counts>,
    changed: Condvar,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    sent: u64,
    answered: u64,
}

impl Progress {
    /// Nothing yet.
    pub fn new() -> Arc<Progress> {
        Arc::default()
    }

    /// So many more were sent.
    pub fn sent(&self, count: u64) {
        self.counts().sent += count;
    }

    /// One more was answered.
    pub fn answered(&self) {
        self.counts().answered += 1;
        self.changed.notify_all();
    }

    /// How many have been sent and not answered.
    pub fn unanswered(&self) -> u64 {
        let counts = self.counts();
        counts.sent.saturating_sub(counts.answered)
    }

    /// Waits until so many more have been answered.
    ///
    /// # Panics
    /// If that takes too long.
    pub fn wait_for_more(&self, count: u64) {
        let counts = self.counts();
        let wanted = counts.answered + count;
        let waited = self.changed.wait_timeout_while(counts, PATIENCE, |counts| counts.answered < wanted);
        let (counts, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(
            counts.answered >= wanted,
            "nothing more is acknowledged: {counts:?}, {wanted} were expected"
        );
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

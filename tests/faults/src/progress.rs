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
    /// A client's thread has panicked: what it has found is the test's result.
    client_failed: bool,
}

/// Held by a client's thread, so that its panic ends the test at once: others may wait for it for ever.
#[derive(Debug)]
pub struct EndOnPanic(pub Arc<Progress>);

impl Drop for EndOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.counts().client_failed = true;
            self.0.changed.notify_all();
        }
    }
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
    /// If that takes too long, or a client has panicked.
    pub fn wait_for_more(&self, count: u64) {
        let counts = self.counts();
        let wanted = counts.answered + count;
        let goes_on = |counts: &mut Counts| counts.answered < wanted && !counts.client_failed;
        let waited = self.changed.wait_timeout_while(counts, PATIENCE, goes_on);
        let counts = *waited.unwrap_or_else(PoisonError::into_inner).0;
        assert!(!counts.client_failed, "a client has failed: see its message above");
        assert!(
            counts.answered >= wanted,
            "nothing more is acknowledged: {counts:?}, {wanted} were expected"
        );
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

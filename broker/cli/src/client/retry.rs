//! Trying again after a failure that may pass, within the time of one operation.

use std::time::{Duration, Instant};

use klamm_model::ErrorCode;

use super::{Client, ClientError};

/// The first wait; each is twice as long as the one before, up to the last (retry.backoff.ms and
/// retry.backoff.max.ms of Kafka's clients).
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LAST_WAIT: Duration = Duration::from_secs(1);
/// How long a topic that is about to be made may stay unknown.
const UNTIL_THERE: Duration = Duration::from_secs(5);

/// After which failures an operation is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// After all that may pass: nothing is wrong with doing it twice.
    Always,
    /// The same, and while a topic that is about to be made is unknown.
    UntilThere,
    /// The same as always, but a partition without a leader is told at once: that may last.
    UnlessLeaderless,
    /// Only where the broker can't have done it.
    IfRefused,
}

impl Again {
    pub(super) fn after(self, error: &ClientError, since: Instant) -> bool {
        if error.code() == Some(ErrorCode::UnknownTopicOrPartition) {
            return self == Again::UntilThere && since.elapsed() < UNTIL_THERE;
        }
        if self == Again::UnlessLeaderless && matches!(error, ClientError::NoLeader { .. }) {
            return false;
        }
        let done_perhaps = matches!(error, ClientError::Disconnected { .. })
            || error.code() == Some(ErrorCode::RequestTimedOut);
        error.is_retriable() && !(self == Again::IfRefused && done_perhaps)
    }
}

/// Waits that grow, up to an end.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    next: Duration,
    ends: Instant,
}

impl Backoff {
    /// Waits until `ends` at the latest.
    pub fn until(ends: Instant) -> Backoff {
        Backoff { next: FIRST_WAIT, ends }
    }

    /// Waits; false, and at once, if the time would be up.
    pub async fn wait(&mut self) -> bool {
        if Instant::now() + self.next >= self.ends {
            return false;
        }
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(LAST_WAIT);
        true
    }
}

impl Client {
    /// Does `operation` until it succeeds, fails for good, or the time of an operation is up: then its last error
    /// is told. Before each further try the brokers are looked up anew.
    pub async fn retrying<T>(
        &mut self,
        again: Again,
        mut operation: impl AsyncFnMut(&mut Client) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let started = Instant::now();
        // An operation within another has the other's time.
        let outer = self.ends;
        let ends = *self.ends.get_or_insert(started + self.options.timeout);
        let mut backoff = Backoff::until(ends);
        let outcome = loop {
            let error = match operation(self).await {
                Ok(done) => break Ok(done),
                Err(error) => error.at(&self.last_address),
            };
            if !again.after(&error, started) || !backoff.wait().await {
                break Err(error);
            }
            // If that fails, so does the next try, which tells.
            let _ = self.metadata(Some(&[]), false).await;
        };
        self.ends = outer;
        outcome
    }
}

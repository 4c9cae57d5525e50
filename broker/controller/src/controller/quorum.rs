//! How the quorum of the metadata log stands.

use klamm_model::BrokerId;

use super::Controller;
use super::start::broker_of;

/// How the quorum of the metadata log stands, as this broker sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quorum {
    /// Who leads the log; `None` while nobody does.
    pub leader: Option<BrokerId>,
    /// The term of Raft, Kafka's leader epoch.
    pub term: u64,
    /// The index after the last entry of this broker's log.
    pub end: u64,
    /// The index after the last entry that this broker applied.
    pub applied_end: u64,
    /// Those who vote, by id.
    pub voters: Vec<BrokerId>,
}

impl Controller {
    /// How the quorum stands now.
    pub fn quorum(&self) -> Quorum {
        let metrics = self.inner.raft.metrics();
        let metrics = metrics.borrow();
        let after = |index: Option<u64>| index.map_or(0, |index| index + 1);
        let mut voters: Vec<_> = metrics.membership_config.voter_ids().filter_map(broker_of).collect();
        voters.sort_unstable();
        Quorum {
            leader: metrics.current_leader.and_then(broker_of),
            term: metrics.current_term,
            end: after(metrics.last_log_index),
            applied_end: after(metrics.last_applied.map(|id| id.index)),
            voters,
        }
    }
}

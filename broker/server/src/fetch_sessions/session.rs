//! One fetch session.

use std::collections::HashMap;
use std::sync::Arc;

use klamm_model::{LeaderEpoch, Offset, TopicId};

/// How a request names a topic: by id from version 13 on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// By name.
    Name(Arc<str>),
    /// By id.
    Id(TopicId),
}

/// A partition as requests name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PartitionKey {
    /// The topic.
    pub(crate) topic: Topic,
    /// The partition of the topic.
    pub(crate) partition: i32,
}

/// What a client wants of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Which.
    pub(crate) key: PartitionKey,
    /// From where on.
    pub(crate) offset: Offset,
    /// The most bytes.
    pub(crate) max_bytes: i32,
    /// The leader epoch the client believes in.
    pub(crate) current_leader_epoch: Option<LeaderEpoch>,
    /// The leader epoch of the last record that the client has.
    pub(crate) last_fetched_epoch: Option<LeaderEpoch>,
}

/// What a fetch found of one partition, as far as it decides whether the client must hear of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Whether there are records.
    pub(crate) has_records: bool,
    /// Whether there is an error, or the client's log has diverged.
    pub(crate) must_tell: bool,
    /// The high watermark.
    pub(crate) high_watermark: i64,
    /// The log start.
    pub(crate) log_start_offset: i64,
}

/// The partitions that a client follows, in the order in which they are served.
#[derive(Debug)]
pub(super) struct Session {
    /// The epoch of the request to come: 1 and up, and 1 again after 2^31-1.
    pub(super) epoch: i32,
    /// Whether its requests name topics by id.
    pub(super) by_id: bool,
    followed: HashMap<PartitionKey, Followed>,
    order: Vec<PartitionKey>,
}

#[derive(Debug)]
struct Followed {
    wanted: Wanted,
    /// What the client was told last; `None` before that and after an error.
    told: Option<(i64, i64)>,
}

impl Session {
    /// A session that follows what a full request wants.
    pub(super) fn new(by_id: bool, wanted: &[Wanted]) -> Session {
        let mut session = Session { epoch: 1, by_id, followed: HashMap::new(), order: Vec::new() };
        session.update(wanted, &[]);
        session
    }

    /// Follows what is `wanted` beside what it follows, in place of it where it is the same partition, and no
    /// longer what is `forgotten`.
    pub(super) fn update(&mut self, wanted: &[Wanted], forgotten: &[PartitionKey]) {
        for one in wanted {
            if let Some(followed) = self.followed.get_mut(&one.key) {
                followed.wanted = one.clone();
            } else {
                self.followed.insert(one.key.clone(), Followed { wanted: one.clone(), told: None });
                self.order.push(one.key.clone());
            }
        }
        if !forgotten.is_empty() {
            for key in forgotten {
                self.followed.remove(key);
            }
            self.order.retain(|key| self.followed.contains_key(key));
        }
    }

    /// What it follows, in the order in which it is to be served.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        self.order
            .iter()
            .filter_map(|key| self.followed.get(key))
            .map(|followed| followed.wanted.clone())
            .collect()
    }

    /// How many partitions it follows.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Takes note of what was found; gives for each whether the client must hear of it. Partitions with
    /// records go to the end, so that the others have their turn when a response is full.
    pub(super) fn tell(&mut self, found: &[(Wanted, Outcome)]) -> Vec<bool> {
        let told = found
            .iter()
            .map(|(wanted, outcome)| {
                self.followed.get_mut(&wanted.key).is_some_and(|followed| followed.tell(*outcome))
            })
            .collect();
        if self.order.len() > 1 && found.iter().any(|(_, outcome)| outcome.has_records) {
            let served: HashMap<&PartitionKey, bool> =
                found.iter().map(|(wanted, outcome)| (&wanted.key, outcome.has_records)).collect();
            self.order.sort_by_key(|key| served.get(key).copied().unwrap_or(false));
        }
        told
    }

    /// Counts to the next request.
    pub(super) fn advance(&mut self) {
        self.epoch = if self.epoch == i32::MAX { 1 } else { self.epoch + 1 };
    }
}

impl Followed {
    fn tell(&mut self, outcome: Outcome) -> bool {
        let now = (outcome.high_watermark, outcome.log_start_offset);
        let must = outcome.has_records || outcome.must_tell || self.told != Some(now);
        self.told = (!outcome.must_tell).then_some(now);
        must
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, PartitionKey, Session, Topic, Wanted};
    use klamm_model::Offset;

    fn key(partition: i32) -> PartitionKey {
        PartitionKey { topic: Topic::Name("t".into()), partition }
    }

    fn wanted(partition: i32, offset: i64) -> Wanted {
        Wanted {
            key: key(partition),
            offset: Offset(offset),
            max_bytes: 100,
            current_leader_epoch: None,
            last_fetched_epoch: None,
        }
    }

    const QUIET: Outcome =
        Outcome { has_records: false, must_tell: false, high_watermark: 5, log_start_offset: 0 };
    const RECORDS: Outcome = Outcome { has_records: true, ..QUIET };
    const ERROR: Outcome = Outcome { must_tell: true, high_watermark: -1, log_start_offset: -1, ..QUIET };

    #[test]
    fn only_what_changed_is_told() {
        let mut session = Session::new(false, &[wanted(0, 5)]);
        assert_eq!(session.tell(&[(wanted(0, 5), QUIET)]), [true], "the first time");
        assert_eq!(session.tell(&[(wanted(0, 5), QUIET)]), [false]);
        assert_eq!(session.tell(&[(wanted(0, 5), Outcome { high_watermark: 6, ..QUIET })]), [true]);
        let moved = Outcome { high_watermark: 6, log_start_offset: 1, ..QUIET };
        assert_eq!(session.tell(&[(wanted(0, 5), moved)]), [true]);
        assert_eq!(session.tell(&[(wanted(0, 5), moved)]), [false]);
        assert_eq!(session.tell(&[(wanted(0, 5), RECORDS)]), [true]);
    }

    #[test]
    fn an_error_is_told_each_time_and_its_end_too() {
        let mut session = Session::new(false, &[wanted(0, 5)]);
        assert_eq!(session.tell(&[(wanted(0, 5), QUIET)]), [true]);
        assert_eq!(session.tell(&[(wanted(0, 5), ERROR)]), [true]);
        assert_eq!(session.tell(&[(wanted(0, 5), ERROR)]), [true]);
        assert_eq!(session.tell(&[(wanted(0, 5), QUIET)]), [true]);
        assert_eq!(session.tell(&[(wanted(0, 5), QUIET)]), [false]);
    }

    #[test]
    fn a_request_changes_adds_and_forgets() {
        let mut session = Session::new(false, &[wanted(0, 0), wanted(1, 0)]);
        session.update(&[wanted(1, 7), wanted(2, 0)], &[key(0), key(9)]);
        assert_eq!(session.wanted(), [wanted(1, 7), wanted(2, 0)]);
        assert_eq!(session.len(), 2);
    }

    #[test]
    fn those_that_got_records_go_to_the_end() {
        let mut session = Session::new(false, &[wanted(0, 0), wanted(1, 0), wanted(2, 0)]);
        session.tell(&[(wanted(0, 5), RECORDS), (wanted(1, 0), QUIET), (wanted(2, 0), QUIET)]);
        assert_eq!(session.wanted(), [wanted(1, 0), wanted(2, 0), wanted(0, 0)]);
    }

    #[test]
    fn epochs_wrap_to_one() {
        let mut session = Session::new(false, &[]);
        session.epoch = i32::MAX;
        session.advance();
        assert_eq!(session.epoch, 1);
    }
}

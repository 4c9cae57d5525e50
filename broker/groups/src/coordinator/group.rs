//! One group, in the protocol that it speaks.

use std::collections::BTreeSet;

use klamm_model::{ErrorCode, TimestampMs};

use crate::classic::ClassicGroup;
use crate::consumer::ConsumerGroup;
use crate::offsets::{Expiry, Offsets};
use crate::{Effects, Tick};

/// One group, in the protocol that it speaks.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Group {
    /// The classic one; also consumers that only commit offsets.
    Classic(ClassicGroup),
    /// The consumer protocol.
    Consumer {
        /// Its members and who reads what.
        group: ConsumerGroup,
        /// Since when it has no members, as far as this broker saw. Kafka's records don't tell, so that a restart counts
        /// anew: offsets may be kept longer, never shorter.
        empty_since: Option<TimestampMs>,
    },
}

impl Group {
    pub(super) fn consumer(group: ConsumerGroup) -> Group {
        Group::Consumer { group, empty_since: None }
    }

    pub(super) fn member_count(&self) -> usize {
        match self {
            Group::Classic(group) => group.member_count(),
            Group::Consumer { group, .. } => group.member_count(),
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Tick> {
        match self {
            Group::Classic(group) => group.next_deadline(),
            Group::Consumer { group, .. } => group.next_deadline(),
        }
    }

    /// Looks whether it has become empty, or is so no more.
    pub(super) fn note_emptiness(&mut self, now: TimestampMs) {
        if let Group::Consumer { group, empty_since } = self {
            *empty_since = group.is_empty().then(|| empty_since.unwrap_or(now));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Group::Classic(group) => group.is_empty(),
            Group::Consumer { group, .. } => group.is_empty(),
        }
    }

    pub(super) fn check_delete(&self) -> Result<(), ErrorCode> {
        match self {
            Group::Classic(group) => group.check_delete(),
            Group::Consumer { group, .. } => group.check_delete(),
        }
    }

    /// Emits what makes the group forgotten.
    pub(super) fn delete(&self, effects: &mut Effects) {
        match self {
            Group::Classic(group) => group.delete(effects),
            Group::Consumer { group, .. } => group.delete(effects),
        }
    }

    /// When its offsets expire.
    pub(super) fn expiry(&self, group_id: &str, offsets: &Offsets) -> Expiry {
        match self {
            Group::Classic(group) if group.protocol_type().is_none() => Expiry::SinceCommit,
            Group::Classic(group) => match (group.empty_since(), group.subscribed_topics()) {
                (Some(since), _) => Expiry::EmptySince(since),
                (None, Some(topics)) => Expiry::NotSubscribed(topics),
                (None, None) => Expiry::Never,
            },
            Group::Consumer { empty_since: Some(since), .. } => Expiry::EmptySince(*since),
            Group::Consumer { group, .. } => Expiry::NotSubscribed(subscribed(group, group_id, offsets)),
        }
    }
}

fn subscribed(group: &ConsumerGroup, group_id: &str, offsets: &Offsets) -> BTreeSet<String> {
    let topics = offsets.of_group(group_id).map(|(topic, _, _)| topic);
    topics.filter(|topic| group.is_subscribed(topic)).map(str::to_owned).collect()
}

//! One group, in the protocol that it speaks.

use klamm_model::ErrorCode;

use crate::classic::ClassicGroup;
use crate::offsets::Expiry;
use crate::{Effects, Tick};

/// One group, in the protocol that it speaks.
#[derive(Debug, Clone)]
pub(super) enum Group {
    /// The classic one; also consumers that only commit offsets.
    Classic(ClassicGroup),
}

impl Group {
    pub(super) fn member_count(&self) -> usize {
        match self {
            Group::Classic(group) => group.member_count(),
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Tick> {
        match self {
            Group::Classic(group) => group.next_deadline(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Group::Classic(group) => group.is_empty(),
        }
    }

    pub(super) fn check_delete(&self) -> Result<(), ErrorCode> {
        match self {
            Group::Classic(group) => group.check_delete(),
        }
    }

    /// Emits what makes the group forgotten.
    pub(super) fn delete(&self, effects: &mut Effects) {
        match self {
            Group::Classic(group) => group.delete(effects),
        }
    }

    /// When its offsets expire.
    pub(super) fn expiry(&self) -> Expiry {
        match self {
            Group::Classic(group) if group.protocol_type().is_none() => Expiry::SinceCommit,
            Group::Classic(group) => match (group.empty_since(), group.subscribed_topics()) {
                (Some(since), _) => Expiry::EmptySince(since),
                (None, Some(topics)) => Expiry::NotSubscribed(topics),
                (None, None) => Expiry::Never,
            },
        }
    }
}

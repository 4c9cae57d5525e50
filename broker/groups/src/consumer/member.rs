//! A member of a group.

use klamm_wire::messages::consumer_group_heartbeat::TopicPartitions;

use super::partitions::{Epochs, contains, from_current, to_current};
use crate::records::{ClassicMemberMetadata, ConsumerGroupMemberValue, CurrentAssignmentValue};

/// How far a member is on its way to its target; the numbers are those of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemberState {
    /// It has what it is to have in its epoch.
    Stable = 0,
    /// It has to give partitions back first.
    UnrevokedPartitions = 1,
    /// It waits for partitions of others.
    UnreleasedPartitions = 2,
    /// A state that a newer broker wrote: the member has to begin again.
    Unknown = 127,
}

impl MemberState {
    fn from_record(state: i8) -> MemberState {
        match state {
            0 => MemberState::Stable,
            1 => MemberState::UnrevokedPartitions,
            2 => MemberState::UnreleasedPartitions,
            _ => MemberState::Unknown,
        }
    }
}

/// What a member has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Current {
    /// Its epoch; -2 for a static member that is away.
    pub epoch: i32,
    /// Its epoch before, in case the answer with the new one was lost.
    pub previous_epoch: i32,
    /// How far it is.
    pub state: MemberState,
    /// What it may read.
    pub assigned: Epochs,
    /// What it has to give back; nobody else gets it before.
    pub revoking: Epochs,
}

impl Current {
    /// A member that has just come.
    pub fn new() -> Current {
        Current {
            epoch: 0,
            previous_epoch: 0,
            state: MemberState::Stable,
            assigned: Epochs::new(),
            revoking: Epochs::new(),
        }
    }

    pub fn from_record(value: &CurrentAssignmentValue) -> Current {
        Current {
            epoch: value.member_epoch,
            previous_epoch: value.previous_member_epoch,
            state: MemberState::from_record(value.state),
            assigned: from_current(&value.assigned_partitions, value.member_epoch),
            revoking: from_current(&value.partitions_pending_revocation, value.member_epoch),
        }
    }

    pub fn to_record(&self) -> CurrentAssignmentValue {
        CurrentAssignmentValue {
            member_epoch: self.epoch,
            previous_member_epoch: self.previous_epoch,
            state: self.state as i8,
            assigned_partitions: to_current(&self.assigned),
            partitions_pending_revocation: to_current(&self.revoking),
        }
    }

    /// Whether it has what it is to have in this epoch.
    pub fn is_reconciled_to(&self, epoch: i32) -> bool {
        self.state == MemberState::Stable && self.epoch == epoch
    }

    /// Whether all that the member says it has is assigned to it; not if it does not say.
    pub fn covers(&self, owned: Option<&[TopicPartitions]>) -> bool {
        owned.is_some_and(|owned| {
            owned.iter().all(|topic| {
                self.assigned.contains_key(&topic.topic_id)
                    && topic.partitions.iter().all(|p| contains(&self.assigned, topic.topic_id, *p))
            })
        })
    }
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// What it says of itself.
    pub value: ConsumerGroupMemberValue,
    /// What it has now.
    pub current: Current,
}

impl Member {
    /// A member that nothing is known of yet.
    pub fn new() -> Member {
        Member { value: blank_value(), current: Current::new() }
    }

    /// What it says in the classic protocol, if that is the one that it speaks.
    pub fn classic(&self) -> Option<&ClassicMemberMetadata> {
        self.value.classic_member_metadata.as_ref()
    }

    /// The regular expression that it is subscribed by.
    pub fn pattern(&self) -> Option<&str> {
        pattern_of(&self.value)
    }
}

/// What is known of a member that has said nothing.
pub(super) fn blank_value() -> ConsumerGroupMemberValue {
    ConsumerGroupMemberValue {
        instance_id: None,
        rack_id: None,
        client_id: String::new(),
        client_host: String::new(),
        subscribed_topic_names: Vec::new(),
        subscribed_topic_regex: None,
        rebalance_timeout_ms: -1,
        server_assignor: None,
        classic_member_metadata: None,
    }
}

/// The regular expression of a subscription; an empty one is none.
pub(super) fn pattern_of(value: &ConsumerGroupMemberValue) -> Option<&str> {
    value.subscribed_topic_regex.as_deref().filter(|pattern| !pattern.is_empty())
}

//! The one place where a group changes: by the records of its changes.

use std::mem;

use super::ConsumerGroup;
use super::member::{Current, Member, MemberState, blank_value};
use super::partitions::{Epochs, from_target};
use crate::records::{ConsumerGroupMemberValue, ConsumerGroupValue, CurrentAssignmentValue, GroupRecord};
use crate::{Effects, Now, Turn};

impl ConsumerGroup {
    /// Applies a record of this group, in the order in which they were written. After the last one comes
    /// [`ConsumerGroup::loaded`].
    pub fn replay(&mut self, record: &GroupRecord, _now: Now) {
        match record {
            GroupRecord::ConsumerGroup { value, .. } => self.apply_group(value.as_ref()),
            GroupRecord::ConsumerGroupMember { member_id, value, .. } => {
                self.apply_member(member_id, value.as_ref());
            }
            GroupRecord::TargetAssignment { value, .. } => {
                self.target_epoch = value.as_ref().map_or(-1, |value| value.assignment_epoch);
            }
            GroupRecord::TargetAssignmentMember { member_id, value, .. } => match value {
                Some(value) => {
                    self.target.insert(member_id.clone(), from_target(&value.topic_partitions));
                }
                None => {
                    self.target.remove(member_id);
                }
            },
            GroupRecord::CurrentAssignment { member_id, value, .. } => {
                self.apply_current(member_id, value.as_ref());
            }
            GroupRecord::RegularExpression { pattern, value, .. } => match value {
                Some(value) => {
                    self.patterns.insert(pattern.clone(), value.clone());
                }
                None => {
                    self.patterns.remove(pattern);
                }
            },
            GroupRecord::Offset { .. } | GroupRecord::ClassicGroup { .. } => {}
        }
    }

    /// All records are applied: each member has the time of a session from now on to be heard of. The sessions start with
    /// the next heartbeat or tick, which is due at once, because only they know the settings.
    pub fn loaded(&mut self, now: Now) {
        self.loaded_at = Some(now.tick);
        for (member_id, member) in &self.members {
            if member.current.state == MemberState::UnrevokedPartitions && member.classic().is_none() {
                let until = now.tick.after(member.value.rebalance_timeout_ms);
                self.timers.rebalance(member_id, Some((until, member.current.epoch)));
            }
        }
    }

    /// Starts the sessions of members that were loaded.
    pub(super) fn start_sessions(&mut self, turn: &Turn<'_>) {
        let Some(since) = self.loaded_at.take() else { return };
        for (member_id, member) in &self.members {
            self.timers.session(member_id, since.after(session_timeout(&member.value, turn)));
        }
    }

    /// Makes a change: applies its record and appends it.
    pub(super) fn emit(&mut self, turn: &mut Turn<'_>, record: GroupRecord) {
        self.replay(&record, turn.now);
        turn.effects.record(record);
    }

    /// Appends what takes all records of the group back.
    pub fn delete(&self, effects: &mut Effects) {
        let group_id = || self.group_id.clone();
        for member_id in self.members.keys().cloned() {
            effects.record(GroupRecord::CurrentAssignment { group_id: group_id(), member_id, value: None });
        }
        for member_id in self.target.keys().cloned() {
            effects.record(GroupRecord::TargetAssignmentMember {
                group_id: group_id(),
                member_id,
                value: None,
            });
        }
        effects.record(GroupRecord::TargetAssignment { group_id: group_id(), value: None });
        for member_id in self.members.keys().cloned() {
            effects.record(GroupRecord::ConsumerGroupMember { group_id: group_id(), member_id, value: None });
        }
        for pattern in self.patterns.keys().cloned() {
            effects.record(GroupRecord::RegularExpression { group_id: group_id(), pattern, value: None });
        }
        effects.record(GroupRecord::ConsumerGroup { group_id: group_id(), value: None });
    }

    fn apply_group(&mut self, value: Option<&ConsumerGroupValue>) {
        self.epoch = value.map_or(0, |value| value.epoch);
        self.metadata_hash = value.map_or(0, |value| value.metadata_hash);
        self.creation_time_ms = value.map_or(-1, |value| value.creation_time_ms);
    }

    fn apply_member(&mut self, member_id: &str, value: Option<&ConsumerGroupMemberValue>) {
        let before = match value {
            Some(value) => {
                let member = self.members.entry(member_id.to_owned()).or_insert_with(Member::new);
                mem::replace(&mut member.value, value.clone())
            }
            None => self.members.remove(member_id).map_or_else(blank_value, |member| {
                self.disown(member_id, &member.current);
                self.timers.remove(member_id);
                member.value
            }),
        };
        if let Some(instance_id) = &before.instance_id {
            // The instance id may be another member's by now.
            if self.static_members.get(instance_id).is_some_and(|holder| holder == member_id) {
                self.static_members.remove(instance_id);
            }
        }
        if let Some(instance_id) = value.and_then(|value| value.instance_id.clone()) {
            self.static_members.insert(instance_id, member_id.to_owned());
        }
    }

    fn apply_current(&mut self, member_id: &str, value: Option<&CurrentAssignmentValue>) {
        let next = match value {
            Some(value) => Current::from_record(value),
            None if self.members.contains_key(member_id) => Current::new(),
            None => return,
        };
        // In a compacted log, what a member has may come before what it says of itself.
        let member = self.members.entry(member_id.to_owned()).or_insert_with(Member::new);
        let before = mem::replace(&mut member.current, next.clone());
        self.disown(member_id, &before);
        for (topic, partition) in all(&next.assigned).chain(all(&next.revoking)) {
            self.owners.insert((topic, partition), member_id.to_owned());
        }
    }

    /// Frees what a member had. In a compacted log, another member may have got it before this one gave it back.
    fn disown(&mut self, member_id: &str, before: &Current) {
        for key in all(&before.assigned).chain(all(&before.revoking)) {
            if self.owners.get(&key).is_some_and(|owner| owner == member_id) {
                self.owners.remove(&key);
            }
        }
    }
}

/// How long a member may be silent.
pub(super) fn session_timeout(value: &ConsumerGroupMemberValue, turn: &Turn<'_>) -> i32 {
    value
        .classic_member_metadata
        .as_ref()
        .map_or(turn.config.consumer_session_timeout_ms, |classic| classic.session_timeout_ms)
}

fn all(epochs: &Epochs) -> impl Iterator<Item = (klamm_model::TopicId, i32)> + '_ {
    epochs.iter().flat_map(|(topic, partitions)| partitions.keys().map(|partition| (*topic, *partition)))
}

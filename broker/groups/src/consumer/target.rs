//! The assignment that the members move to.

use std::collections::BTreeMap;

use super::ConsumerGroup;
use super::assignor::{Assignor, MemberSpec};
use super::member::Current;
use super::partitions::{Partitions, to_target};
use crate::records::{GroupRecord, TargetAssignmentMemberValue, TargetAssignmentValue};
use crate::{Topics, Turn};

impl ConsumerGroup {
    /// Makes the target of the group's epoch, and appends what is new in it.
    pub(super) fn assign(&mut self, turn: &mut Turn<'_>, topics: &dyn Topics) {
        let assignor = self.assignor();
        let mut counts = BTreeMap::new();
        let mut members = BTreeMap::new();
        for (member_id, member) in &self.members {
            let subscribed = self.topics_of(member, topics);
            for topic in &subscribed {
                if let Some((_, partitions)) = topics.by_id(*topic) {
                    counts.insert(*topic, partitions);
                }
            }
            let before = self.target.get(member_id).cloned().unwrap_or_default();
            let instance_id = member.value.instance_id.clone();
            members.insert(member_id.clone(), MemberSpec { instance_id, subscribed, before });
        }
        for (member_id, partitions) in assignor.assign(&members, &counts) {
            if self.target.get(&member_id) != Some(&partitions) {
                self.emit_target(turn, &member_id, &partitions);
            }
        }
        let value =
            TargetAssignmentValue { assignment_epoch: self.epoch, assignment_timestamp: turn.now.time.0 };
        let group_id = self.group_id.clone();
        self.emit(turn, GroupRecord::TargetAssignment { group_id, value: Some(value) });
    }

    /// The assignor that most members wish, or the default one.
    fn assignor(&self) -> Assignor {
        let name = self.preferred_assignor().unwrap_or(&self.default_assignor);
        Assignor::by_name(name).unwrap_or(Assignor::Uniform)
    }

    pub(super) fn emit_target(&mut self, turn: &mut Turn<'_>, member_id: &str, partitions: &Partitions) {
        let value = TargetAssignmentMemberValue { topic_partitions: to_target(partitions) };
        let (group_id, member_id) = (self.group_id.clone(), member_id.to_owned());
        self.emit(turn, GroupRecord::TargetAssignmentMember { group_id, member_id, value: Some(value) });
    }

    pub(super) fn emit_current(&mut self, turn: &mut Turn<'_>, member_id: &str, current: &Current) {
        let (group_id, member_id) = (self.group_id.clone(), member_id.to_owned());
        let value = Some(current.to_record());
        self.emit(turn, GroupRecord::CurrentAssignment { group_id, member_id, value });
    }
}

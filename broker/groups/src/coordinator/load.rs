//! Coming back from the log.

use super::{Coordinator, Group};
use crate::Now;
use crate::classic::ClassicGroup;
use crate::consumer::ConsumerGroup;
use crate::records::GroupRecord;

impl Coordinator {
    /// Takes a record's word for it; in the order of the log, before anything else is asked.
    pub fn replay(&mut self, record: GroupRecord, now: Now) {
        match record {
            GroupRecord::Offset { key, value } => self.offsets.replay(key, value),
            GroupRecord::ClassicGroup { group_id, value: Some(value) } => {
                let group = ClassicGroup::from_record(group_id.clone(), &value, now);
                self.groups.insert(group_id, Group::Classic(group));
            }
            GroupRecord::ClassicGroup { group_id, value: None } => self.forget_replayed(&group_id, true),
            GroupRecord::ConsumerGroup { group_id, value: None } => self.forget_replayed(&group_id, false),
            GroupRecord::ConsumerGroup { ref group_id, .. }
            | GroupRecord::ConsumerGroupMember { ref group_id, .. }
            | GroupRecord::TargetAssignment { ref group_id, .. }
            | GroupRecord::TargetAssignmentMember { ref group_id, .. }
            | GroupRecord::CurrentAssignment { ref group_id, .. }
            | GroupRecord::RegularExpression { ref group_id, .. } => {
                self.replay_consumer(group_id, &record, now);
            }
        }
    }

    fn forget_replayed(&mut self, group_id: &str, classic: bool) {
        // What took the group's name in the other protocol stays.
        if self.groups.get(group_id).is_some_and(|group| matches!(group, Group::Classic(_)) == classic) {
            self.groups.remove(group_id);
        }
    }

    fn replay_consumer(&mut self, group_id: &str, record: &GroupRecord, now: Now) {
        let exists = matches!(self.groups.get(group_id), Some(Group::Consumer { .. }));
        // Compaction may leave a tombstone of a group's part behind the group's own.
        if !exists && record.is_tombstone() {
            return;
        }
        if !exists {
            let group = Group::consumer(ConsumerGroup::new(group_id.to_owned()));
            self.groups.insert(group_id.to_owned(), group);
        }
        if let Some(Group::Consumer { group, .. }) = self.groups.get_mut(group_id) {
            group.replay(record, now);
        }
    }

    /// All records are read: members' sessions begin anew.
    pub fn loaded(&mut self, now: Now) {
        let only_committing: Vec<String> =
            self.offsets.groups().filter(|id| !self.groups.contains_key(*id)).map(str::to_owned).collect();
        for group_id in only_committing {
            self.new_classic(&group_id, now);
        }
        let group_ids: Vec<String> = self.groups.keys().cloned().collect();
        for group_id in group_ids {
            match self.groups.get_mut(&group_id) {
                Some(Group::Classic(group)) => group.loaded(now),
                Some(Group::Consumer { group, .. }) => group.loaded(now),
                None => {}
            }
            self.settle(&group_id, now);
        }
    }
}

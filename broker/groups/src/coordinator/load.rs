//! Coming back from the log.

use super::{Coordinator, Group};
use crate::Now;
use crate::classic::ClassicGroup;
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
            GroupRecord::ClassicGroup { group_id, value: None } => {
                self.groups.remove(&group_id);
            }
            // Groups of the consumer protocol are not served here.
            GroupRecord::ConsumerGroup { .. }
            | GroupRecord::ConsumerGroupMember { .. }
            | GroupRecord::TargetAssignment { .. }
            | GroupRecord::TargetAssignmentMember { .. }
            | GroupRecord::CurrentAssignment { .. }
            | GroupRecord::RegularExpression { .. } => {}
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
            self.settle(&group_id);
        }
    }
}

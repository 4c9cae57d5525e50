//! Forgetting offsets and groups whose time has come.

use std::collections::BTreeSet;

use super::Coordinator;
use crate::records::GroupRecord;
use crate::{Topics, Turn};

impl Coordinator {
    /// Forgets the offsets that expired, and groups that have neither offsets nor members any more. Gives how many offsets.
    pub fn expire(&mut self, turn: &mut Turn<'_>) -> usize {
        // In an order of their own: what is appended follows from what happened, and a simulation can repeat it.
        let group_ids: BTreeSet<String> = self.groups.keys().cloned().collect();
        let mut expired = 0;
        for group_id in group_ids {
            expired += self.expire_offsets(turn, &group_id);
            // Someone who was just given an id, and is about to join with it, is a deadline.
            let idle = |group: &super::Group| group.is_empty() && group.next_deadline().is_none();
            if self.groups.get(&group_id).is_some_and(idle) && !self.offsets.has_group(&group_id) {
                self.forget_group(turn, &group_id);
            }
        }
        expired
    }

    fn expire_offsets(&mut self, turn: &mut Turn<'_>, group_id: &str) -> usize {
        let Some(group) = self.groups.get(group_id) else { return 0 };
        let expiry = group.expiry(group_id, &self.offsets);
        let (now, retention_ms) = (turn.now.time, turn.config.offsets_retention_ms);
        let tombstones = self
            .offsets
            .tombstones(group_id, |topic, _, value| expiry.has_come(now, retention_ms, topic, value));
        self.forget(turn, tombstones)
    }

    /// Forgets the offsets of topics that are gone, or that were made again under their name. Gives how many.
    pub fn forget_deleted_topics(&mut self, turn: &mut Turn<'_>, topics: &dyn Topics) -> usize {
        let group_ids: BTreeSet<String> = self.offsets.groups().map(str::to_owned).collect();
        let mut forgotten = 0;
        for group_id in group_ids {
            let tombstones = self.offsets.tombstones(&group_id, |topic, _, value| {
                topics.by_name(topic).is_none_or(|(id, _)| !value.topic_id.is_zero() && value.topic_id != id)
            });
            forgotten += self.forget(turn, tombstones);
        }
        forgotten
    }

    /// Appends tombstones of offsets and takes their word for it; gives how many they are.
    pub(super) fn forget(&mut self, turn: &mut Turn<'_>, tombstones: Vec<GroupRecord>) -> usize {
        let count = tombstones.len();
        for tombstone in tombstones {
            if let GroupRecord::Offset { key, value } = &tombstone {
                self.offsets.replay(key.clone(), value.clone());
            }
            turn.effects.record(tombstone);
        }
        count
    }

    pub(super) fn forget_group(&mut self, turn: &mut Turn<'_>, group_id: &str) {
        if let Some(group) = self.groups.remove(group_id) {
            group.delete(turn.effects);
        }
        self.deadlines.clear(group_id);
    }
}

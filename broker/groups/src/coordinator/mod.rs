//! All groups of one partition of `__consumer_offsets`.
//!
//! Requests go to the group that they name, in the protocol that it speaks; records of its partition of the log bring it all
//! back after a restart.

mod admin;
mod classic;
mod commit;
mod consumer;
mod expire;
mod group;
mod load;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use klamm_model::ErrorCode;

use crate::classic::ClassicGroup;
use crate::deadlines::Deadlines;
use crate::offsets::Offsets;
use crate::{GroupConfig, Now, Tick, Topics, Turn};

pub use admin::not_described;
pub use commit::{Commit, OffsetToCommit};
use group::Group;

/// All groups of one partition of `__consumer_offsets`.
#[derive(Debug, Default, PartialEq)]
pub struct Coordinator {
    groups: HashMap<String, Group>,
    offsets: Offsets,
    deadlines: Deadlines,
}

impl Coordinator {
    /// Does what is due at `turn.now`. `config_of` tells what the settings say about one group, which may have some of its own:
    /// the first tick after a load starts the sessions of all members.
    pub fn tick(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        config_of: &dyn Fn(&str) -> GroupConfig,
    ) {
        for group_id in self.deadlines.take_until(turn.now.tick) {
            let classic = match self.groups.get_mut(&group_id) {
                Some(Group::Classic(group)) => {
                    group.tick(turn);
                    None
                }
                Some(Group::Consumer { group, .. }) => {
                    let config = &config_of(&group_id);
                    let Turn { now, ref mut ids, ref mut effects, .. } = *turn;
                    let own = &mut Turn { now, config, ids: &mut **ids, effects };
                    group.tick(own, topics)
                }
                None => None,
            };
            self.becomes(&group_id, classic);
            self.settle(&group_id, turn.now);
        }
    }

    /// When [`Coordinator::tick`] has something to do next.
    pub fn next_deadline(&self) -> Option<Tick> {
        self.deadlines.first()
    }

    /// Ends every wait with an error: another broker leads the partition now, or its log failed.
    pub fn close(&mut self, turn: &mut Turn<'_>, error: ErrorCode) {
        for group in self.groups.values_mut() {
            if let Group::Classic(group) = group {
                group.close(turn, error);
            }
        }
    }

    /// What is committed.
    pub fn offsets(&self) -> &Offsets {
        &self.offsets
    }

    /// Whether there is a group of this name, in whichever protocol.
    pub fn contains(&self, group_id: &str) -> bool {
        self.groups.contains_key(group_id)
    }

    /// The generation of a group of the classic protocol, the epoch of one of the consumer protocol. `None` if there is none of
    /// this name.
    pub fn generation_or_epoch(&self, group_id: &str) -> Option<i32> {
        self.groups.get(group_id).map(|group| match group {
            Group::Classic(group) => group.generation(),
            Group::Consumer { group, .. } => group.epoch(),
        })
    }

    /// How many groups there are.
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// How many members all groups have.
    pub fn member_count(&self) -> usize {
        self.groups.values().map(Group::member_count).sum()
    }

    /// After each event of a group: when is it to be looked at again, and since when is it empty.
    fn settle(&mut self, group_id: &str, now: Now) {
        let Some(group) = self.groups.get_mut(group_id) else { return self.deadlines.clear(group_id) };
        group.note_emptiness(now.time);
        match group.next_deadline() {
            Some(deadline) => self.deadlines.set(group_id, deadline),
            None => self.deadlines.clear(group_id),
        }
    }

    /// A group of consumers that only commit here, or of members that come next.
    fn new_classic(&mut self, group_id: &str, now: Now) -> &mut Group {
        let group = Group::Classic(ClassicGroup::new(group_id.to_owned(), now));
        self.groups.entry(group_id.to_owned()).or_insert(group)
    }
}

//! What is committed.

use std::collections::{BTreeMap, HashMap};

use crate::records::{GroupRecord, OffsetKey, OffsetValue};

/// The committed offsets of one partition of `__consumer_offsets`: of all groups that belong there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Offsets {
    /// By group and topic. There are no empty maps in it.
    groups: HashMap<String, BTreeMap<String, BTreeMap<i32, OffsetValue>>>,
}

impl Offsets {
    /// Takes a record's word for it.
    pub fn replay(&mut self, key: OffsetKey, value: Option<OffsetValue>) {
        match value {
            Some(value) => {
                let topics = self.groups.entry(key.group).or_default();
                topics.entry(key.topic).or_default().insert(key.partition, value);
            }
            None => self.forget(&key),
        }
    }

    fn forget(&mut self, key: &OffsetKey) {
        let Some(topics) = self.groups.get_mut(&key.group) else { return };
        if let Some(partitions) = topics.get_mut(&key.topic) {
            partitions.remove(&key.partition);
            if partitions.is_empty() {
                topics.remove(&key.topic);
            }
        }
        if topics.is_empty() {
            self.groups.remove(&key.group);
        }
    }

    /// How far a group has read a partition.
    pub fn get(&self, group: &str, topic: &str, partition: i32) -> Option<&OffsetValue> {
        self.groups.get(group)?.get(topic)?.get(&partition)
    }

    /// How far a group has read each partition, in the order of topics and partitions.
    pub fn of_group(&self, group: &str) -> impl Iterator<Item = (&str, i32, &OffsetValue)> {
        let topics = self.groups.get(group).into_iter().flatten();
        topics.flat_map(|(topic, partitions)| {
            partitions.iter().map(move |(partition, value)| (topic.as_str(), *partition, value))
        })
    }

    /// Whether a group has committed anything that is still there.
    pub fn has_group(&self, group: &str) -> bool {
        self.groups.contains_key(group)
    }

    /// The groups that have, in no order.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.keys().map(String::as_str)
    }

    /// How many offsets there are.
    pub fn count(&self) -> usize {
        self.groups.values().flat_map(BTreeMap::values).map(BTreeMap::len).sum()
    }

    /// The records that make a group's offsets forgotten that are `chosen`.
    pub fn tombstones(
        &self,
        group: &str,
        mut chosen: impl FnMut(&str, i32, &OffsetValue) -> bool,
    ) -> Vec<GroupRecord> {
        self.of_group(group)
            .filter(|(topic, partition, value)| chosen(topic, *partition, value))
            .map(|(topic, partition, _)| {
                let key = OffsetKey { group: group.to_owned(), topic: topic.to_owned(), partition };
                GroupRecord::Offset { key, value: None }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(group: &str, topic: &str, partition: i32) -> OffsetKey {
        OffsetKey { group: group.into(), topic: topic.into(), partition }
    }

    fn at(offset: i64) -> OffsetValue {
        OffsetValue { offset, ..OffsetValue::default() }
    }

    #[test]
    fn the_last_word_counts_and_nothing_is_left_of_what_is_forgotten() {
        let mut offsets = Offsets::default();
        offsets.replay(key("g", "b", 0), Some(at(1)));
        offsets.replay(key("g", "a", 1), Some(at(2)));
        offsets.replay(key("g", "a", 1), Some(at(3)));
        offsets.replay(key("h", "a", 1), Some(at(4)));
        assert_eq!(offsets.get("g", "a", 1).map(|value| value.offset), Some(3));
        let all: Vec<_> = offsets.of_group("g").map(|(t, p, v)| (t, p, v.offset)).collect();
        assert_eq!(all, [("a", 1, 3), ("b", 0, 1)]);
        assert_eq!(offsets.count(), 3);

        for record in offsets.tombstones("g", |_, _, _| true) {
            let GroupRecord::Offset { key, value } = record else { panic!("{record:?}") };
            offsets.replay(key, value);
        }
        offsets.replay(key("never", "a", 0), None);
        assert!(!offsets.has_group("g"));
        assert_eq!(offsets.groups().collect::<Vec<_>>(), ["h"]);
    }
}

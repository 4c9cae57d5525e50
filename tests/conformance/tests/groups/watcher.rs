//! The group as its records in `__consumer_offsets` tell it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::{Buf, Bytes};
use klamm_conformance::TestBroker;
use klamm_groups::records::{CurrentAssignmentPartitions, GroupRecord};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::support::consumer;

/// Follows the group `g`.
pub struct Watcher {
    consumer: BaseConsumer,
    /// Its generation or epoch, as far as that was written down.
    pub generation: i32,
    /// What each member reads, and in which generation or epoch.
    members: BTreeMap<String, (i32, BTreeSet<i32>)>,
}

impl Watcher {
    pub fn new(broker: &TestBroker, partitions: i32) -> Watcher {
        let consumer = consumer(broker);
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            list.add_partition_offset("__consumer_offsets", partition, Offset::Beginning).unwrap();
        }
        consumer.assign(&list).unwrap();
        Watcher { consumer, generation: 0, members: BTreeMap::new() }
    }

    /// Takes what is new.
    pub fn look(&mut self) {
        while let Some(polled) = self.consumer.poll(Duration::from_millis(20)) {
            // Ends of partitions, and that the broker is away.
            let Ok(message) = polled else { continue };
            let bytes = |part: Option<&[u8]>| part.map(Bytes::copy_from_slice);
            let (key, value) = (bytes(message.key()).unwrap(), bytes(message.payload()));
            self.take(GroupRecord::decode(&key, value.as_ref()).unwrap());
        }
    }

    fn take(&mut self, record: Option<GroupRecord>) {
        match record {
            Some(GroupRecord::ClassicGroup { value: Some(group), .. }) => {
                self.generation = group.generation;
                let member = |member: klamm_groups::records::ClassicMemberValue| {
                    (member.member_id, (group.generation, assigned(member.assignment)))
                };
                self.members = group.members.into_iter().map(member).collect();
            }
            Some(GroupRecord::ConsumerGroup { value: Some(group), .. }) => self.generation = group.epoch,
            // Only a member of the current epoch with all it is to have counts.
            Some(GroupRecord::CurrentAssignment { member_id, value: Some(current), .. }) => {
                let epoch = if current.state == 0 { current.member_epoch } else { -1 };
                self.members.insert(member_id, (epoch, partitions(&current.assigned_partitions)));
            }
            Some(GroupRecord::CurrentAssignment { member_id, value: None, .. }) => {
                self.members.remove(&member_id);
            }
            _ => {}
        }
    }

    /// Whether it has so many members, all of them in the newest generation or epoch, and each partition has one reader.
    pub fn is_settled(&self, members: usize, partitions: i32) -> bool {
        let read: Vec<i32> = self.members.values().flat_map(|(_, read)| read).copied().collect();
        let all: BTreeSet<i32> = read.iter().copied().collect();
        self.members.len() == members
            && self.members.values().all(|(epoch, _)| *epoch == self.generation)
            && read.len() == all.len()
            && all == (0..partitions).collect()
    }

    /// For messages.
    pub fn describe(&self) -> String {
        format!("generation {}, {:?}", self.generation, self.members)
    }
}

fn partitions(topics: &[CurrentAssignmentPartitions]) -> BTreeSet<i32> {
    topics.iter().flat_map(|topic| topic.partitions.iter().copied()).collect()
}

/// The partitions in a consumer's assignment: a version, then topics, each with its partitions. A member that nobody gave
/// anything has no bytes.
fn assigned(mut bytes: Bytes) -> BTreeSet<i32> {
    let mut assigned = BTreeSet::new();
    if bytes.is_empty() {
        return assigned;
    }
    bytes.advance(size_of::<i16>());
    for _ in 0..bytes.get_i32() {
        let name_bytes = bytes.get_i16();
        bytes.advance(usize::try_from(name_bytes).unwrap());
        for _ in 0..bytes.get_i32() {
            assigned.insert(bytes.get_i32());
        }
    }
    assigned
}

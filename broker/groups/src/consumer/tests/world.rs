//! A cluster with one group, and words for what happens in it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use klamm_model::{ErrorCode, TimestampMs, TopicId};
use klamm_wire::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};

use crate::consumer::ConsumerGroup;
use crate::records::GroupRecord;
use crate::{Caller, Effects, GroupConfig, MemberIds, Now, Tick, Topics, Turn};

pub(crate) const GROUP: &str = "g";

/// Topics by name, with a number that makes their id and their partitions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cluster {
    topics: BTreeMap<String, (TopicId, u32)>,
    version: u64,
    made: u8,
}

impl Cluster {
    pub fn with(topics: &[(&str, u32)]) -> Cluster {
        let mut cluster = Cluster::default();
        for (name, partitions) in topics {
            cluster.create(name, *partitions);
        }
        cluster
    }

    pub fn create(&mut self, name: &str, partitions: u32) {
        self.made += 1;
        self.version += 1;
        self.topics.insert(name.to_owned(), (TopicId::from_bytes([self.made; 16]), partitions));
    }

    pub fn grow(&mut self, name: &str, partitions: u32) {
        self.version += 1;
        self.topics.get_mut(name).unwrap().1 = partitions;
    }

    pub fn delete(&mut self, name: &str) {
        self.version += 1;
        self.topics.remove(name);
    }
}

impl Topics for Cluster {
    fn by_name(&self, name: &str) -> Option<(TopicId, u32)> {
        self.topics.get(name).copied()
    }

    fn by_id(&self, id: TopicId) -> Option<(&str, u32)> {
        self.topics.iter().find(|(_, (of, _))| *of == id).map(|(name, (_, count))| (name.as_str(), *count))
    }

    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.topics.keys().map(String::as_str))
    }

    fn version(&self) -> u64 {
        self.version
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Counter(pub u128);

impl MemberIds for Counter {
    fn next_id(&mut self) -> u128 {
        self.0 += 1;
        self.0
    }
}

/// A group, its cluster and its clock.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub group: ConsumerGroup,
    pub topics: Cluster,
    pub config: GroupConfig,
    pub now: Now,
    ids: Counter,
    /// All records that the group ever emitted.
    pub log: Vec<GroupRecord>,
    /// Those of the last event.
    pub records: Vec<GroupRecord>,
}

impl World {
    pub fn new(topics: &[(&str, u32)]) -> World {
        World {
            group: ConsumerGroup::new(GROUP.to_owned()),
            topics: Cluster::with(topics),
            config: GroupConfig::default(),
            now: Now { time: TimestampMs(1_000_000), tick: Tick(0) },
            ids: Counter(0),
            log: Vec::new(),
            records: Vec::new(),
        }
    }

    pub fn later(&mut self, milliseconds: i32) {
        self.now.tick = self.now.tick.after(milliseconds);
        self.now.time.0 += i64::from(milliseconds);
    }

    /// Time passes, and the group's deadlines with it.
    pub fn wait(&mut self, milliseconds: i32) {
        self.later(milliseconds);
        if self.group.next_deadline().is_some_and(|deadline| deadline <= self.now.tick) {
            let classic = self.event(|group, turn, topics| group.tick(turn, topics));
            assert!(classic.is_none(), "{classic:?}");
        } else {
            self.records.clear();
        }
    }

    pub fn send(&mut self, api_version: i16, request: ConsumerGroupHeartbeatRequest) -> Answer {
        let client_host = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let caller = Caller { api_version, client_id: "client".to_owned(), client_host };
        let (answer, classic) =
            self.event(|group, turn, topics| group.heartbeat(turn, topics, &caller, request));
        assert!(classic.is_none(), "{classic:?}");
        Answer(answer)
    }

    /// A joins, a heartbeat that asks for nothing, and so on, of version 1.
    pub fn join(&mut self, member: &str, topics: &[&str]) -> Answer {
        self.send(1, joins(member, topics))
    }

    pub fn beat(&mut self, member: &str, epoch: i32) -> Answer {
        self.send(1, says(member, epoch))
    }

    /// A heartbeat that says which partitions of the first topic the member has.
    pub fn beat_with(&mut self, member: &str, epoch: i32, owned: &[i32]) -> Answer {
        self.send(
            1,
            ConsumerGroupHeartbeatRequest { topic_partitions: Some(of_first(owned)), ..says(member, epoch) },
        )
    }

    /// Members that are still there give a sign of life in the epoch that they have, and say nothing else.
    pub fn alive(&mut self, members: &[&str]) {
        for member in members {
            if let Some(epoch) = self.group.members.get(*member).map(|member| member.current.epoch) {
                self.beat(member, epoch).gives();
            }
        }
    }

    /// The group is read again from its log, and would be the same from a log that was compacted.
    pub fn restart(&mut self) {
        let group = self.read(&self.log);
        let compacted = self.read(&compacted(&self.log));
        assert_eq!(lasting(&group), lasting(&self.group));
        assert_eq!(lasting(&compacted), lasting(&self.group));
        self.group = group;
    }

    fn read(&self, log: &[GroupRecord]) -> ConsumerGroup {
        let mut group = ConsumerGroup::new(GROUP.to_owned());
        for record in log {
            group.replay(record, self.now);
        }
        group.loaded(self.now);
        group
    }

    fn event<A>(&mut self, event: impl FnOnce(&mut ConsumerGroup, &mut Turn<'_>, &Cluster) -> A) -> A {
        let mut effects = Effects::default();
        let mut turn =
            Turn { now: self.now, config: &self.config, ids: &mut self.ids, effects: &mut effects };
        let answer = event(&mut self.group, &mut turn, &self.topics);
        assert!(effects.replies.is_empty());
        self.log.extend(effects.records.iter().cloned());
        self.records = effects.records;
        answer
    }
}

/// An answer, in a form that reads easily.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer(pub ConsumerGroupHeartbeatResponse);

impl Answer {
    pub fn error(&self) -> ErrorCode {
        ErrorCode::from_i16(self.0.error_code).unwrap()
    }

    /// The member's epoch, and its partitions of the first topic if they were sent.
    pub fn gives(&self) -> (i32, Option<Vec<i32>>) {
        assert_eq!(self.error(), ErrorCode::None, "{:?}", self.0.error_message);
        let assignment = self.0.assignment.as_ref();
        let partitions = assignment.map(|assignment| {
            assignment.topic_partitions.iter().flat_map(|topic| topic.partitions.clone()).collect()
        });
        (self.0.member_epoch, partitions)
    }
}

/// A request to join.
pub(crate) fn joins(member: &str, topics: &[&str]) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest {
        rebalance_timeout_ms: 60_000,
        subscribed_topic_names: Some(topics.iter().map(|name| (*name).to_owned()).collect()),
        topic_partitions: Some(Vec::new()),
        ..says(member, 0)
    }
}

/// A request that says nothing new.
pub(crate) fn says(member: &str, epoch: i32) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest {
        group_id: GROUP.to_owned(),
        member_id: member.to_owned(),
        member_epoch: epoch,
        instance_id: None,
        rack_id: None,
        rebalance_timeout_ms: -1,
        subscribed_topic_names: None,
        subscribed_topic_regex: None,
        server_assignor: None,
        topic_partitions: None,
    }
}

/// Of a static member.
pub(crate) fn as_instance(
    instance: &str,
    request: ConsumerGroupHeartbeatRequest,
) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest { instance_id: Some(instance.to_owned()), ..request }
}

/// Partitions of the topic that was made first.
pub(crate) fn of_first(partitions: &[i32]) -> Vec<TopicPartitions> {
    vec![TopicPartitions { topic_id: TopicId::from_bytes([1; 16]), partitions: partitions.to_vec() }]
}

/// What of a group has to be the same after it was read from its log.
pub(crate) fn lasting(group: &ConsumerGroup) -> String {
    let mut owners: Vec<_> = group.owners.iter().collect();
    owners.sort();
    let mut statics: Vec<_> = group.static_members.iter().collect();
    statics.sort();
    format!(
        "{} {} {} {} {:?} {:?} {:?} {owners:?} {statics:?}",
        group.epoch,
        group.metadata_hash,
        group.creation_time_ms,
        group.target_epoch,
        group.members,
        group.target,
        group.patterns
    )
}

/// The last record of each key, without those that take a key back.
fn compacted(log: &[GroupRecord]) -> Vec<GroupRecord> {
    let mut last = BTreeMap::new();
    for (position, record) in log.iter().enumerate() {
        let (key, is_tombstone) = match record {
            GroupRecord::ConsumerGroup { value, .. } => ((0, ""), value.is_none()),
            GroupRecord::ConsumerGroupMember { member_id, value, .. } => {
                ((1, member_id.as_str()), value.is_none())
            }
            GroupRecord::TargetAssignment { value, .. } => ((2, ""), value.is_none()),
            GroupRecord::TargetAssignmentMember { member_id, value, .. } => {
                ((3, member_id.as_str()), value.is_none())
            }
            GroupRecord::CurrentAssignment { member_id, value, .. } => {
                ((4, member_id.as_str()), value.is_none())
            }
            GroupRecord::RegularExpression { pattern, value, .. } => ((5, pattern.as_str()), value.is_none()),
            GroupRecord::Offset { .. } | GroupRecord::ClassicGroup { .. } => panic!("{record:?}"),
        };
        last.insert(key, (position, is_tombstone));
    }
    let kept: BTreeSet<usize> =
        last.into_values().filter(|(_, is_tombstone)| !is_tombstone).map(|(position, _)| position).collect();
    kept.into_iter().map(|position| log[position].clone()).collect()
}

/// The kinds of records, with their member, epoch and partitions of the first topic: short enough to compare.
pub(crate) fn kinds(records: &[GroupRecord]) -> Vec<String> {
    records.iter().map(kind).collect()
}

fn kind(record: &GroupRecord) -> String {
    match record {
        GroupRecord::ConsumerGroup { value, .. } => {
            format!("group {:?}", value.as_ref().map(|value| value.epoch))
        }
        GroupRecord::ConsumerGroupMember { member_id, value, .. } => match value {
            Some(value) => format!("member {member_id} wants {}", value.subscribed_topic_names.join("+")),
            None => format!("member {member_id} gone"),
        },
        GroupRecord::TargetAssignment { value, .. } => {
            format!("target {:?}", value.as_ref().map(|value| value.assignment_epoch))
        }
        GroupRecord::TargetAssignmentMember { member_id, value, .. } => {
            let of = |value: &crate::records::TargetAssignmentMemberValue| -> Vec<i32> {
                value.topic_partitions.iter().flat_map(|topic| topic.partitions.clone()).collect()
            };
            format!("target of {member_id} {:?}", value.as_ref().map(of))
        }
        GroupRecord::CurrentAssignment { member_id, value, .. } => match value {
            Some(value) => {
                let of = |listed: &[crate::records::CurrentAssignmentPartitions]| -> Vec<i32> {
                    listed.iter().flat_map(|topic| topic.partitions.clone()).collect()
                };
                format!(
                    "{member_id} epoch {} after {} state {} has {:?} gives back {:?}",
                    value.member_epoch,
                    value.previous_member_epoch,
                    value.state,
                    of(&value.assigned_partitions),
                    of(&value.partitions_pending_revocation)
                )
            }
            None => format!("current of {member_id} gone"),
        },
        GroupRecord::RegularExpression { pattern, value, .. } => {
            format!("pattern {pattern} {:?}", value.as_ref().map(|value| value.topics.join("+")))
        }
        GroupRecord::ClassicGroup { value, .. } => match value {
            Some(value) => {
                let members: Vec<&str> =
                    value.members.iter().map(|member| member.member_id.as_str()).collect();
                let leader = value.leader.as_deref().unwrap_or("nobody");
                format!("classic {} led by {leader}: {}", value.generation, members.join("+"))
            }
            None => "classic gone".to_owned(),
        },
        GroupRecord::Offset { .. } => format!("{record:?}"),
    }
}

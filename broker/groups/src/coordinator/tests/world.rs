//! A coordinator, its cluster and its log, and words for what happens in its one group.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use klamm_model::{ErrorCode, TimestampMs};
use klamm_wire::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};
use klamm_wire::messages::heartbeat::HeartbeatRequest;
use klamm_wire::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse};
use klamm_wire::messages::leave_group::{LeaveGroupRequest, MemberIdentity};
use klamm_wire::messages::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse};

use super::super::{Coordinator, Group};
use crate::classic::State;
use crate::consumer::tests::world::{Cluster, Counter, GROUP, joins, kinds, lasting};
use crate::embedded::tests::{assignment, subscription};
use crate::embedded::{Assignment, CONSUMERS};
use crate::records::GroupRecord;
use crate::{
    Caller, Commit, Effects, GroupConfig, MigrationPolicy, Now, OffsetToCommit, Reply, Tick, Ticket, Topics,
    Turn, WhyRefused,
};

pub(super) const TOPIC: &str = "t";
pub(super) const SESSION_MS: i32 = 10_000;
pub(super) const REBALANCE_MS: i32 = 30_000;
/// Versions that most clients speak: with known ids, and before a leader can skip the assignment.
pub(super) const VERSION: i16 = 7;

/// A coordinator, its cluster and its log.
#[derive(Debug)]
pub(super) struct World {
    pub groups: Coordinator,
    pub topics: Cluster,
    pub config: GroupConfig,
    pub now: Now,
    ids: Counter,
    tickets: u64,
    /// All records that were ever emitted, and how many those before the last event were.
    pub log: Vec<GroupRecord>,
    pub before: usize,
    pub replies: BTreeMap<Ticket, Reply>,
    /// What was refused last.
    pub refused: Vec<WhyRefused>,
    /// Short names of ids.
    names: BTreeMap<String, String>,
}

/// A JoinGroup.
#[derive(Debug, Clone)]
pub(super) struct Join {
    pub member_id: String,
    pub instance: Option<String>,
    pub version: i16,
    pub protocol_type: &'static str,
    pub protocols: Vec<(&'static str, Bytes)>,
}

/// By a member that speaks `range`, and has nothing: it has given everything back, as eager ones do.
pub(super) fn range(member_id: &str) -> Join {
    Join {
        member_id: member_id.to_owned(),
        instance: None,
        version: VERSION,
        protocol_type: CONSUMERS,
        protocols: vec![("range", subscription(1, &[TOPIC], &[]))],
    }
}

/// By a member that speaks `cooperative-sticky`, and keeps what it has.
pub(super) fn cooperative(member_id: &str, owned: &[i32]) -> Join {
    let protocols = vec![("cooperative-sticky", subscription(2, &[TOPIC], &[(TOPIC, owned)]))];
    Join { protocols, ..range(member_id) }
}

impl Join {
    pub fn instance(mut self, instance: &str) -> Join {
        self.instance = Some(instance.to_owned());
        self
    }

    pub fn request(&self) -> JoinGroupRequest {
        let protocol = |(name, metadata): &(&'static str, Bytes)| JoinGroupRequestProtocol {
            name: (*name).to_owned(),
            metadata: metadata.clone(),
        };
        JoinGroupRequest {
            group_id: GROUP.to_owned(),
            session_timeout_ms: SESSION_MS,
            rebalance_timeout_ms: REBALANCE_MS,
            member_id: self.member_id.clone(),
            group_instance_id: self.instance.clone(),
            protocol_type: self.protocol_type.to_owned(),
            protocols: self.protocols.iter().map(protocol).collect(),
            ..JoinGroupRequest::default()
        }
    }
}

impl World {
    pub fn new(partitions: u32) -> World {
        World {
            groups: Coordinator::default(),
            topics: Cluster::with(&[(TOPIC, partitions)]),
            config: GroupConfig { initial_rebalance_delay_ms: 0, ..GroupConfig::default() },
            now: Now { time: TimestampMs(1_000_000), tick: Tick(0) },
            ids: Counter(0),
            tickets: 0,
            log: Vec::new(),
            before: 0,
            replies: BTreeMap::new(),
            refused: Vec::new(),
            names: BTreeMap::new(),
        }
    }

    pub fn policy(mut self, policy: MigrationPolicy) -> World {
        self.config.consumer_migration_policy = policy;
        self
    }

    /// A stable classic group: members with the partitions that they have, in the order in which they came; and their ids.
    pub fn classic(
        self,
        join: impl Fn(&str) -> Join,
        shares: &[(&str, &[i32])],
    ) -> (World, Vec<String>, i32) {
        let mut world = self;
        let mut ids: Vec<String> = Vec::new();
        for (name, _) in shares {
            let id = world.told(&join(""));
            world.names.insert(id.clone(), (*name).to_owned());
            let mut tickets = vec![world.join(&join(&id))];
            tickets.extend(ids.clone().iter().map(|id| world.join(&join(id))));
            ids.push(id);
            let joined = world.joined(tickets[0]);
            let assigned = ids.iter().zip(shares).map(|(id, (_, share))| (id.clone(), *share));
            let assigned: Vec<_> =
                assigned.map(|(id, share)| (id, assignment(1, &[(TOPIC, share)]))).collect();
            for id in &ids {
                let all = if joined.leader == *id { assigned.clone() } else { Vec::new() };
                world.sync_with(id, joined.generation_id, all);
            }
        }
        let generation = i32::try_from(shares.len()).unwrap();
        (world, ids, generation)
    }

    /// Names an id in [`World::emitted`].
    pub fn name(&mut self, id: &str, name: &str) {
        self.names.insert(id.to_owned(), name.to_owned());
    }

    /// The id of a member that is told one before it joins.
    pub fn told(&mut self, join: &Join) -> String {
        if join.instance.is_some() {
            return String::new();
        }
        let ticket = self.join(join);
        let told = self.joined(ticket);
        assert_eq!(code(told.error_code), ErrorCode::MemberIdRequired);
        told.member_id
    }

    pub fn join(&mut self, join: &Join) -> Ticket {
        let (request, ticket) = (join.request(), self.ticket());
        self.event(join.version, |groups, turn, topics, caller| {
            groups.join(turn, topics, caller, request, ticket);
        });
        ticket
    }

    /// A member of a group of the consumer protocol joins: who may is answered at once. Gives its id and generation.
    pub fn enter(&mut self, join: &Join) -> Result<(String, i32), ErrorCode> {
        let ticket = self.join(join);
        let joined = self.joined(ticket);
        match code(joined.error_code) {
            ErrorCode::None => Ok((joined.member_id, joined.generation_id)),
            other => Err(other),
        }
    }

    pub fn sync_with(&mut self, member_id: &str, generation: i32, all: Vec<(String, Bytes)>) -> Ticket {
        let assignments = all
            .into_iter()
            .map(|(member_id, assignment)| SyncGroupRequestAssignment { member_id, assignment })
            .collect();
        let request = SyncGroupRequest {
            group_id: GROUP.to_owned(),
            generation_id: generation,
            member_id: member_id.to_owned(),
            assignments,
            ..SyncGroupRequest::default()
        };
        let ticket = self.ticket();
        self.event(VERSION, |groups, turn, topics, caller| {
            groups.sync(turn, topics, caller, request, ticket);
        });
        ticket
    }

    /// Asks for the partitions of the topic.
    pub fn sync(&mut self, member_id: &str, generation: i32) -> Result<Vec<i32>, ErrorCode> {
        let ticket = self.sync_with(member_id, generation, Vec::new());
        let synced = self.synced(ticket);
        match code(synced.error_code) {
            ErrorCode::None => Ok(partitions_of(&synced.assignment)),
            other => Err(other),
        }
    }

    pub fn beat(&mut self, member_id: &str, generation: i32) -> ErrorCode {
        self.beat_as(member_id, None, generation)
    }

    pub fn beat_as(&mut self, member_id: &str, instance: Option<&str>, generation: i32) -> ErrorCode {
        let request = HeartbeatRequest {
            group_id: GROUP.to_owned(),
            generation_id: generation,
            member_id: member_id.to_owned(),
            group_instance_id: instance.map(str::to_owned),
        };
        self.event(VERSION, |groups, turn, topics, _| groups.heartbeat(turn, topics, &request))
    }

    pub fn leave(&mut self, members: &[(&str, Option<&str>)]) -> Vec<ErrorCode> {
        let members = members.iter().map(|(member_id, instance)| MemberIdentity {
            member_id: (*member_id).to_owned(),
            group_instance_id: instance.map(str::to_owned),
            ..MemberIdentity::default()
        });
        let request = LeaveGroupRequest {
            group_id: GROUP.to_owned(),
            members: members.collect(),
            ..LeaveGroupRequest::default()
        };
        let left = self.event(4, |groups, turn, topics, caller| groups.leave(turn, topics, caller, request));
        left.members.iter().map(|member| code(member.error_code)).collect()
    }

    pub fn send(&mut self, request: ConsumerGroupHeartbeatRequest) -> ConsumerGroupHeartbeatResponse {
        self.event(1, |groups, turn, topics, caller| groups.consumer_heartbeat(turn, topics, caller, request))
    }

    /// A member of the consumer protocol joins; gives its epoch and partitions.
    pub fn consumer(&mut self, member_id: &str) -> (i32, Vec<i32>) {
        let answer = self.send(joins(member_id, &[TOPIC]));
        assert_eq!(code(answer.error_code), ErrorCode::None, "{:?}", answer.error_message);
        (answer.member_epoch, given(&answer).unwrap())
    }

    /// A heartbeat of a member of the consumer protocol that says what it has; gives its epoch, and its partitions if they
    /// are other ones now.
    pub fn says(&mut self, member_id: &str, epoch: i32, owned: &[i32]) -> (i32, Option<Vec<i32>>) {
        use crate::consumer::tests::world::{of_first, says};
        let owned = Some(of_first(owned));
        let answer =
            self.send(ConsumerGroupHeartbeatRequest { topic_partitions: owned, ..says(member_id, epoch) });
        assert_eq!(code(answer.error_code), ErrorCode::None, "{:?}", answer.error_message);
        (answer.member_epoch, given(&answer))
    }

    pub fn commit(&mut self, member_id: &str, epoch: i32, partition: i32, version: i16) -> ErrorCode {
        let (topic_id, _) = self.topics.by_name(TOPIC).unwrap();
        let offset = OffsetToCommit {
            topic: TOPIC.to_owned(),
            topic_id,
            partition,
            offset: 1,
            leader_epoch: -1,
            metadata: String::new(),
        };
        let commit = Commit {
            group_id: GROUP.to_owned(),
            member_id: member_id.to_owned(),
            instance_id: None,
            generation_or_epoch: epoch,
            retention_ms: None,
            offsets: vec![offset],
        };
        match self.event(version, |groups, turn, _, caller| groups.commit(turn, caller, commit)) {
            Ok(codes) => codes[0],
            Err(code) => code,
        }
    }

    /// Time passes; each deadline is met on its way.
    pub fn wait(&mut self, milliseconds: i32) {
        let end = self.now.tick.after(milliseconds);
        let before = self.log.len();
        while let Some(at) = self.groups.next_deadline().filter(|at| *at <= end) {
            self.pass_until(self.now.tick.max(at));
            let config = self.config.clone();
            self.event(VERSION, |groups, turn, topics, _| groups.tick(turn, topics, &|_| config.clone()));
        }
        self.pass_until(end);
        self.before = before;
    }

    /// Time passes, and no deadline is met: those that came are late when the next wait begins.
    pub fn stall(&mut self, milliseconds: i32) {
        self.pass_until(self.now.tick.after(milliseconds));
    }

    fn pass_until(&mut self, tick: Tick) {
        self.now.time.0 += i64::try_from(tick.0 - self.now.tick.0).unwrap();
        self.now.tick = tick;
    }

    /// The coordinator is read again from its log, and would be the same from a log that was compacted. Who waited for an
    /// answer gets none.
    pub fn restart(&mut self) {
        let groups = self.read(self.log.iter());
        let compacted = self.read(compacted(&self.log).into_iter());
        let lived = World::lasting(&self.groups);
        if self.is_recorded() {
            assert_eq!(World::lasting(&groups), lived);
        }
        assert_eq!(World::lasting(&compacted), World::lasting(&groups));
        self.groups = groups;
    }

    /// Whether all that the group is was written down: a classic group in its first rebalance, or in any, is not.
    fn is_recorded(&self) -> bool {
        match self.groups.groups.get(GROUP) {
            Some(Group::Classic(group)) => {
                matches!(group.state(), State::Stable | State::Empty) && group.generation() > 0
            }
            Some(Group::Consumer { .. }) => true,
            None => false,
        }
    }

    fn read<'r>(&self, records: impl Iterator<Item = &'r GroupRecord>) -> Coordinator {
        let mut groups = Coordinator::default();
        for record in records {
            groups.replay(record.clone(), self.now);
        }
        groups.loaded(self.now);
        groups
    }

    fn lasting(groups: &Coordinator) -> String {
        match groups.groups.get(GROUP) {
            Some(Group::Classic(group)) => format!("{:?}", group.record()),
            Some(Group::Consumer { group, .. }) => lasting(group),
            None => "none".to_owned(),
        }
    }

    /// Who is a member.
    pub fn member_ids(&self) -> Vec<String> {
        let classic = self.groups.describe(GROUP).map(|group| group.members);
        let consumer = self.groups.describe_consumer(GROUP, &self.topics).map(|group| group.members);
        let classic = classic.into_iter().flatten().map(|member| member.member_id);
        classic.chain(consumer.into_iter().flatten().map(|member| member.member_id)).collect()
    }

    /// The protocol and the state of the group.
    pub fn state(&self) -> String {
        let listed = self.groups.list(&[], &[]);
        let of = |group: &klamm_wire::messages::list_groups::ListedGroup| {
            format!("{} {}", group.group_type, group.group_state)
        };
        listed.iter().map(of).collect()
    }

    /// What the last event, or all that came in the last wait, has appended; ids by their names.
    pub fn emitted(&self) -> Vec<String> {
        let named = |kind: String| self.names.iter().fold(kind, |kind, (id, name)| kind.replace(id, name));
        kinds(&self.log[self.before..]).into_iter().map(named).collect()
    }

    pub fn joined(&self, ticket: Ticket) -> JoinGroupResponse {
        match self.replies.get(&ticket) {
            Some(Reply::Join(response)) => response.clone(),
            other => panic!("{other:?}"),
        }
    }

    pub fn synced(&self, ticket: Ticket) -> SyncGroupResponse {
        match self.replies.get(&ticket) {
            Some(Reply::Sync(response)) => response.clone(),
            other => panic!("{other:?}"),
        }
    }

    pub fn waits(&self, ticket: Ticket) -> bool {
        !self.replies.contains_key(&ticket)
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    fn event<A>(
        &mut self,
        api_version: i16,
        event: impl FnOnce(&mut Coordinator, &mut Turn<'_>, &Cluster, &Caller) -> A,
    ) -> A {
        let client_host = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let caller = Caller { api_version, client_id: "client".to_owned(), client_host };
        let mut effects = Effects::default();
        let mut turn =
            Turn { now: self.now, config: &self.config, ids: &mut self.ids, effects: &mut effects };
        let answer = event(&mut self.groups, &mut turn, &self.topics, &caller);
        self.before = self.log.len();
        self.log.extend(effects.records);
        assert!(effects.refused.iter().all(|refused| refused.group_id == GROUP));
        self.refused = effects.refused.into_iter().map(|refused| refused.why).collect();
        for (ticket, reply) in effects.replies {
            assert!(self.replies.insert(ticket, reply).is_none(), "{ticket:?} was answered before");
        }
        answer
    }
}

pub(super) fn code(code: i16) -> ErrorCode {
    ErrorCode::from_i16(code).unwrap()
}

/// The partitions of the topic in an answer to SyncGroup.
pub(super) fn partitions_of(bytes: &Bytes) -> Vec<i32> {
    let assignment = Assignment::read(bytes).unwrap();
    assert!(assignment.partitions.iter().all(|named| named.topic == TOPIC));
    assignment.partitions.into_iter().flat_map(|named| named.partitions).collect()
}

/// The partitions in an answer to a heartbeat, if there are some in it.
pub(super) fn given(answer: &ConsumerGroupHeartbeatResponse) -> Option<Vec<i32>> {
    let assignment = answer.assignment.as_ref()?;
    Some(assignment.topic_partitions.iter().flat_map(|topic| topic.partitions.clone()).collect())
}

/// The last record of each key, without those that take a key back.
fn compacted(log: &[GroupRecord]) -> Vec<&GroupRecord> {
    let mut last = BTreeMap::new();
    for (position, record) in log.iter().enumerate() {
        last.insert(record.encode().unwrap().key, position);
    }
    let mut kept: Vec<usize> = last.into_values().collect();
    kept.sort_unstable();
    kept.into_iter().map(|position| &log[position]).filter(|record| !record.is_tombstone()).collect()
}

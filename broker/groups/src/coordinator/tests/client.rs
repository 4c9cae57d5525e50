//! Consumers as they see themselves: ones of the classic protocol, eager or cooperative, and ones of the consumer protocol.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use klamm_model::ErrorCode;
use klamm_wire::messages::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;
use klamm_wire::messages::join_group::JoinGroupResponse;

use super::world::{Join, TOPIC, World, code, cooperative, given, partitions_of, range};
use crate::consumer::tests::world::{as_instance, joins, of_first, says};
use crate::embedded::Subscription;
use crate::embedded::tests::assignment;
use crate::{Reply, Ticket, Topics};

/// The protocol that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Eager,
    Cooperative,
    Consumer,
}

/// What a client of the classic protocol is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// It is about to join.
    Nothing,
    Joining(Ticket),
    Syncing(Ticket),
    Reading,
}

/// A client.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub number: usize,
    pub kind: Kind,
    pub instance: Option<String>,
    pub member_id: String,
    lives: u32,
    /// Its generation or epoch.
    epoch: i32,
    doing: Doing,
    /// How many partitions it dealt out, if it is a leader.
    dealt: Option<u32>,
    /// What it believes that it may read.
    pub owned: BTreeSet<i32>,
    /// What it was told last, of which it gives back what it must at its leisure.
    target: BTreeSet<i32>,
    /// It has to say all.
    full: bool,
    /// It gave something up without being asked, and has not said so yet.
    gave_up: bool,
    /// When it sent the request whose answer it waits for.
    asked: u64,
    /// When it sent the last request by which the coordinator took it for a member.
    heard: u64,
    /// When it had nothing to give back.
    well: u64,
}

impl Client {
    pub fn new(number: usize, kind: Kind, instance: Option<String>) -> Client {
        Client {
            number,
            kind,
            instance,
            member_id: String::new(),
            lives: 0,
            epoch: 0,
            doing: Doing::Nothing,
            dealt: None,
            owned: BTreeSet::new(),
            target: BTreeSet::new(),
            full: true,
            gave_up: false,
            asked: 0,
            heard: 0,
            well: 0,
        }
    }

    /// It ends without a word, and another one begins in its place.
    pub fn reborn(&mut self, kind: Kind) {
        let instance = self.instance.take();
        *self = Client { lives: self.lives, ..Client::new(self.number, kind, instance) };
    }

    /// Whether it reads, as far as it can know: who is not heard of for a session, or can't give back in time, stops.
    pub fn reads(&self, world: &World) -> bool {
        let now = world.now.tick.0;
        let session = if self.kind == Kind::Consumer { 45_000 } else { 10_000 };
        let rebalance = if self.kind == Kind::Consumer { 60_000 } else { 30_000 };
        now - self.heard < session && now - self.well < rebalance
    }

    /// Whether it has nothing to do but to read.
    pub fn is_settled(&self, world: &World) -> bool {
        match self.kind {
            Kind::Consumer => !self.full && self.owned == self.target,
            Kind::Eager | Kind::Cooperative => {
                self.doing == Doing::Reading && self.reads(world) && !self.has_to_deal(world)
            }
        }
    }

    /// Whether it is a leader, and there are partitions that it did not know of when it dealt.
    fn has_to_deal(&self, world: &World) -> bool {
        let partitions = world.topics.by_name(TOPIC).unwrap().1;
        self.dealt.is_some_and(|dealt| dealt != partitions)
    }

    /// Does what it has to do next; the answer may not arrive.
    pub fn step(&mut self, world: &mut World, arrives: bool) {
        if self.kind != Kind::Consumer && !self.owned.is_empty() && !self.reads(world) {
            // It may be no member any more, and one that rejoins a group of the consumer protocol is not told.
            self.gave_up = true;
            self.owned.clear();
            if self.doing == Doing::Reading {
                self.rejoin();
            }
        }
        if self.kind == Kind::Consumer {
            return self.beat(world, arrives);
        }
        match self.doing {
            Doing::Nothing => self.join(world, arrives),
            Doing::Joining(ticket) => match world.replies.get(&ticket).cloned() {
                Some(Reply::Join(joined)) if arrives => self.joined(world, joined),
                Some(_) => self.doing = Doing::Nothing,
                // The coordinator knows that it waits.
                None => self.heard = world.now.tick.0,
            },
            Doing::Syncing(ticket) => match world.replies.get(&ticket).cloned() {
                Some(Reply::Sync(synced)) if arrives => {
                    self.synced(code(synced.error_code), &synced.assignment);
                }
                Some(_) => self.doing = Doing::Nothing,
                // The coordinator knows that it waits.
                None => self.heard = world.now.tick.0,
            },
            Doing::Reading => self.classic_beat(world, arrives),
        }
    }

    /// Whoever it waits for has forgotten it.
    pub fn connection_lost(&mut self) {
        if matches!(self.doing, Doing::Joining(_) | Doing::Syncing(_)) {
            self.doing = Doing::Nothing;
        }
    }

    pub fn leave(&mut self, world: &mut World) {
        let instance = self.instance.as_deref();
        if self.kind == Kind::Consumer && self.epoch > 0 {
            let epoch = if instance.is_some() { -2 } else { -1 };
            world.send(self.as_itself(says(&self.member_id, epoch)));
        } else if self.kind != Kind::Consumer && instance.is_none() && !self.member_id.is_empty() {
            world.leave(&[(&self.member_id, None)]);
        }
        let kind = self.kind;
        self.reborn(kind);
    }

    /// It stops reading what it has to give back; only one of the consumer protocol does so at its leisure.
    pub fn give_back(&mut self) {
        if self.kind == Kind::Consumer {
            self.owned = self.owned.intersection(&self.target).copied().collect();
        }
    }

    fn join(&mut self, world: &mut World, arrives: bool) {
        let owned: Vec<i32> = self.owned.iter().copied().collect();
        let mut join = match self.kind {
            Kind::Cooperative => cooperative(&self.member_id, &owned),
            Kind::Eager | Kind::Consumer => range(&self.member_id),
        };
        join = Join { version: 9, instance: self.instance.clone(), ..join };
        if self.kind == Kind::Eager {
            self.owned.clear();
        }
        self.asked = world.now.tick.0;
        let ticket = world.join(&join);
        self.doing = Doing::Joining(ticket);
        if !arrives {
            self.doing = Doing::Nothing;
        }
    }

    fn joined(&mut self, world: &mut World, joined: JoinGroupResponse) {
        self.doing = Doing::Nothing;
        match code(joined.error_code) {
            ErrorCode::None => {}
            ErrorCode::MemberIdRequired => return self.member_id = joined.member_id,
            ErrorCode::RebalanceInProgress => return,
            ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => return self.is_lost(),
            other => panic!("{other:?}"),
        }
        self.heard = self.asked;
        (self.member_id, self.epoch) = (joined.member_id.clone(), joined.generation_id);
        let leads = joined.leader == self.member_id;
        let partitions = world.topics.by_name(TOPIC).unwrap().1;
        // Who is told to skip that does not know what the leader before knew of the topics.
        self.dealt = leads.then_some(if joined.skip_assignment { 0 } else { partitions });
        let all = if leads && !joined.skip_assignment { deal(&joined, partitions) } else { Vec::new() };
        self.asked = world.now.tick.0;
        self.doing = Doing::Syncing(world.sync_with(&self.member_id, self.epoch, all));
    }

    fn synced(&mut self, error: ErrorCode, assigned: &Bytes) {
        self.doing = Doing::Nothing;
        match error {
            ErrorCode::None => {}
            ErrorCode::RebalanceInProgress => return,
            ErrorCode::IllegalGeneration => return self.owned.clear(),
            ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => return self.is_lost(),
            other => panic!("{other:?}"),
        }
        (self.heard, self.well) = (self.asked, self.asked);
        let assigned: BTreeSet<i32> = partitions_of(assigned).into_iter().collect();
        // Who gives something back rejoins to say so.
        let gives_back = !self.owned.is_subset(&assigned) || std::mem::take(&mut self.gave_up);
        self.owned = assigned;
        self.doing = if gives_back { Doing::Nothing } else { Doing::Reading };
    }

    fn classic_beat(&mut self, world: &mut World, arrives: bool) {
        if self.has_to_deal(world) {
            return self.rejoin();
        }
        let code = world.beat_as(&self.member_id, self.instance.as_deref(), self.epoch);
        if code == ErrorCode::None {
            (self.heard, self.well) = (world.now.tick.0, world.now.tick.0);
        }
        if !arrives {
            return;
        }
        match code {
            ErrorCode::None => {}
            ErrorCode::RebalanceInProgress => {
                self.heard = world.now.tick.0;
                self.rejoin();
            }
            ErrorCode::IllegalGeneration => {
                self.owned.clear();
                self.doing = Doing::Nothing;
            }
            ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => self.is_lost(),
            other => panic!("{other:?}"),
        }
    }

    fn rejoin(&mut self) {
        self.doing = Doing::Nothing;
        self.dealt = None;
        if self.kind == Kind::Eager {
            self.owned.clear();
        }
    }

    fn is_lost(&mut self) {
        let kind = self.kind;
        self.reborn(kind);
    }

    fn beat(&mut self, world: &mut World, arrives: bool) {
        if self.member_id.is_empty() {
            self.lives += 1;
            self.member_id = format!("m{}-{}", self.number, self.lives);
            self.full = true;
        }
        let answer = world.send(self.request());
        let now = world.now.tick.0;
        let error = code(answer.error_code);
        if error == ErrorCode::None {
            self.heard = now;
        }
        if !arrives {
            self.full = true;
            return;
        }
        match error {
            ErrorCode::None => {
                (self.epoch, self.full) = (answer.member_epoch, false);
                if let Some(partitions) = given(&answer) {
                    self.target = partitions.into_iter().collect();
                }
                if self.owned.is_subset(&self.target) {
                    self.owned.clone_from(&self.target);
                    self.well = now;
                }
            }
            ErrorCode::FencedMemberEpoch
            | ErrorCode::UnknownMemberId
            | ErrorCode::FencedInstanceId
            | ErrorCode::GroupIdNotFound => self.is_lost(),
            ErrorCode::UnreleasedInstanceId => {}
            other => panic!("{other:?} {:?}", answer.error_message),
        }
    }

    fn request(&self) -> ConsumerGroupHeartbeatRequest {
        let owned: Vec<i32> = self.owned.iter().copied().collect();
        let mut request = says(&self.member_id, self.epoch);
        if self.full {
            request = ConsumerGroupHeartbeatRequest {
                member_epoch: self.epoch,
                ..joins(&self.member_id, &[TOPIC])
            };
        }
        request.topic_partitions = Some(if self.epoch == 0 { Vec::new() } else { of_first(&owned) });
        self.as_itself(request)
    }

    fn as_itself(&self, request: ConsumerGroupHeartbeatRequest) -> ConsumerGroupHeartbeatRequest {
        match &self.instance {
            Some(instance) => as_instance(instance, request),
            None => request,
        }
    }
}

/// What a leader says: who has a partition keeps it as long as that is fair, and nobody gets one that another has.
fn deal(joined: &JoinGroupResponse, partitions: u32) -> Vec<(String, Bytes)> {
    let mut shares: BTreeMap<&str, BTreeSet<i32>> = BTreeMap::new();
    let mut owners: BTreeMap<i32, &str> = BTreeMap::new();
    let most = (partitions as usize).div_ceil(joined.members.len());
    for member in &joined.members {
        let subscription = Subscription::read(&member.metadata).unwrap();
        let has = subscription.owned_partitions.iter().flat_map(|named| &named.partitions);
        let share = shares.entry(&member.member_id).or_default();
        for partition in has {
            owners.insert(*partition, &member.member_id);
            if share.len() < most {
                share.insert(*partition);
            }
        }
    }
    for partition in
        (0..i32::try_from(partitions).unwrap()).filter(|partition| !owners.contains_key(partition))
    {
        let least = shares.values_mut().min_by_key(|share| share.len()).unwrap();
        least.insert(partition);
    }
    let bytes = |share: BTreeSet<i32>| {
        let share: Vec<i32> = share.into_iter().collect();
        assignment(1, &[(TOPIC, &share)])
    };
    shares.into_iter().map(|(member_id, share)| (member_id.to_owned(), bytes(share))).collect()
}

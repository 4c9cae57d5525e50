//! Thousands of random histories of a group: members that follow the protocol, with answers that get lost, that vanish or
//! come back late, topics that change, and coordinators that start again.
//!
//! What must hold: no partition is one that two members believe they may read; who is not to blame is not removed; and
//! when nothing happens any more, the group gets to rest, with each partition at one member.

use std::collections::{BTreeMap, BTreeSet};

use klamm_model::{ErrorCode, TopicId};
use klamm_wire::messages::consumer_group_heartbeat::{ConsumerGroupHeartbeatRequest, TopicPartitions};
use proptest::prelude::*;

use super::world::{World, as_instance, joins, says};
use crate::Topics;
use crate::random_histories::histories;

const TOPICS: [&str; 3] = ["t0", "t1", "t2"];
const MEMBERS: usize = 4;

/// A consumer, as it sees itself.
#[derive(Debug, Clone, Default)]
struct Consumer {
    member_id: String,
    instance: Option<String>,
    /// What it wants: bits of topics, or a regular expression.
    wants: u8,
    epoch: i32,
    joined: bool,
    /// What it believes that it may read.
    owned: BTreeSet<(TopicId, i32)>,
    /// What it has to give back and has not yet.
    target: BTreeSet<(TopicId, i32)>,
    /// It has to say all again: it joins, or it did not get an answer.
    full: bool,
    /// How many answers in a row it did not get.
    lost: u32,
    lives: u32,
}

#[derive(Debug, Clone)]
enum Event {
    /// A member says how it is (and begins, if it has not); whether the answer arrives.
    Beat(usize, bool),
    /// A member finishes giving back what it has to.
    Revoke(usize),
    /// A member subscribes to other topics.
    Want(usize, u8),
    Leave(usize),
    /// A member vanishes without a word, and believes nothing any more.
    Vanish(usize),
    Wait(i32),
    Restart,
    Grow(usize),
    Delete(usize),
    /// A request of an epoch long ago, or of a member that does not exist.
    Stale(usize, i32),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let member = 0..MEMBERS;
    let topic = 0..TOPICS.len();
    prop::collection::vec(
        prop_oneof![
            24 => (member.clone(), prop::bool::weighted(0.8)).prop_map(|(m, arrives)| Event::Beat(m, arrives)),
            8 => member.clone().prop_map(Event::Revoke),
            2 => (member.clone(), 0_u8..9).prop_map(|(m, wants)| Event::Want(m, wants)),
            1 => member.clone().prop_map(Event::Leave),
            1 => member.clone().prop_map(Event::Vanish),
            3 => (1_i32..20_000).prop_map(Event::Wait),
            1 => Just(Event::Restart),
            1 => topic.clone().prop_map(Event::Grow),
            1 => topic.prop_map(Event::Delete),
            1 => (member, 1_i32..5).prop_map(|(m, epoch)| Event::Stale(m, epoch)),
        ],
        1..120,
    )
}

struct Model {
    world: World,
    consumers: Vec<Consumer>,
    /// When each member was heard of, and when it had nothing to give back.
    heard: BTreeMap<usize, (u64, u64)>,
}

impl Model {
    fn new() -> Model {
        let consumer = |number: usize| Consumer {
            instance: (number == 0).then(|| "i".to_owned()),
            wants: 7,
            ..Consumer::default()
        };
        Model {
            world: World::new(&[("t0", 4), ("t1", 3), ("t2", 1)]),
            consumers: (0..MEMBERS).map(consumer).collect(),
            heard: BTreeMap::new(),
        }
    }

    fn apply(&mut self, event: &Event) {
        match event {
            Event::Beat(number, arrives) => self.beat(*number, *arrives),
            Event::Revoke(number) => self.revoke(*number),
            Event::Want(number, wants) => {
                self.consumers[*number].wants = *wants;
                self.consumers[*number].full = true;
            }
            Event::Leave(number) => self.leave(*number),
            Event::Vanish(number) => self.forget(*number),
            Event::Wait(milliseconds) => self.world.wait(*milliseconds),
            Event::Restart => self.world.restart(),
            Event::Grow(topic) => self.grow(TOPICS[*topic]),
            Event::Delete(topic) => self.delete(TOPICS[*topic]),
            Event::Stale(number, epoch) => {
                self.stale("nobody", *epoch);
                let consumer = &self.consumers[*number];
                if consumer.joined && consumer.instance.is_none() && consumer.epoch > *epoch {
                    self.stale(&consumer.member_id.clone(), *epoch);
                }
            }
        }
    }

    fn grow(&mut self, topic: &str) {
        match self.world.topics.by_name(topic) {
            Some((_, partitions)) if partitions < 8 => self.world.topics.grow(topic, partitions + 1),
            Some(_) => {}
            None => self.world.topics.create(topic, 2),
        }
    }

    fn delete(&mut self, topic: &str) {
        if self.world.topics.by_name(topic).is_some() {
            self.world.topics.delete(topic);
        }
    }

    /// A request of an epoch long ago, with a partition that nobody has, is refused and changes nothing.
    fn stale(&mut self, member_id: &str, epoch: i32) {
        assert_ne!(self.world.beat_with(member_id, epoch, &[99]).error(), ErrorCode::None);
        assert_eq!(self.world.records, []);
    }

    fn forget(&mut self, number: usize) {
        let Consumer { instance, wants, lives, .. } = self.consumers[number].clone();
        self.consumers[number] = Consumer { instance, wants, lives, ..Consumer::default() };
        self.heard.remove(&number);
    }

    fn leave(&mut self, number: usize) {
        let consumer = &self.consumers[number];
        if consumer.joined {
            let epoch = if consumer.instance.is_some() { -2 } else { -1 };
            self.world.send(1, request_of(consumer, epoch));
        }
        self.forget(number);
    }

    /// The consumer stops reading what it has to give back, and says so with its next heartbeat.
    fn revoke(&mut self, number: usize) {
        let consumer = &mut self.consumers[number];
        consumer.owned = consumer.owned.intersection(&consumer.target).copied().collect();
    }

    fn beat(&mut self, number: usize, arrives: bool) {
        let now = self.world.now.tick.0;
        let consumer = &mut self.consumers[number];
        if consumer.member_id.is_empty() {
            consumer.lives += 1;
            consumer.member_id = format!("m{number}-{}", consumer.lives);
            consumer.full = true;
        }
        let was = consumer.clone();
        let answer = self.world.send(1, request_of(&was, if was.joined { was.epoch } else { 0 }));
        if answer.error() == ErrorCode::None {
            // The second is when it had nothing to give back: a member must not keep partitions for ever.
            let since = self.heard.get(&number).map_or(now, |(_, since)| *since);
            self.heard.insert(number, (now, since));
        }
        let consumer = &mut self.consumers[number];
        if !arrives {
            consumer.full = true;
            consumer.lost += 1;
            return;
        }
        let lost = std::mem::take(&mut consumer.lost);
        match answer.error() {
            ErrorCode::None => {
                consumer.joined = true;
                consumer.full = false;
                consumer.epoch = answer.0.member_epoch;
                if let Some(assignment) = answer.0.assignment {
                    consumer.target = flat(&assignment.topic_partitions);
                }
                // What is new may be read at once if nothing has to be given back first.
                if consumer.owned.is_subset(&consumer.target) {
                    consumer.owned = consumer.target.clone();
                    self.heard.insert(number, (now, now));
                }
            }
            ErrorCode::FencedMemberEpoch | ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => {
                self.check_blame(number, lost, now);
                let consumer = &mut self.consumers[number];
                (consumer.joined, consumer.epoch, consumer.full) = (false, 0, true);
                consumer.owned.clear();
                consumer.target.clear();
            }
            ErrorCode::UnreleasedInstanceId => {}
            other => panic!("{other:?} {:?}", answer.0.error_message),
        }
    }

    /// A member is only removed if it was not heard of, or did not give back, for the time that is set. One lost answer is
    /// made up for, but two epochs behind it has to rejoin.
    fn check_blame(&mut self, number: usize, lost: u32, now: u64) {
        let Some((heard, since)) = self.heard.remove(&number) else { return };
        assert!(
            lost >= 2 || now - heard >= 45_000 || now - since >= 60_000,
            "member {number} was lost without a cause: heard {heard}, all well {since}, now {now}"
        );
    }

    /// No partition is one that two consumers believe they may read.
    fn check_owners(&self) {
        let mut owners = BTreeMap::new();
        for (number, consumer) in self.consumers.iter().enumerate() {
            // Who is not heard of for a session stops reading of its own accord.
            let heard = self.heard.get(&number).map_or(0, |(heard, _)| *heard);
            let since = self.heard.get(&number).map_or(0, |(_, since)| *since);
            let now = self.world.now.tick.0;
            if now - heard >= 45_000 || now - since >= 60_000 {
                continue;
            }
            for partition in &consumer.owned {
                if let Some(other) = owners.insert(*partition, number) {
                    panic!("{other} and {number} both read {partition:?}");
                }
            }
        }
    }

    /// Nothing happens any more but heartbeats: the group has to get to rest.
    fn settle(&mut self) {
        for _ in 0..40 {
            for number in 0..MEMBERS {
                self.world.wait(1_000);
                self.revoke(number);
                self.beat(number, true);
                self.check_owners();
            }
        }
        assert_eq!(self.world.group.state_name(), "Stable");
        assert_eq!(self.world.group.member_count(), MEMBERS);
        self.world.records.clear();
        self.beat(0, true);
        assert_eq!(self.world.records, []);
        let mut read = BTreeSet::new();
        let mut wanted = BTreeSet::new();
        for consumer in &self.consumers {
            read.extend(&consumer.owned);
            wanted.extend(self.wanted(consumer));
        }
        assert_eq!(read, wanted);
    }

    fn wanted(&self, consumer: &Consumer) -> BTreeSet<(TopicId, i32)> {
        let by_pattern = |topic: &str| consumer.wants == 8 && topic != "t0";
        TOPICS
            .iter()
            .enumerate()
            .filter(|(bit, topic)| consumer.wants & (1 << bit) != 0 || by_pattern(topic))
            .filter_map(|(_, topic)| self.world.topics.by_name(topic))
            .flat_map(|(id, partitions)| (0..i32::try_from(partitions).unwrap()).map(move |p| (id, p)))
            .collect()
    }
}

/// What a consumer says in this state; 8 wants by the expression `t[12]`.
fn request_of(consumer: &Consumer, epoch: i32) -> ConsumerGroupHeartbeatRequest {
    let mut request = says(&consumer.member_id, epoch);
    let names: Vec<&str> = TOPICS
        .iter()
        .enumerate()
        .filter(|(bit, _)| consumer.wants & (1 << bit) != 0)
        .map(|(_, t)| *t)
        .collect();
    if consumer.full || epoch == 0 {
        request = ConsumerGroupHeartbeatRequest { member_epoch: epoch, ..joins(&consumer.member_id, &names) };
        request.subscribed_topic_regex = Some(if consumer.wants == 8 { "t[12]" } else { "" }.to_owned());
    }
    request.topic_partitions = Some(if epoch == 0 { Vec::new() } else { listed(&consumer.owned) });
    match &consumer.instance {
        Some(instance) => as_instance(instance, request),
        None => request,
    }
}

fn flat(listed: &[TopicPartitions]) -> BTreeSet<(TopicId, i32)> {
    listed.iter().flat_map(|topic| topic.partitions.iter().map(|p| (topic.topic_id, *p))).collect()
}

fn listed(partitions: &BTreeSet<(TopicId, i32)>) -> Vec<TopicPartitions> {
    let mut topics: BTreeMap<TopicId, Vec<i32>> = BTreeMap::new();
    for (topic_id, partition) in partitions {
        topics.entry(*topic_id).or_default().push(*partition);
    }
    topics.into_iter().map(|(topic_id, partitions)| TopicPartitions { topic_id, partitions }).collect()
}

proptest! {
    #![proptest_config(histories(2_000))]

    #[test]
    fn no_partition_has_two_readers_and_every_history_comes_to_rest(events in events()) {
        let mut model = Model::new();
        for event in &events {
            model.apply(event);
            model.check_owners();
        }
        model.settle();
        model.world.restart();
    }
}

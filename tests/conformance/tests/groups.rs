//! librdkafka's consumers in groups of both protocols: who reads what, and that nothing is lost between two of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test can't do without fails it")]

#[path = "librdkafka/mod.rs"]
#[allow(dead_code, reason = "each test program uses what it needs")]
mod support;

#[path = "groups/member.rs"]
mod member;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use klamm_conformance::{BrokerOptions, TestBroker};
use klamm_groups::records::{GroupRecord, OffsetKey};
use member::{CONSUMER_PROTOCOL, Member, Seen};
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::producer::{BaseRecord, Producer};
use rdkafka::topic_partition_list::Offset;
use support::{PATIENCE, create_partitions, create_topic, producer, read_from, try_send};

const TOPIC: &str = "orders";
const OFFSETS_PARTITIONS: i32 = 3;

fn started() -> TestBroker {
    let broker = BrokerOptions::new()
        .set("group.initial.rebalance.delay.ms", "0")
        .set("group.min.session.timeout.ms", "1000")
        .set("offsets.topic.num.partitions", &OFFSETS_PARTITIONS.to_string())
        .set("group.consumer.heartbeat.interval.ms", "300")
        .set("group.consumer.session.timeout.ms", "6000")
        .start();
    create_topic(&broker, TOPIC, 4, &[]);
    broker
}

/// Asks again until it holds.
fn eventually(what: &str, mut holds: impl FnMut() -> bool, say: impl Fn() -> String) {
    let deadline = Instant::now() + PATIENCE;
    #[expect(clippy::disallowed_methods, reason = "a test asks again; nothing else runs here")]
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: {}", say());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until the members read so many partitions each (in any order), and each partition is read by one of them.
fn await_shares(members: &[Member], shares: &[usize], partitions: i32) {
    let mut wanted = shares.to_vec();
    wanted.sort_unstable();
    let assignments = || members.iter().map(Member::assignment).collect::<Vec<_>>();
    let settled = || {
        let assignments = assignments();
        let mut counts: Vec<usize> = assignments.iter().map(BTreeSet::len).collect();
        counts.sort_unstable();
        let all: BTreeSet<i32> = assignments.iter().flatten().copied().collect();
        counts == wanted && all == (0..partitions).collect()
    };
    eventually("the partitions are dealt out", settled, || format!("{:?}, not {shares:?}", assignments()));
}

/// The table that everyone learns first.
fn one_two_four_five(settings: &[(&str, &str)]) {
    let broker = started();
    let mut members = vec![Member::join(&broker, TOPIC, settings)];
    await_shares(&members, &[4], 4);
    members.push(Member::join(&broker, TOPIC, settings));
    await_shares(&members, &[2, 2], 4);
    members.push(Member::join(&broker, TOPIC, settings));
    members.push(Member::join(&broker, TOPIC, settings));
    await_shares(&members, &[1, 1, 1, 1], 4);
    members.push(Member::join(&broker, TOPIC, settings));
    await_shares(&members, &[0, 1, 1, 1, 1], 4);
    members.drain(..3).for_each(Member::leave);
    await_shares(&members, &[2, 2], 4);
    create_partitions(&broker, TOPIC, 6);
    await_shares(&members, &[3, 3], 6);
}

#[test]
fn four_partitions_among_one_two_four_and_five_members() {
    one_two_four_five(&[("partition.assignment.strategy", "range")]);
}

#[test]
fn four_partitions_among_cooperative_members() {
    one_two_four_five(&[("partition.assignment.strategy", "cooperative-sticky")]);
}

#[test]
fn four_partitions_among_members_of_the_consumer_protocol() {
    one_two_four_five(&[CONSUMER_PROTOCOL]);
}

#[test]
fn a_static_member_comes_back_to_its_partitions_and_a_lost_one_is_replaced() {
    let broker = started();
    let instance = |id| [("group.instance.id", id), ("session.timeout.ms", "6000")];
    let first = Member::join(&broker, TOPIC, &instance("first"));
    let second = Member::join(&broker, TOPIC, &instance("second"));
    await_shares(&[first.clone(), second.clone()], &[2, 2], 4);
    let (had, rebalances) = (second.assignment(), first.rebalances());
    second.leave();
    let second = Member::join(&broker, TOPIC, &instance("second"));
    eventually("the second is back", || second.assignment() == had, || format!("{:?}", second.assignment()));
    assert_eq!(first.rebalances(), rebalances, "the first was not disturbed");
    second.leave();
    await_shares(&[first], &[4], 4);
}

/// Members come and go and the broker is killed, and every record is read.
fn churn(settings: &[(&str, &str)]) {
    let mut broker = started();
    let seen = Seen::default();
    let join = |broker: &TestBroker| Member::join_and_note(broker, TOPIC, settings, &seen);
    let mut members = vec![join(&broker), join(&broker)];
    let producer = producer(&broker, &[]);
    let mut sent = 0;
    for round in 0..8 {
        for _ in 0..250 {
            try_send(&producer, BaseRecord::<(), _>::to(TOPIC).payload(&format!("{sent}")));
            sent += 1;
        }
        match round % 4 {
            1 => members.remove(0).leave(),
            3 => broker.kill_and_restart(),
            _ => members.push(join(&broker)),
        }
        producer.flush(PATIENCE).unwrap();
    }
    assert_eq!(producer.context().failures(), 0);
    eventually("all is read", || seen.count() == sent, || format!("{} of {sent}", seen.count()));
    members.into_iter().for_each(Member::leave);
    no_commit_went_back_but_repeats(&group_records(&broker));
}

/// All of `__consumer_offsets`.
fn group_records(broker: &TestBroker) -> Vec<GroupRecord> {
    let messages = (0..OFFSETS_PARTITIONS)
        .flat_map(|partition| read_from(broker, "__consumer_offsets", partition, Offset::Beginning));
    let record = |message: OwnedMessage| {
        let bytes = |part: Option<&[u8]>| part.map(Bytes::copy_from_slice);
        let (key, value) = (bytes(message.key()).unwrap(), bytes(message.payload()));
        GroupRecord::decode(&key, value.as_ref()).unwrap()
    };
    messages.filter_map(record).collect()
}

/// What `__consumer_offsets` has of each partition only grows.
fn no_commit_went_back(records: &[GroupRecord]) {
    no_commit_went_back_but(records, |_, _| false);
}

/// The same where brokers were killed: librdkafka sends a commit again whose answer was lost, also after a later one.
fn no_commit_went_back_but_repeats(records: &[GroupRecord]) {
    no_commit_went_back_but(records, |committed, offset| committed.contains(&offset));
}

fn no_commit_went_back_but(records: &[GroupRecord], allowed: impl Fn(&BTreeSet<i64>, i64) -> bool) {
    let mut committed: BTreeMap<&OffsetKey, BTreeSet<i64>> = BTreeMap::new();
    for record in records {
        if let GroupRecord::Offset { key, value: Some(value) } = record {
            let before = committed.entry(key).or_default();
            let grows = before.last().is_none_or(|newest| *newest <= value.offset);
            assert!(grows || allowed(before, value.offset), "{key:?}: {before:?}, {value:?}");
            before.insert(value.offset);
        }
    }
    assert!(!committed.is_empty());
}

#[test]
fn nothing_is_lost_between_members_that_come_and_go() {
    churn(&[("session.timeout.ms", "6000"), ("auto.commit.interval.ms", "100")]);
}

#[test]
fn nothing_is_lost_between_members_of_the_consumer_protocol_that_come_and_go() {
    churn(&[CONSUMER_PROTOCOL, ("auto.commit.interval.ms", "100")]);
}

/// Members are replaced one by one by ones of the other protocol, and back, while records come (KIP-848): the group changes its
/// protocol under them, and every record is read.
fn migrate(classic: &[(&str, &str)]) {
    let broker = started();
    let seen = Seen::default();
    let join = |settings: &[(&str, &str)]| Member::join_and_note(&broker, TOPIC, settings, &seen);
    let consumer = [CONSUMER_PROTOCOL, ("auto.commit.interval.ms", "100")];
    let producer = producer(&broker, &[]);
    let mut sent = 0;
    let mut send = |count| {
        for _ in 0..count {
            try_send(&producer, BaseRecord::<(), _>::to(TOPIC).payload(&format!("{sent}")));
            sent += 1;
        }
        sent
    };
    // One after the other: the second has the first join again, and say what it had.
    let mut members = vec![join(classic)];
    await_shares(&members, &[4], 4);
    members.push(join(classic));
    await_shares(&members, &[2, 2], 4);
    for next in [&consumer[..], &consumer[..], classic, classic] {
        send(200);
        members.push(join(next));
        send(200);
        await_shares(&members, &[1, 1, 2], 4);
        send(200);
        members.remove(0).leave();
        send(200);
        await_shares(&members, &[2, 2], 4);
    }
    let sent = send(100);
    producer.flush(PATIENCE).unwrap();
    assert_eq!(producer.context().failures(), 0);
    eventually("all is read", || seen.count() == sent, || format!("{} of {sent}", seen.count()));
    members.into_iter().for_each(Member::leave);
    let records = group_records(&broker);
    no_commit_went_back(&records);
    assert_eq!(protocols(&records), ["classic", "consumer", "classic"]);
}

/// The protocols that the group had, one after the other, as long as it had members.
fn protocols(records: &[GroupRecord]) -> Vec<&'static str> {
    let protocol = |record: &GroupRecord| match record {
        GroupRecord::ClassicGroup { value: Some(value), .. } if !value.members.is_empty() => Some("classic"),
        GroupRecord::ConsumerGroupMember { value: Some(_), .. } => Some("consumer"),
        _ => None,
    };
    let mut protocols: Vec<&str> = records.iter().filter_map(protocol).collect();
    protocols.dedup();
    protocols
}

#[test]
fn cooperative_members_are_replaced_by_ones_of_the_consumer_protocol_and_back() {
    let classic = ("partition.assignment.strategy", "cooperative-sticky");
    migrate(&[classic, ("session.timeout.ms", "6000"), ("auto.commit.interval.ms", "100")]);
}

#[test]
fn eager_members_are_replaced_by_ones_of_the_consumer_protocol_and_back() {
    let classic = ("partition.assignment.strategy", "range");
    migrate(&[classic, ("session.timeout.ms", "6000"), ("auto.commit.interval.ms", "100")]);
}

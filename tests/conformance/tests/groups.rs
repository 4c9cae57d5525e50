//! librdkafka's consumers in groups of both protocols: who reads what, and that nothing is lost between two of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test can't do without fails it")]

#[path = "librdkafka/mod.rs"]
#[allow(dead_code, reason = "each test program uses what it needs")]
mod support;

#[path = "groups/churn.rs"]
mod churn;
#[path = "groups/member.rs"]
mod member;
#[path = "groups/process.rs"]
mod process;
#[path = "groups/watcher.rs"]
mod watcher;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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

fn options() -> BrokerOptions {
    BrokerOptions::new()
        .set("group.initial.rebalance.delay.ms", "0")
        .set("group.min.session.timeout.ms", "1000")
        .set("offsets.topic.num.partitions", &OFFSETS_PARTITIONS.to_string())
        .set("group.consumer.heartbeat.interval.ms", "300")
        .set("group.consumer.session.timeout.ms", "6000")
}

fn started() -> TestBroker {
    let broker = options().start();
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
    let mut kills = Vec::new();
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
            3 => kills.push(kill_and_restart(&mut broker)),
            _ => members.push(join(&broker)),
        }
        producer.flush(PATIENCE).unwrap();
    }
    assert_eq!(producer.context().failures(), 0);
    eventually("all is read", || seen.count() == sent, || format!("{} of {sent}", seen.count()));
    members.into_iter().for_each(Member::leave);
    no_commit_went_back_but_late_ones(&group_records(&broker), &kills);
}

/// Pulls the plug, and gives the time at which the broker was gone, in milliseconds since 1970.
fn kill_and_restart(broker: &mut TestBroker) -> i64 {
    broker.kill();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    broker.restart();
    i64::try_from(since.as_millis()).unwrap()
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
    no_commit_went_back_but_late_ones(records, &[]);
}

/// The same where the broker was killed at these times: librdkafka sends a commit again whose answer was lost, or that was lost
/// itself, also after a later one. One that was never written before is not older than the last one before the kill.
fn no_commit_went_back_but_late_ones(records: &[GroupRecord], kills: &[i64]) {
    // By partition: when each was committed, and what.
    let mut committed: BTreeMap<&OffsetKey, Vec<(i64, i64)>> = BTreeMap::new();
    for record in records {
        if let GroupRecord::Offset { key, value: Some(value) } = record {
            let before = committed.entry(key).or_default();
            let newest = |until: i64| {
                before.iter().filter(|(at, _)| *at < until).map(|(_, offset)| *offset).max().unwrap_or(0)
            };
            let grows = newest(i64::MAX) <= value.offset;
            let last_kill = kills.iter().copied().filter(|kill| *kill <= value.commit_timestamp).max();
            let is_repeat = || before.iter().any(|(_, offset)| *offset == value.offset);
            let is_late = last_kill.is_some_and(|kill| newest(kill) <= value.offset || is_repeat());
            assert!(grows || is_late, "{key:?}: {kills:?}, {before:?}, {value:?}");
            before.push((value.commit_timestamp, value.offset));
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

/// A group that may not change its protocol under its members says so in the log, once, and what to do.
#[test]
fn a_change_of_protocol_that_is_refused_is_in_the_log() {
    let broker = options().set("group.consumer.migration.policy", "disabled").start();
    create_topic(&broker, TOPIC, 4, &[]);
    let classic = Member::join(&broker, TOPIC, &[("session.timeout.ms", "6000")]);
    await_shares(std::slice::from_ref(&classic), &[4], 4);
    let refused: Vec<Member> = (0..2).map(|_| Member::join(&broker, TOPIC, &[CONSUMER_PROTOCOL])).collect();
    let lines = || {
        let log = broker.log();
        let lines = log.lines().filter(|line| line.contains("keeps its protocol"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    eventually("it is in the log", || !lines().is_empty(), || broker.log());
    refused.into_iter().for_each(Member::leave);
    let lines = lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in
        ["WARN", "\"group\":\"g\"", "this classic group", "group.consumer.migration.policy=bidirectional"]
    {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
    assert_eq!(classic.assignment().len(), 4, "the group lives on");
    classic.leave();
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

/// No test of its own: the member that others of these tests kill.
#[test]
fn a_member_in_a_process_of_its_own() {
    process::be_a_member();
}

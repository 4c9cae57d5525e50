//! Histories of topics with plug-ins that a broker may leave, and planted ones that it may not.

use std::collections::BTreeMap;

use super::checker::{PluggedVerdict, check_plugged};
use super::history::{Letter, PluggedHistory, TopicReading};
use super::order::Order;
use super::topic::{Destiny, Kinds, PluggedTopic};
use super::violation::PluggedViolation as Violation;
use crate::content::{Digest, RecordId};
use crate::history::{Acknowledgement, Guarantee, Partition, ProducerHistory, ReadRecord, Reading};

const SENT: u64 = 40;

fn id(counter: u64) -> RecordId {
    RecordId { producer: 7, counter }
}

/// What a broker leaves that did everything right: all orders were sent to partition 0, one after the other.
struct World {
    history: PluggedHistory,
}

impl World {
    fn new(filter: bool, serializer: bool, partitioner: bool) -> World {
        let kinds = Kinds { filter, serializer, partitioner };
        let topic = PluggedTopic { name: "orders".to_owned(), partitions: 4, kinds };
        let mut reading = TopicReading::default();
        let mut ends: BTreeMap<i32, i64> = (0..4).map(|index| (index, 0)).collect();
        ends.insert(0, SENT as i64);
        for counter in 0..SENT {
            match topic.destiny(Order(id(counter))) {
                Destiny::Quarantine(by) => {
                    let offset = reading.letters.len() as i64;
                    let told = told(&topic, counter, by);
                    let digest = Order(id(counter)).sent().digest();
                    reading.letters.push(Letter { offset, record: Some(id(counter)), digest, told });
                }
                Destiny::Stored { partition, content } => {
                    let (index, offset) = match partition {
                        None | Some(0) => (0, counter as i64),
                        Some(index) => {
                            let end = ends.entry(index).or_default();
                            *end += 1;
                            (index, *end - 1)
                        }
                    };
                    let read = ReadRecord { offset, record: Some(id(counter)), digest: content.digest() };
                    reading.stored.entry(index).or_default().push(read);
                }
            }
        }
        reading.ends = ends;
        let answer = |counter| Acknowledgement { counter, partition: 0, offset: counter as i64 };
        let producer = ProducerHistory {
            producer: 7,
            topic: topic.name.clone(),
            guarantee: Guarantee::ExactlyOnce,
            sent: SENT,
            acknowledged: (0..SENT).map(answer).collect(),
        };
        let earlier = vec![followed(&topic, &reading)];
        World {
            history: PluggedHistory { topics: vec![(topic, reading)], producers: vec![producer], earlier },
        }
    }

    fn of_every_kind() -> Vec<World> {
        let bits = 0..8;
        bits.map(|bits| World::new(bits & 1 != 0, bits & 2 != 0, bits & 4 != 0)).collect()
    }

    fn reading(&mut self) -> &mut TopicReading {
        &mut self.history.topics[0].1
    }

    fn stored(&mut self, partition: i32) -> &mut Vec<ReadRecord> {
        self.reading().stored.get_mut(&partition).unwrap()
    }

    fn acknowledged(&mut self) -> &mut Vec<Acknowledgement> {
        &mut self.history.producers[0].acknowledged
    }

    fn verdict(&self) -> PluggedVerdict {
        check_plugged(&self.history)
    }

    /// What is found of the end alone.
    fn violations(&mut self) -> Vec<Violation> {
        self.history.earlier.clear();
        self.verdict().violations
    }
}

fn told(topic: &PluggedTopic, counter: u64, by: &str) -> BTreeMap<String, String> {
    let timestamp = Order(id(counter)).sent().timestamp_ms;
    let pairs = [
        ("topic", topic.name.clone()),
        ("partition", "0".to_owned()),
        ("offset", counter.to_string()),
        ("timestamp", timestamp.to_string()),
        ("plugin", by.to_owned()),
        ("version", PluggedTopic::VERSION.to_owned()),
        ("digest", "f".repeat(64)),
        ("reason", "not JSON: at line 1".to_owned()),
        ("producer.id", "12".to_owned()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn followed(topic: &PluggedTopic, reading: &TopicReading) -> Reading {
    reading.stored.iter().map(|(index, records)| (topic.partition(*index), records.clone())).collect()
}

fn partition(index: i32) -> Partition {
    Partition { topic: "orders".to_owned(), index }
}

fn quarantine() -> Partition {
    Partition { topic: "orders.dlq".to_owned(), index: 0 }
}

fn poison() -> u64 {
    (0..SENT).find(|counter| Order(id(*counter)).is_poison()).unwrap()
}

/// The first orders of a region.
fn of_region(region: &str) -> Vec<u64> {
    (0..SENT).filter(|counter| Order(id(*counter)).region() == Some(region)).collect()
}

#[test]
fn what_is_where_it_belongs_is_right() {
    for world in World::of_every_kind() {
        let verdict = world.verdict();
        assert_eq!(verdict.violations, [], "{:?}", world.history.topics[0].0);
        let figures = verdict.figures;
        assert_eq!((figures.sent, figures.acknowledged), (SENT, SENT));
        assert_eq!(figures.stored + figures.quarantined, SENT);
        assert_eq!(figures.read_before, figures.stored);
        let Kinds { filter, serializer, partitioner } = world.history.topics[0].0.kinds;
        assert_eq!(figures.quarantined > 0, filter || serializer);
        assert_eq!(figures.elsewhere > 10, partitioner);
    }
}

#[test]
fn what_was_not_acknowledged_may_be_there_or_not() {
    for mut world in World::of_every_kind() {
        world.acknowledged().truncate(20);
        assert_eq!(world.violations(), []);
        for records in world.reading().stored.values_mut() {
            records.retain(|read| read.record.unwrap().counter < 20);
        }
        world.reading().letters.retain(|letter| letter.record.unwrap().counter < 20);
        assert_eq!(world.violations(), []);
    }
}

#[test]
fn an_acknowledged_record_that_is_gone_is_lost() {
    let mut world = World::new(true, false, false);
    let gone = world.stored(0).remove(3);
    let letter = world.reading().letters.remove(0);
    let lost =
        |record: RecordId| Violation::Lost { record, partition: partition(0), offset: record.counter as i64 };
    let mut expected = [gone.record.unwrap(), letter.record.unwrap()];
    expected.sort_unstable();
    assert_eq!(world.violations(), expected.map(lost));
}

#[test]
fn a_record_that_is_there_again_is_a_duplicate() {
    let mut world = World::new(true, true, true);
    let mut again = world.stored(1)[0];
    again.offset = 1_000;
    world.stored(1).push(again);
    let mut letter = world.reading().letters[0].clone();
    letter.offset = 1_000;
    world.reading().letters.push(letter.clone());
    let duplicate = |record: Option<RecordId>, partition| Violation::Duplicate {
        record: record.unwrap(),
        partition,
        offset: 1_000,
    };
    let expected = [duplicate(again.record, partition(1)), duplicate(letter.record, quarantine())];
    assert_eq!(world.violations(), expected);
}

#[test]
fn a_record_in_two_partitions_is_a_duplicate() {
    let mut world = World::new(false, false, true);
    let again = ReadRecord { offset: 50, ..world.stored(1)[0] };
    world.stored(2).push(again);
    let expected =
        Violation::Duplicate { record: again.record.unwrap(), partition: partition(2), offset: 50 };
    assert_eq!(world.violations(), [expected]);
}

#[test]
fn poison_in_the_topic_and_good_records_in_quarantine_are_found() {
    let mut world = World::new(true, false, false);
    let counter = poison();
    let record = id(counter);
    world.reading().letters.retain(|letter| letter.record != Some(record));
    let digest = Order(record).sent().digest();
    let place = world.stored(0).partition_point(|read| read.offset < counter as i64);
    world.stored(0).insert(place, ReadRecord { offset: counter as i64, record: Some(record), digest });
    let good = world.stored(0).pop().unwrap();
    let counter = good.record.unwrap().counter;
    let told = told(&world.history.topics[0].0, counter, "json-guard");
    world.reading().letters.push(Letter { offset: 90, record: good.record, digest: good.digest, told });
    let expected = [
        Violation::PoisonStored { record, partition: partition(0), offset: record.counter as i64 },
        Violation::Quarantined { record: good.record.unwrap(), partition: quarantine(), offset: 90 },
    ];
    assert_eq!(world.violations(), expected);
}

#[test]
fn bytes_are_those_that_the_serializer_makes_and_the_producers_own_in_quarantine() {
    let mut world = World::new(false, true, false);
    let good = world.stored(0)[0];
    world.stored(0)[0].digest = Order(good.record.unwrap()).sent().digest();
    world.reading().letters[0].digest = Digest(1);
    let letter = world.reading().letters[0].record.unwrap();
    let expected = [
        Violation::Changed { record: good.record.unwrap(), partition: partition(0), offset: good.offset },
        Violation::Changed { record: letter, partition: quarantine(), offset: 0 },
    ];
    assert_eq!(world.violations(), expected);
}

#[test]
fn a_record_belongs_in_its_regions_partition() {
    let mut world = World::new(false, false, true);
    let moved = world.stored(1).pop().unwrap();
    world.stored(2).push(ReadRecord { offset: 70, ..moved });
    let record = moved.record.unwrap();
    assert_eq!(
        world.violations(),
        [Violation::WrongPartition { record, partition: partition(2), offset: 70, right: 1 }]
    );
}

#[test]
fn a_record_that_stays_is_where_its_producer_was_told() {
    for partitioner in [false, true] {
        let mut world = World::new(true, false, partitioner);
        let last = world.stored(0).last().copied().unwrap();
        world.stored(0).last_mut().unwrap().offset = 45;
        let record = last.record.unwrap();
        let told = (0, last.offset);
        assert_eq!(
            world.violations(),
            [Violation::Displaced { record, partition: partition(0), offset: 45, told }]
        );
    }
}

#[test]
fn nothing_else_is_at_an_offset_that_was_told() {
    // A record of another region has come to where one was acknowledged that went elsewhere.
    let mut world = World::new(false, false, true);
    let (eu, us) = (of_region("eu"), of_region("us"));
    let (record, told) = (id(*eu.last().unwrap()), id(us[0]));
    let answer = world.acknowledged().iter_mut().find(|answer| answer.counter == record.counter).unwrap();
    (answer.partition, answer.offset) = (3, 500);
    let read = world.stored(0).iter().position(|read| read.record == Some(record)).unwrap();
    let read = world.stored(0).remove(read);
    world.stored(0).insert(0, ReadRecord { offset: told.counter as i64, ..read });
    world.reading().ends.insert(3, 500);
    let violations = world.violations();
    let taken = Violation::Taken { record, partition: partition(0), offset: told.counter as i64, told };
    assert!(violations.contains(&taken), "{violations:?}");
}

#[test]
fn the_order_of_a_key_is_kept_in_every_partition_and_in_quarantine() {
    let mut world = World::new(true, false, true);
    // More orders of one key, in the wrong order.
    let same_key = |of: &dyn Fn(Order) -> bool| {
        let mut orders =
            (SENT..5_000).filter(|counter| Order(id(*counter)).key() == 3 && of(Order(id(*counter))));
        (orders.next().unwrap(), orders.next().unwrap())
    };
    world.history.producers[0].sent = 5_000;
    let (first, second) = same_key(&|order| order.region() == Some("us"));
    let (third, fourth) = same_key(&Order::is_poison);
    for (counter, offset) in [(second, 100), (first, 101)] {
        let digest = Order(id(counter)).sent().digest();
        world.stored(1).push(ReadRecord { offset, record: Some(id(counter)), digest });
    }
    for (counter, offset) in [(fourth, 100), (third, 101)] {
        let told = told(&world.history.topics[0].0, counter, "json-guard");
        let digest = Order(id(counter)).sent().digest();
        world.reading().letters.push(Letter { offset, record: Some(id(counter)), digest, told });
    }
    let expected = [
        Violation::Reordered { record: id(first), partition: partition(1), offset: 101, after: id(second) },
        Violation::Reordered { record: id(third), partition: quarantine(), offset: 101, after: id(fourth) },
    ];
    assert_eq!(world.violations(), expected);
}

#[test]
fn a_dead_letter_says_why_and_where_from() {
    let wrong = [
        ("topic", "another"),
        ("partition", "1"),
        ("offset", "1000"),
        ("offset", "-1"),
        ("timestamp", "0"),
        ("plugin", "redact"),
        ("version", "2.0.0"),
        ("digest", "f"),
        ("reason", ""),
        ("producer.id", "-1"),
    ];
    for (name, value) in wrong {
        let mut world = World::new(true, true, false);
        world.reading().letters[0].told.insert(name.to_owned(), value.to_owned());
        assert!(matches!(world.violations()[..], [Violation::Untold { offset: 0, .. }]), "{name} {value}");
        world.reading().letters[0].told.remove(name);
        assert!(matches!(world.violations()[..], [Violation::Untold { offset: 0, .. }]), "{name} is missing");
    }
    // A first try had broken off when the log was shorter.
    let mut world = World::new(true, true, false);
    world.reading().letters[0].told.insert("offset".to_owned(), "0".to_owned());
    assert_eq!(world.verdict().figures.told_before_a_crash, 1);
    assert_eq!(world.violations(), []);
}

#[test]
fn what_nobody_sent_is_found() {
    let mut world = World::new(true, false, false);
    let nobody = RecordId { producer: 8, counter: 0 };
    let digest = Order(nobody).sent().digest();
    world.stored(0).push(ReadRecord { offset: 90, record: Some(nobody), digest });
    world.stored(0).push(ReadRecord { offset: 91, record: None, digest });
    world.stored(0).push(ReadRecord { offset: 92, record: Some(id(SENT)), digest });
    let never = |record, offset| Violation::NeverSent { record, partition: partition(0), offset };
    let expected = [never(Some(nobody), 90), never(None, 91), never(Some(id(SENT)), 92)];
    assert_eq!(world.violations(), expected);
}

#[test]
fn answers_that_contradict_each_other_are_found() {
    let mut world = World::new(true, false, false);
    let first = world.acknowledged()[0];
    world.acknowledged().push(Acknowledgement { offset: 90, ..first });
    assert!(world.violations().contains(&Violation::AcknowledgedTwice { record: id(0) }));

    let mut world = World::new(true, false, false);
    let gap = poison() as i64;
    world.acknowledged()[0].offset = gap;
    let shared = Violation::SharedOffset { record: id(poison()), other: id(0), offset: gap };
    assert!(world.violations().contains(&shared), "{:?}", world.violations());
}

#[test]
fn an_emptied_batch_that_is_there_twice_is_found_by_the_length() {
    for mut world in World::of_every_kind() {
        *world.reading().ends.get_mut(&0).unwrap() += 1;
        let violations = world.violations();
        assert!(matches!(violations[..], [Violation::TooLong { .. }]), "{violations:?}");
    }
}

#[test]
fn what_was_read_before_does_not_change() {
    let unlike = |change: fn(&mut Vec<ReadRecord>)| {
        let mut world = World::new(true, false, false);
        change(world.history.earlier[0].get_mut(&partition(0)).unwrap());
        world.verdict().violations
    };
    // A reader may begin and end anywhere.
    assert_eq!(unlike(|before| before.truncate(4)), []);
    assert_eq!(unlike(|before| drop(before.drain(..4))), []);
    let found = [
        unlike(|before| before.retain(|read| read.record != Some(id(4)))),
        unlike(|before| before[4].digest = Digest(0)),
        unlike(|before| before[4].record = Some(id(SENT - 1))),
        unlike(|before| before.last_mut().unwrap().offset = 70),
        unlike(|before| before.push(ReadRecord { offset: 70, record: None, digest: Digest(0) })),
    ];
    for violations in found {
        assert!(matches!(violations[..], [Violation::Unlike { .. }]), "{violations:?}");
    }
}

//! Compacted topics, from the producer to the consumer.

use std::time::{Duration, Instant};

use bytes::Bytes;
use klamm_model::{ErrorCode, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_records::{BatchBuilder, BuildOptions, Compression, ProducerStamp, batches};
use klamm_wire::messages::create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use klamm_wire::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};

use crate::support::{Client, TestBroker, error, fetch, offset_of, produce};

const SETTINGS: &[(&str, &str)] = &[
    ("log.cleaner.backoff.ms", "10"),
    ("log.cleaner.threads", "2"),
    ("log.retention.check.interval.ms", "10"),
    ("log.flush.offset.checkpoint.interval.ms", "10"),
];

/// A topic whose every batch seals a segment, so that all but the last can be cleaned.
fn create(client: &mut Client, name: &str, policy: &str) {
    let config = |name: &str, value: &str| CreatableTopicConfig {
        name: name.to_owned(),
        value: Some(value.to_owned()),
    };
    let topic = CreatableTopic {
        name: name.to_owned(),
        num_partitions: 1,
        replication_factor: 1,
        configs: vec![
            config("cleanup.policy", policy),
            config("segment.ms", "1"),
            config("min.cleanable.dirty.ratio", "0.01"),
            config("delete.retention.ms", "0"),
            config("message.timestamp.before.max.ms", "9223372036854775807"),
            config("retention.ms", "-1"),
        ],
        ..CreatableTopic::default()
    };
    let request =
        CreateTopicsRequest { topics: vec![topic], timeout_ms: 10_000, ..CreateTopicsRequest::default() };
    let answer = client.ask(&request).topics.remove(0);
    assert_eq!(error(answer.error_code), ErrorCode::None, "{:?}", answer.error_message);
}

/// A batch of one record.
fn record(n: i64, key: &str, value: Option<&str>) -> Bytes {
    let producer =
        ProducerStamp { id: ProducerId(4711), epoch: ProducerEpoch(0), base_sequence: Sequence(n as i32) };
    let compression = Compression::ALL[n as usize % 5];
    let mut builder =
        BatchBuilder::new(BuildOptions { producer: Some(producer), compression, ..BuildOptions::default() });
    builder.append(TimestampMs(1_000_000 + n * 1000), Some(key.as_bytes()), value.map(str::as_bytes), &[]);
    builder.build().unwrap()
}

fn put(client: &mut Client, topic: &str, n: i64, key: &str, value: Option<&str>) -> i64 {
    offset_of(&client.call(9, &produce(topic, -1, record(n, key, value))))
}

/// Offset, key and value of everything a consumer sees from an offset on.
fn consume(
    client: &mut Client,
    topic: &str,
    mut offset: i64,
    end: i64,
) -> Vec<(i64, String, Option<String>)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut found = Vec::new();
    while offset < end {
        let data = client.call(12, &fetch(topic, offset, 1000)).responses.remove(0).partitions.remove(0);
        assert_eq!(error(data.error_code), ErrorCode::None);
        let bytes = data.records.unwrap_or_default().into_bytes();
        assert!(!bytes.is_empty(), "nothing at {offset}");
        for batch in batches(&bytes) {
            let batch = batch.unwrap();
            batch.verify_crc().unwrap();
            let mut records = batch.records(1 << 20).unwrap();
            while let Some(record) = records.next_record().unwrap() {
                if record.offset.0 >= offset {
                    found.push((record.offset.0, text(record.key.unwrap()), record.value.map(text)));
                }
            }
            offset = batch.header.next_offset().0;
        }
    }
    found
}

/// Waits for a state that the cleaner brings about before long.
#[track_caller]
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < deadline, "{what} never was so");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn a_consumer_of_a_compacted_topic_reads_the_newest_of_each_key() {
    let mut broker = TestBroker::with(SETTINGS);
    let mut client = broker.client();
    create(&mut client, "t", "compact");
    for n in 0..60 {
        let value = format!("value {n}");
        put(&mut client, "t", n, ["a", "b", "gone"][n as usize % 3], Some(&value));
    }
    put(&mut client, "t", 60, "gone", None);
    for n in 61..64 {
        put(&mut client, "t", n, "last", Some("in the last segments"));
    }
    let all = |client: &mut Client| {
        let found = consume(client, "t", 0, 64);
        found.into_iter().filter(|(_, key, _)| key != "last").collect::<Vec<_>>()
    };
    let newest = [(57, "a", "value 57"), (58, "b", "value 58")];
    let newest = newest.map(|(offset, key, value)| (offset, key.to_owned(), Some(value.to_owned())));
    // The tombstone was seen by one cleaning and goes with the next, which something new brings about.
    let mut n = 64;
    eventually("the newest of each key, and no tombstone", || {
        put(&mut client, "t", n, "last", Some("newer"));
        n += 1;
        all(&mut client) == newest
    });
    for offset in 0..57 {
        assert_eq!(consume(&mut client, "t", offset, 58)[0], newest[0], "from {offset} on");
    }
    let checkpoint = broker.dir.path().join("data/cleaner-offset-checkpoint");
    assert!(std::fs::read_to_string(&checkpoint).unwrap().contains("\nt 0 "));
    broker.stop();
    broker.start_again();
    let mut client = broker.client();
    assert_eq!(all(&mut client), newest);
    // The producer goes on where it was, and is told where its last batch is if it asks again.
    assert_eq!(put(&mut client, "t", n - 1, "last", Some("newer")), n - 1);
    assert_eq!(put(&mut client, "t", n, "last", Some("newer")), n);
}

#[test]
fn a_damaged_log_is_left_alone_and_others_are_cleaned() {
    let broker = TestBroker::with(&[SETTINGS, &[("log.cleaner.enable", "false")]].concat());
    let mut client = broker.client();
    for topic in ["damaged", "good"] {
        create(&mut client, topic, "compact,delete");
        for n in 0..10 {
            put(&mut client, topic, n, "k", Some("some value"));
        }
    }
    let log = broker.dir.path().join("data/damaged-0/00000000000000000003.log");
    let mut bytes = std::fs::read(&log).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&log, &bytes).unwrap();
    let before = std::fs::read_dir(broker.dir.path().join("data/damaged-0")).unwrap().count();
    drop(client);
    let mut broker = broker;
    broker.stop();
    broker.set("log.cleaner.enable", "true");
    broker.start_again();
    let mut client = broker.client();
    eventually("the good log is clean", || consume(&mut client, "good", 0, 10).len() <= 2);
    let checkpoint = broker.dir.path().join("data/cleaner-offset-checkpoint");
    eventually("and that is written down", || {
        std::fs::read_to_string(&checkpoint).is_ok_and(|text| text.contains("\ngood 0 "))
    });
    assert!(!std::fs::read_to_string(&checkpoint).unwrap().contains("damaged"));
    let after = std::fs::read_dir(broker.dir.path().join("data/damaged-0")).unwrap().count();
    assert!(after >= before, "nothing of the damaged one was replaced");
    // A topic of the same name is another one.
    let topics = vec![DeleteTopicState { name: Some("good".to_owned()), ..DeleteTopicState::default() }];
    client.ask(&DeleteTopicsRequest { topics, timeout_ms: 10_000, ..DeleteTopicsRequest::default() });
    eventually("the deleted topic is forgotten", || {
        !std::fs::read_to_string(&checkpoint).unwrap().contains("good")
    });
}

#[test]
fn a_slow_cleaning_does_not_keep_the_broker_from_stopping() {
    let slow = [("log.cleaner.io.max.bytes.per.second", "1")];
    let mut broker = TestBroker::with(&[SETTINGS, &slow].concat());
    let mut client = broker.client();
    create(&mut client, "t", "compact");
    for n in 0..20 {
        put(&mut client, "t", n, "k", Some("some value"));
    }
    drop(client);
    let begun = Instant::now();
    broker.stop();
    assert!(begun.elapsed() < Duration::from_mins(1), "it would take half an hour");
    broker.start_again();
    assert_eq!(consume(&mut broker.client(), "t", 0, 20).len(), 20);
}

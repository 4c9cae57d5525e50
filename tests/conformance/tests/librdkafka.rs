//! librdkafka (through the crate `rdkafka`): the C client under most languages' Kafka libraries.
//!
//! Its idempotent producer is on wherever a test doesn't say otherwise. Messages without a group: assigned
//! partitions, explicit offsets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test can't do without fails it")]

#[path = "librdkafka/mod.rs"]
mod support;

use std::collections::HashSet;

use klamm_conformance::{BrokerOptions, TestBroker};
use rdkafka::Timestamp;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, FutureRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::util::Timeout;
use support::{PATIENCE, consumer, create_topic, producer, read_all, read_from, send, try_send};

const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

#[test]
fn every_codec_comes_back_byte_for_byte_also_after_a_kill() {
    let mut broker = TestBroker::start();
    let values: Vec<Vec<u8>> =
        (0..500_u32).map(|n| format!("{n} ").repeat(n as usize % 90 + 1).into()).collect();
    for codec in CODECS {
        let producer = producer(&broker, &[("compression.codec", codec), ("linger.ms", "20")]);
        for value in &values {
            try_send(&producer, BaseRecord::<(), _>::to(codec).payload(value));
        }
        producer.flush(PATIENCE).unwrap();
        assert_eq!(producer.context().failures(), 0, "{codec}");
    }
    broker.kill_and_restart();
    for codec in CODECS {
        let read: Vec<Vec<u8>> =
            read_all(&broker, codec).iter().map(|m| m.payload().unwrap().to_vec()).collect();
        assert!(read == values, "{codec}: {} of {} records came back, or others", read.len(), values.len());
    }
}

#[test]
fn keys_headers_and_timestamps_are_kept() {
    let broker = TestBroker::start();
    let headers = OwnedHeaders::new()
        .insert(Header { key: "trace", value: Some("a") })
        .insert(Header { key: "trace", value: Some("b") })
        .insert(Header::<&str> { key: "null", value: None })
        .insert(Header { key: "empty", value: Some("") });
    let record =
        FutureRecord::to("orders").key("k").payload("v").timestamp(1_600_000_000_123).headers(headers);
    send(&broker, record);
    let messages = read_all(&broker, "orders");
    let [message] = messages.as_slice() else { panic!("{} messages", messages.len()) };
    assert_eq!(message.key(), Some(&b"k"[..]));
    assert_eq!(message.payload(), Some(&b"v"[..]));
    assert_eq!(message.timestamp(), Timestamp::CreateTime(1_600_000_000_123));
    let read: Vec<_> =
        message.headers().unwrap().iter().map(|h| (h.key.to_owned(), h.value.map(<[u8]>::to_vec))).collect();
    let expected = [("trace", Some("a")), ("trace", Some("b")), ("null", None), ("empty", Some(""))];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.map(|v| v.as_bytes().to_vec())));
    assert_eq!(read, expected);
}

#[test]
fn a_tombstone_is_not_an_empty_value() {
    let broker = TestBroker::start();
    send(&broker, FutureRecord::<_, [u8]>::to("orders").key("k"));
    send(&broker, FutureRecord::<str, _>::to("orders").payload(&b""[..]));
    let messages = read_all(&broker, "orders");
    assert_eq!(messages[0].payload(), None);
    assert_eq!(messages[1].key(), None);
    // librdkafka shows an empty value as none or as empty, depending on its version's message type.
    assert!(messages[1].payload().is_none_or(<[u8]>::is_empty));
}

#[test]
fn log_append_time_is_the_brokers() {
    let broker = TestBroker::start();
    create_topic(&broker, "stamped", 1, &[("message.timestamp.type", "LogAppendTime")]);
    send(&broker, FutureRecord::<str, _>::to("stamped").payload("v").timestamp(1_000));
    let messages = read_all(&broker, "stamped");
    let Timestamp::LogAppendTime(stamp) = messages[0].timestamp() else {
        panic!("{:?}", messages[0].timestamp())
    };
    assert!(stamp > 1_600_000_000_000, "{stamp}");
}

#[test]
fn all_partitions_take_and_give_what_is_theirs() {
    let broker = TestBroker::start();
    create_topic(&broker, "spread", 12, &[]);
    let producer = producer(&broker, &[]);
    for n in 0..600 {
        let value = n.to_string();
        try_send(&producer, BaseRecord::<(), _>::to("spread").partition(n % 12).payload(value.as_bytes()));
    }
    producer.flush(PATIENCE).unwrap();
    for partition in 0..12 {
        let read = read_from(&broker, "spread", partition, Offset::Beginning);
        let values: Vec<i32> = read
            .iter()
            .map(|m| std::str::from_utf8(m.payload().unwrap()).unwrap().parse().unwrap())
            .collect();
        let expected: Vec<i32> = (0..50).map(|n| n * 12 + partition).collect();
        assert_eq!(values, expected);
    }
}

#[test]
fn every_acks_level_delivers() {
    let broker = TestBroker::start();
    for acks in ["0", "1", "all"] {
        let topic = format!("acks-{acks}");
        create_topic(&broker, &topic, 1, &[]);
        let producer = producer(&broker, &[("acks", acks), ("enable.idempotence", "false")]);
        for n in 0..100 {
            let value = format!("{n}");
            try_send(&producer, BaseRecord::<(), _>::to(&topic).payload(&value));
        }
        producer.flush(PATIENCE).unwrap();
        // With acks=0 "delivered" means "sent": the end offset tells when it has arrived.
        support::wait_for_end_offset(&broker, &topic, 100);
        assert_eq!(read_all(&broker, &topic).len(), 100, "acks={acks}");
    }
}

#[test]
fn a_large_message_needs_the_topics_leave() {
    let broker = TestBroker::start();
    create_topic(&broker, "small", 1, &[]);
    create_topic(&broker, "large", 1, &[("max.message.bytes", "8000000")]);
    let producer = producer(&broker, &[("message.max.bytes", "9000000")]);
    let value = vec![b'x'; 5_000_000];
    for topic in ["small", "large"] {
        try_send(&producer, BaseRecord::<(), _>::to(topic).payload(&value));
    }
    producer.flush(PATIENCE).unwrap();
    assert_eq!(producer.context().errors(), [RDKafkaErrorCode::MessageSizeTooLarge]);
    let read = read_all(&broker, "large");
    assert!(read.len() == 1 && read[0].payload() == Some(&value[..]));
}

#[test]
fn offsets_by_time_look_inside_batches() {
    let broker = TestBroker::start();
    for codec in ["none", "lz4"] {
        let topic = format!("timed-{codec}");
        let producer = producer(&broker, &[("compression.codec", codec), ("linger.ms", "100")]);
        for n in 0..100 {
            try_send(
                &producer,
                BaseRecord::<(), _>::to(&topic).payload("v").timestamp(1_700_000_000_000 + n * 1_000),
            );
        }
        producer.flush(PATIENCE).unwrap();
        let consumer = consumer(&broker);
        let mut query = TopicPartitionList::new();
        query.add_partition_offset(&topic, 0, Offset::Offset(1_700_000_000_000 + 41_500)).unwrap();
        let found = consumer.offsets_for_times(query, PATIENCE).unwrap();
        assert_eq!(found.elements()[0].offset(), Offset::Offset(42), "{codec}");
    }
}

#[test]
fn watermarks_and_metadata_tell_the_truth() {
    let broker = TestBroker::start();
    create_topic(&broker, "facts", 3, &[]);
    for n in 0..7 {
        send(&broker, FutureRecord::<str, _>::to("facts").partition(2).payload(&n.to_string()));
    }
    let consumer = consumer(&broker);
    assert_eq!(consumer.fetch_watermarks("facts", 2, PATIENCE).unwrap(), (0, 7));
    assert_eq!(consumer.fetch_watermarks("facts", 0, PATIENCE).unwrap(), (0, 0));
    let metadata = consumer.fetch_metadata(Some("facts"), PATIENCE).unwrap();
    assert_eq!(metadata.topics()[0].partitions().len(), 3);
    let address = format!("{}:{}", metadata.brokers()[0].host(), metadata.brokers()[0].port());
    assert_eq!((metadata.brokers().len(), address), (1, broker.bootstrap()));
}

#[test]
fn an_unknown_topic_is_an_error_where_it_is_not_made() {
    let broker = BrokerOptions::new().set("auto.create.topics.enable", "false").start();
    let producer =
        producer(&broker, &[("message.timeout.ms", "5000"), ("topic.metadata.propagation.max.ms", "100")]);
    try_send(&producer, BaseRecord::<(), _>::to("nowhere").payload("v"));
    producer.flush(PATIENCE).unwrap();
    let errors = producer.context().errors();
    assert!(
        matches!(errors[..], [RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition]),
        "{errors:?}"
    );
}

#[test]
fn an_offset_out_of_range_is_told_to_a_consumer_without_reset() {
    let broker = TestBroker::start();
    send(&broker, FutureRecord::<str, _>::to("short").payload("v"));
    let consumer = support::consumer_with(&broker, &[("auto.offset.reset", "error")]);
    support::assign(&consumer, "short", 0, Offset::Offset(99));
    let error = support::first_error(&consumer);
    assert!(
        matches!(
            error,
            KafkaError::MessageConsumption(
                RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange
            )
        ),
        "{error:?}"
    );
}

#[test]
fn a_waiting_consumer_gets_a_record_when_it_comes() {
    let broker = TestBroker::start();
    create_topic(&broker, "live", 1, &[]);
    let consumer = consumer(&broker);
    support::assign(&consumer, "live", 0, Offset::Beginning);
    let error = support::first_error_or_end(&consumer);
    assert!(matches!(error, KafkaError::PartitionEOF(0)), "{error:?}");
    send(&broker, FutureRecord::<str, _>::to("live").payload("now"));
    let message = consumer.poll(PATIENCE).expect("a message").expect("no error");
    assert_eq!(message.payload(), Some(&b"now"[..]));
}

#[test]
fn the_idempotent_producer_neither_loses_nor_doubles_through_kills() {
    let mut broker = TestBroker::start();
    create_topic(&broker, "exact", 3, &[]);
    let producer = producer(&broker, &[("linger.ms", "5"), ("reconnect.backoff.max.ms", "200")]);
    for round in 0..4 {
        for n in 0..2_000 {
            let value = format!("{}", round * 2_000 + n);
            try_send(&producer, BaseRecord::<(), _>::to("exact").partition(n % 3).payload(&value));
        }
        broker.kill_and_restart();
    }
    producer.flush(PATIENCE).unwrap();
    assert_eq!(producer.context().failures(), 0);
    let mut seen = HashSet::new();
    for partition in 0..3 {
        let mut last = -1;
        for message in read_from(&broker, "exact", partition, Offset::Beginning) {
            let value: i32 = std::str::from_utf8(message.payload().unwrap()).unwrap().parse().unwrap();
            assert!(value > last, "{value} follows {last} in partition {partition}");
            assert!(seen.insert(value), "{value} is there twice");
            last = value;
        }
    }
    assert_eq!(seen.len(), 8_000);
}

#[test]
fn topics_are_made_described_altered_and_deleted() {
    let broker = TestBroker::start();
    create_topic(&broker, "managed", 2, &[("retention.ms", "60000")]);
    assert_eq!(
        support::create_topic_result(&broker, "managed", 2, &[]),
        Err(RDKafkaErrorCode::TopicAlreadyExists)
    );
    assert_eq!(
        support::create_topic_result(&broker, "bad/name", 1, &[]),
        Err(RDKafkaErrorCode::InvalidTopic)
    );
    assert_eq!(
        support::create_topic_result(&broker, "bad-config", 1, &[("retention.ms", "soon")]),
        Err(RDKafkaErrorCode::InvalidConfig)
    );
    assert_eq!(
        support::create_topic_result(&broker, "unknown-config", 1, &[("no.such.setting", "1")]),
        Err(RDKafkaErrorCode::InvalidConfig)
    );
    assert_eq!(support::topic_config(&broker, "managed", "retention.ms"), Some("60000".to_owned()));
    support::alter_topic(&broker, "managed", "retention.ms", "120000");
    assert_eq!(support::topic_config(&broker, "managed", "retention.ms"), Some("120000".to_owned()));
    support::create_partitions(&broker, "managed", 5);
    let metadata = consumer(&broker).fetch_metadata(Some("managed"), PATIENCE).unwrap();
    assert_eq!(metadata.topics()[0].partitions().len(), 5);
    support::delete_topic(&broker, "managed");
    assert_eq!(support::create_topic_result(&broker, "managed", 1, &[]), Ok(()));
    assert!(read_all(&broker, "managed").is_empty(), "a recreated topic starts empty");
}

#[test]
fn a_clean_stop_keeps_everything_and_exits_with_zero() {
    let mut broker = TestBroker::start();
    for n in 0..50 {
        send(&broker, FutureRecord::<str, _>::to("kept").payload(&n.to_string()));
    }
    assert!(broker.stop().success());
    broker.restart();
    assert_eq!(read_all(&broker, "kept").len(), 50);
    let timeout: Timeout = PATIENCE.into();
    assert_eq!(consumer(&broker).fetch_watermarks("kept", 0, timeout).unwrap(), (0, 50));
}

//! Produce: acks, errors, idempotence, topic ids.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use klamm_model::{ErrorCode, ProducerEpoch, ProducerId, Sequence, TopicId};
use klamm_records::{BuildOptions, Compression, ProducerStamp};
use klamm_wire::messages::api_versions::ApiVersionsRequest;
use klamm_wire::messages::create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use klamm_wire::messages::produce::{PartitionProduceResponse, ProduceRequest};

use crate::support::{
    Client, TestBroker, batch, batch_of, create_topic, error, fetch, idempotent, offset_of, produce,
    produce_to, records_of,
};

fn answer(client: &mut Client, version: i16, request: &ProduceRequest) -> PartitionProduceResponse {
    client.call(version, request).responses.remove(0).partition_responses.remove(0)
}

fn refused(client: &mut Client, request: &ProduceRequest) -> ErrorCode {
    let answer = answer(client, 12, request);
    assert_eq!(answer.base_offset, -1);
    assert!(answer.error_message.is_some(), "{answer:?}");
    error(answer.error_code)
}

#[test]
fn every_version_appends() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    let id = create_topic(&mut client, "t", 1);
    for version in 3..=13 {
        let request = produce_to("t", id, 0, -1, batch(&["x"]));
        let request = if version < 13 { produce("t", -1, batch(&["x"])) } else { request };
        let answer = answer(&mut client, version, &request);
        assert_eq!((answer.error_code, answer.base_offset), (0, i64::from(version) - 3), "{version}");
        assert_eq!(answer.log_append_time_ms, -1);
        assert_eq!(answer.log_start_offset, if version < 5 { -1 } else { 0 });
    }
}

#[test]
fn without_acks_there_is_no_answer_but_the_records_are_there() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    client.send(9, &produce("t", 0, batch(&["quiet"])));
    // The next answer is the next request's.
    assert!(!client.ask(&ApiVersionsRequest::default()).api_keys.is_empty());
    let response = client.call(12, &fetch("t", 0, 5000));
    assert_eq!(records_of(&response.responses[0].partitions[0]), [(0, "quiet".to_owned())]);
}

#[test]
fn without_acks_an_error_ends_the_connection() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    client.send(9, &produce("missing", 0, batch(&["lost"])));
    assert!(client.is_closed());
}

#[test]
fn requests_that_break_a_rule_are_told_which() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    let mut torn = BytesMut::from(&batch(&["x"])[..]);
    let last = torn.len() - 1;
    torn[last] ^= 1;
    let two = [batch(&["x"]), batch(&["y"])].concat();
    let stamp = ProducerStamp { id: ProducerId(1), epoch: ProducerEpoch(0), base_sequence: Sequence::FIRST };
    let transactional =
        BuildOptions { transactional: true, producer: Some(stamp), ..BuildOptions::default() };
    let large = "x".repeat(2 << 20);
    let cases = [
        (produce("missing", -1, batch(&["x"])), ErrorCode::UnknownTopicOrPartition),
        (produce_to("t", TopicId::ZERO, 1, -1, batch(&["x"])), ErrorCode::UnknownTopicOrPartition),
        (produce("t", 2, batch(&["x"])), ErrorCode::InvalidRequiredAcks),
        (produce("t", -1, torn.freeze()), ErrorCode::CorruptMessage),
        (produce("t", -1, Bytes::from(two)), ErrorCode::InvalidRecord),
        (produce("t", -1, Bytes::new()), ErrorCode::InvalidRecord),
        (produce("t", -1, batch_of(transactional, &["x"])), ErrorCode::InvalidTxnState),
        (produce("t", -1, batch(&[&large])), ErrorCode::MessageTooLarge),
    ];
    for (request, expected) in cases {
        assert_eq!(refused(&mut client, &request), expected);
    }
    let request = produce_to("", TopicId::random(), 0, -1, batch(&["x"]));
    assert_eq!(error(answer(&mut client, 13, &request).error_code), ErrorCode::UnknownTopicId);
    let response = client.call(12, &fetch("t", 0, 0));
    assert_eq!(records_of(&response.responses[0].partitions[0]), [], "none of it is in the log");
}

#[test]
fn a_retry_of_an_idempotent_producer_is_answered_as_the_first_try() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    let first = idempotent(7, 0, 0, &["a", "b"]);
    assert_eq!(offset_of(&client.call(9, &produce("t", -1, first.clone()))), 0);
    assert_eq!(offset_of(&client.call(9, &produce("t", -1, idempotent(7, 0, 2, &["c"])))), 2);
    assert_eq!(offset_of(&client.call(9, &produce("t", -1, first))), 0);
    let gap = produce("t", -1, idempotent(7, 0, 9, &["d"]));
    assert_eq!(refused(&mut client, &gap), ErrorCode::OutOfOrderSequenceNumber);
    let newer = produce("t", -1, idempotent(7, 1, 0, &["e"]));
    assert_eq!(offset_of(&client.call(9, &newer)), 3);
    let fenced = produce("t", -1, idempotent(7, 0, 3, &["f"]));
    assert_eq!(refused(&mut client, &fenced), ErrorCode::InvalidProducerEpoch);
}

#[test]
fn a_batch_keeps_its_bytes() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    let zstd = BuildOptions { compression: Compression::Zstd, ..BuildOptions::default() };
    let sent = batch_of(zstd, &["same", "same", "same"]);
    client.call(9, &produce("t", -1, sent.clone()));
    let response = client.call(12, &fetch("t", 0, 5000));
    let received = response.responses[0].partitions[0].records.clone().unwrap().into_bytes();
    // The base offset and the leader epoch, which is 0 now, are the broker's; the rest is the producer's.
    assert_eq!((&received[..12], &received[16..]), (&sent[..12], &sent[16..]));
    assert_eq!(received[12..16], [0; 4]);
}

#[test]
fn topics_have_rules_of_their_own() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    let config = |name: &str, value: &str| CreatableTopicConfig {
        name: name.to_owned(),
        value: Some(value.to_owned()),
    };
    let topic = |name: &str, configs| CreatableTopic {
        name: name.to_owned(),
        num_partitions: 1,
        replication_factor: 1,
        configs,
        ..CreatableTopic::default()
    };
    let topics = vec![
        topic("stamped", vec![config("message.timestamp.type", "LogAppendTime")]),
        topic("compacted", vec![config("cleanup.policy", "compact")]),
        topic("replicated", vec![config("min.insync.replicas", "2")]),
    ];
    let created = client.ask(&CreateTopicsRequest { topics, ..CreateTopicsRequest::default() });
    assert!(created.topics.iter().all(|topic| topic.error_code == 0), "{created:?}");

    let stamped = answer(&mut client, 9, &produce("stamped", -1, batch(&["x"])));
    assert!(stamped.log_append_time_ms > 1_600_000_000_000, "{stamped:?}");
    let keyless = answer(&mut client, 9, &produce("compacted", -1, batch(&["x"])));
    assert_eq!(error(keyless.error_code), ErrorCode::InvalidRecord);
    assert_eq!(keyless.record_errors.len(), 1);
    let lonely = produce("replicated", -1, batch(&["x"]));
    assert_eq!(refused(&mut client, &lonely), ErrorCode::NotEnoughReplicas);
    assert_eq!(offset_of(&client.call(9, &produce("replicated", 1, batch(&["x"])))), 0);
}

#[test]
fn many_requests_of_one_connection_share_fsyncs() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    let requests = 60;
    let mut frames = Vec::new();
    for _ in 0..requests {
        frames.extend_from_slice(&client.frame(9, &produce("t", -1, batch(&["x"]))).1);
    }
    let before = broker.server().broker().flushes();
    client.send_bytes(&frames);
    for number in 0..requests {
        assert_eq!(offset_of(&client.receive(9).1), number);
    }
    let flushes = broker.server().broker().flushes() - before;
    assert!(flushes <= requests as u64 / 2, "{flushes} flushes for {requests} requests sent at once");
    assert!(client.is_silent_for(Duration::from_millis(20)));
}

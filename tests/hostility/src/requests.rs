//! Requests of well-behaved clients.

use bytes::Bytes;
use klamm_model::{ErrorCode, TimestampMs};
use klamm_records::{BatchBuilder, BuildOptions};
use klamm_wire::messages::create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use klamm_wire::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use klamm_wire::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};

use crate::Client;

/// The error of this number.
pub fn error(code: i16) -> ErrorCode {
    ErrorCode::from_i16(code).unwrap()
}

/// Makes a topic of one partition with these settings.
pub fn create_topic(client: &mut Client, name: &str, settings: &[(&str, &str)]) {
    create_topics(client, &[name.to_owned()], settings);
}

/// Makes topics of one partition with these settings, all at once.
pub fn create_topics(client: &mut Client, names: &[String], settings: &[(&str, &str)]) {
    let config = |(name, value): &(&str, &str)| CreatableTopicConfig {
        name: (*name).to_owned(),
        value: Some((*value).to_owned()),
    };
    let topic = |name: &String| CreatableTopic {
        name: name.clone(),
        num_partitions: 1,
        replication_factor: 1,
        configs: settings.iter().map(config).collect(),
        ..CreatableTopic::default()
    };
    let topics = names.iter().map(topic).collect();
    let request = CreateTopicsRequest { topics, timeout_ms: 30_000, ..CreateTopicsRequest::default() };
    for made in client.ask(&request).topics {
        assert_eq!(error(made.error_code), ErrorCode::None, "{:?}", made.error_message);
    }
}

/// A batch of one record.
pub fn value_batch(value: &[u8]) -> Bytes {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let mut builder = BatchBuilder::new(BuildOptions::default());
    builder.append(TimestampMs(now.as_millis() as i64), None, Some(value), &[]);
    builder.build().unwrap()
}

/// Produce, version 12 and older, to partition 0, acknowledged by all.
pub fn produce(topic: &str, records: Bytes) -> ProduceRequest {
    let partition = PartitionProduceData { index: 0, records: Some(records) };
    let topic = TopicProduceData {
        name: topic.to_owned(),
        partition_data: vec![partition],
        ..TopicProduceData::default()
    };
    ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..ProduceRequest::default() }
}

/// Fetch, version 12 and older, of partition 0.
pub fn fetch(topic: &str, offset: i64, max_bytes: i32) -> FetchRequest {
    let partition = FetchPartition {
        partition: 0,
        fetch_offset: offset,
        partition_max_bytes: max_bytes,
        ..FetchPartition::default()
    };
    FetchRequest {
        max_wait_ms: 1000,
        min_bytes: 1,
        max_bytes,
        topics: vec![FetchTopic {
            topic: topic.to_owned(),
            partitions: vec![partition],
            ..FetchTopic::default()
        }],
        ..FetchRequest::default()
    }
}

//! Requests as these tests need them.

use std::io;

use bytes::Bytes;
use klamm_faults::{Client, REQUEST_TIMEOUT_MS};
use klamm_model::{ErrorCode, ProducerId, TopicId};
use klamm_wire::messages::create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use klamm_wire::messages::init_producer_id::InitProducerIdRequest;
use klamm_wire::messages::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use klamm_wire::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};

/// The time that stands for a partition's end.
const LATEST: i64 = -1;

/// A request for one topic.
pub fn creation(name: &str, partitions: i32, settings: &[(&str, String)]) -> CreateTopicsRequest {
    let config = |(name, value): &(&str, String)| CreatableTopicConfig {
        name: (*name).to_owned(),
        value: Some(value.clone()),
    };
    let topic = CreatableTopic {
        name: name.to_owned(),
        num_partitions: partitions,
        replication_factor: 1,
        configs: settings.iter().map(config).collect(),
        ..CreatableTopic::default()
    };
    CreateTopicsRequest {
        topics: vec![topic],
        timeout_ms: REQUEST_TIMEOUT_MS,
        ..CreateTopicsRequest::default()
    }
}

/// Makes a topic that keeps its records, however old their timestamps are; gives its id.
pub fn create_topic(client: &mut Client, name: &str, partitions: i32) -> TopicId {
    let settings = [("retention.ms", "-1".to_owned())];
    let response = client.ask(&creation(name, partitions, &settings)).unwrap();
    let topic = &response.topics[0];
    assert_eq!(error(topic.error_code), ErrorCode::None, "{:?}", topic.error_message);
    topic.topic_id
}

/// A request that writes one batch (version 12 and older name the topic).
pub fn produced(topic: &str, partition: i32, batch: Bytes) -> ProduceRequest {
    ProduceRequest {
        acks: -1,
        timeout_ms: REQUEST_TIMEOUT_MS,
        topic_data: vec![TopicProduceData {
            name: topic.to_owned(),
            partition_data: vec![PartitionProduceData { index: partition, records: Some(batch) }],
            ..TopicProduceData::default()
        }],
        ..ProduceRequest::default()
    }
}

/// Writes one batch; gives its base offset, or why it was refused.
pub fn produce(
    client: &mut Client,
    topic: &str,
    partition: i32,
    batch: Bytes,
) -> io::Result<Result<i64, ErrorCode>> {
    let response = client.call(12, &produced(topic, partition, batch))?;
    let answer = &response.responses[0].partition_responses[0];
    Ok(match error(answer.error_code) {
        ErrorCode::None => Ok(answer.base_offset),
        refused => Err(refused),
    })
}

/// An id for an idempotent producer.
pub fn producer_id(client: &mut Client) -> io::Result<ProducerId> {
    let response =
        client.ask(&InitProducerIdRequest { transaction_timeout_ms: 60_000, ..Default::default() })?;
    assert_eq!(error(response.error_code), ErrorCode::None);
    Ok(ProducerId(response.producer_id))
}

/// Where a partition ends.
pub fn end_offset(client: &mut Client, topic: &str, partition: i32) -> io::Result<i64> {
    let partition = ListOffsetsPartition {
        partition_index: partition,
        timestamp: LATEST,
        ..ListOffsetsPartition::default()
    };
    let topic = ListOffsetsTopic { name: topic.to_owned(), partitions: vec![partition] };
    let request = ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..ListOffsetsRequest::default() };
    let response = client.ask(&request)?;
    let answer = &response.topics[0].partitions[0];
    assert_eq!(error(answer.error_code), ErrorCode::None);
    Ok(answer.offset)
}

/// The error that a code stands for.
pub fn error(code: i16) -> ErrorCode {
    ErrorCode::from_i16(code).unwrap()
}

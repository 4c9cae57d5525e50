//! Requests as tests need them.

use bytes::Bytes;
use klamm_model::{ErrorCode, ProducerEpoch, ProducerId, Sequence, TimestampMs, TopicId};
use klamm_records::{BatchBuilder, BuildOptions, ProducerStamp, batches};
use klamm_wire::messages::create_topics::{CreatableTopic, CreateTopicsRequest};
use klamm_wire::messages::fetch::{FetchPartition, FetchRequest, FetchTopic, PartitionData};
use klamm_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use klamm_wire::messages::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceData,
};

use super::Client;

pub fn error(code: i16) -> ErrorCode {
    ErrorCode::from_i16(code).unwrap()
}

/// Makes a topic and gives its id.
pub fn create_topic(client: &mut Client, name: &str, partitions: i32) -> TopicId {
    let topic = CreatableTopic {
        name: name.to_owned(),
        num_partitions: partitions,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    let response = client.ask(&CreateTopicsRequest {
        topics: vec![topic],
        timeout_ms: 10_000,
        ..CreateTopicsRequest::default()
    });
    assert_eq!(
        error(response.topics[0].error_code),
        ErrorCode::None,
        "{:?}",
        response.topics[0].error_message
    );
    response.topics[0].topic_id
}

pub fn topic_id(client: &mut Client, name: &str) -> TopicId {
    let topic = MetadataRequestTopic { name: Some(name.to_owned()), ..MetadataRequestTopic::default() };
    let request = MetadataRequest { topics: Some(vec![topic]), ..MetadataRequest::default() };
    client.ask(&request).topics[0].topic_id
}

/// One batch with a record for each value.
pub fn batch(values: &[&str]) -> Bytes {
    batch_of(BuildOptions::default(), values)
}

/// A batch of an idempotent producer.
pub fn idempotent(id: i64, epoch: i16, sequence: i32, values: &[&str]) -> Bytes {
    let stamp =
        ProducerStamp { id: ProducerId(id), epoch: ProducerEpoch(epoch), base_sequence: Sequence(sequence) };
    batch_of(BuildOptions { producer: Some(stamp), ..BuildOptions::default() }, values)
}

pub fn batch_of(options: BuildOptions, values: &[&str]) -> Bytes {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = TimestampMs(i64::try_from(now.as_millis()).unwrap());
    let mut builder = BatchBuilder::new(options);
    for value in values {
        builder.append(now, None, Some(value.as_bytes()), &[]);
    }
    builder.build().unwrap()
}

/// A request that produces to partition 0 of a topic by name (version 12 and older).
pub fn produce(topic: &str, acks: i16, records: Bytes) -> ProduceRequest {
    produce_to(topic, TopicId::ZERO, 0, acks, records)
}

pub fn produce_to(topic: &str, id: TopicId, partition: i32, acks: i16, records: Bytes) -> ProduceRequest {
    ProduceRequest {
        acks,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            name: topic.to_owned(),
            topic_id: id,
            partition_data: vec![PartitionProduceData { index: partition, records: Some(records) }],
        }],
        ..ProduceRequest::default()
    }
}

/// The base offset of the only answer, which must be a success.
pub fn offset_of(response: &ProduceResponse) -> i64 {
    let answer: &PartitionProduceResponse = &response.responses[0].partition_responses[0];
    assert_eq!(error(answer.error_code), ErrorCode::None, "{:?}", answer.error_message);
    answer.base_offset
}

/// A fetch of one partition by name (version 12 and older) that waits up to `max_wait_ms` for a byte.
pub fn fetch(topic: &str, offset: i64, max_wait_ms: i32) -> FetchRequest {
    FetchRequest {
        max_wait_ms,
        min_bytes: 1,
        topics: vec![FetchTopic {
            topic: topic.to_owned(),
            partitions: vec![fetch_partition(0, offset)],
            ..FetchTopic::default()
        }],
        ..FetchRequest::default()
    }
}

pub fn fetch_partition(partition: i32, offset: i64) -> FetchPartition {
    FetchPartition {
        partition,
        fetch_offset: offset,
        partition_max_bytes: 1 << 20,
        ..FetchPartition::default()
    }
}

/// The records in an answer: offset and value.
pub fn records_of(data: &PartitionData) -> Vec<(i64, String)> {
    assert_eq!(error(data.error_code), ErrorCode::None);
    let bytes = data.records.clone().unwrap_or_default().into_bytes();
    let mut found = Vec::new();
    for batch in batches(&bytes) {
        let batch = batch.unwrap();
        batch.verify_crc().unwrap();
        let mut records = batch.records(1 << 20).unwrap();
        while let Some(record) = records.next_record().unwrap() {
            found.push((record.offset.0, String::from_utf8(record.value.unwrap().to_vec()).unwrap()));
        }
    }
    found
}

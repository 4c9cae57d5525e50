//! Requests that are encoded once and sent many times, so that the driver costs little.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use klamm_model::TimestampMs;
use klamm_records::{BatchBuilder, BuildOptions, Compression};
use klamm_wire::messages::fetch::{FetchPartition, FetchTopic};
use klamm_wire::messages::produce::{PartitionProduceData, TopicProduceData};
use klamm_wire::{FetchRequest, ProduceRequest, Request, RequestHeader, encode_request};

use crate::Result;

/// The newest versions that name topics instead of their ids.
pub const PRODUCE_VERSION: i16 = 12;
/// See [`PRODUCE_VERSION`].
pub const FETCH_VERSION: i16 = 12;

/// What is written in one request to one partition.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    /// The bytes of a record's value.
    pub record_bytes: usize,
    /// How many records.
    pub records: usize,
    /// How they are compressed.
    pub compression: Compression,
}

impl Batch {
    /// Uncompressed records of `record_bytes`, as many as make `bytes`; one at least.
    pub fn of(record_bytes: usize, bytes: usize) -> Batch {
        Batch { record_bytes, records: (bytes / record_bytes).max(1), compression: Compression::None }
    }

    /// The values' bytes of a batch.
    pub fn bytes(self) -> usize {
        self.record_bytes * self.records
    }

    /// Its records are half noise, half text, so that codecs find something and not all.
    pub fn build(self) -> Result<Bytes> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64;
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut builder =
            BatchBuilder::new(BuildOptions { compression: self.compression, ..BuildOptions::default() });
        for _ in 0..self.records {
            let value: Vec<u8> = (0..self.record_bytes)
                .map(|at| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    if at % 2 == 0 { state as u8 } else { b'a' + (at % 16) as u8 }
                })
                .collect();
            builder.append(TimestampMs(now), None, Some(&value), &[]);
        }
        Ok(builder.build()?)
    }
}

/// Writes `records` to partitions of a topic, acknowledged by all replicas.
pub fn produce(topic: &str, partitions: impl IntoIterator<Item = i32>, records: &Bytes) -> ProduceRequest {
    let data = |index| PartitionProduceData { index, records: Some(records.clone()) };
    let topic = TopicProduceData {
        name: topic.to_owned(),
        partition_data: partitions.into_iter().map(data).collect(),
        ..TopicProduceData::default()
    };
    ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..ProduceRequest::default() }
}

/// Reads a partition from `offset`, up to `max_bytes`, and waits for a byte.
pub fn fetch(topic: &str, partition: i32, offset: i64, max_bytes: i32) -> FetchRequest {
    let partition = FetchPartition {
        partition,
        fetch_offset: offset,
        partition_max_bytes: max_bytes,
        ..FetchPartition::default()
    };
    let topic = FetchTopic { topic: topic.to_owned(), partitions: vec![partition], ..FetchTopic::default() };
    FetchRequest { max_wait_ms: 500, min_bytes: 1, max_bytes, topics: vec![topic], ..FetchRequest::default() }
}

/// A request as it goes over the wire, with its size in front.
pub fn frame<R: Request>(version: i16, request: &R) -> Result<Bytes> {
    let header = RequestHeader {
        api_key: R::KEY as i16,
        api_version: version,
        correlation_id: 7,
        client_id: Some("klamm-bench".to_owned()),
    };
    Ok(encode_request(&header, request)?.into_bytes())
}

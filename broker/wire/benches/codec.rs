//! What a request costs between its frame and its handler, and back.
#![allow(missing_docs, reason = "criterion's macros make functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark ends where it can't go on")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use klamm_wire::messages::fetch::{FetchPartition, FetchTopic, FetchableTopicResponse, PartitionData};
use klamm_wire::messages::produce::{
    PartitionProduceData, PartitionProduceResponse, TopicProduceData, TopicProduceResponse,
};
use klamm_wire::{
    FetchRequest, FetchResponse, Limits, ProduceRequest, ProduceResponse, Request, RequestHeader,
    decode_request, encode_request, encode_response,
};

const PRODUCE_VERSION: i16 = 12;
const FETCH_VERSION: i16 = 16;

/// A frame without its size.
fn frame<R: Request>(version: i16, request: &R) -> Bytes {
    let header = RequestHeader {
        api_key: R::KEY as i16,
        api_version: version,
        correlation_id: 1,
        client_id: Some("c".into()),
    };
    encode_request(&header, request).unwrap().into_bytes().slice(4..)
}

fn requests(criterion: &mut Criterion) {
    let data = PartitionProduceData { index: 0, records: Some(Bytes::from(vec![7; 256 * 1024])) };
    let topic =
        TopicProduceData { name: "t".into(), partition_data: vec![data], ..TopicProduceData::default() };
    let produce = frame(
        PRODUCE_VERSION,
        &ProduceRequest { acks: -1, timeout_ms: 1, topic_data: vec![topic], ..ProduceRequest::default() },
    );
    criterion.bench_function("decode Produce of 256 KiB", |bencher| {
        bencher
            .iter(|| decode_request::<ProduceRequest>(black_box(produce.clone()), Limits::REQUEST).unwrap());
    });
    let partitions =
        (0..100).map(|partition| FetchPartition { partition, ..FetchPartition::default() }).collect();
    let fetch = frame(
        FETCH_VERSION,
        &FetchRequest {
            topics: vec![FetchTopic { partitions, ..FetchTopic::default() }],
            ..FetchRequest::default()
        },
    );
    criterion.bench_function("decode Fetch of 100 partitions", |bencher| {
        bencher.iter(|| decode_request::<FetchRequest>(black_box(fetch.clone()), Limits::REQUEST).unwrap());
    });
}

fn responses(criterion: &mut Criterion) {
    let partition = PartitionProduceResponse { base_offset: 1 << 40, ..PartitionProduceResponse::default() };
    let topic = TopicProduceResponse {
        name: "t".into(),
        partition_responses: vec![partition],
        ..TopicProduceResponse::default()
    };
    let produce = ProduceResponse { responses: vec![topic], ..ProduceResponse::default() };
    criterion.bench_function("encode the answer to Produce", |bencher| {
        bencher.iter(|| encode_response(1, PRODUCE_VERSION, black_box(&produce)).unwrap());
    });
    let records = Bytes::from(vec![7; 10 * 1024]);
    let partition = |index| PartitionData {
        partition_index: index,
        records: Some(records.clone().into()),
        ..PartitionData::default()
    };
    let topic = FetchableTopicResponse {
        partitions: (0..100).map(partition).collect(),
        ..FetchableTopicResponse::default()
    };
    let fetch = FetchResponse { responses: vec![topic], ..FetchResponse::default() };
    criterion.bench_function("encode the answer to Fetch of 100 partitions with 1 MiB", |bencher| {
        bencher.iter(|| encode_response(1, FETCH_VERSION, black_box(&fetch)).unwrap());
    });
}

criterion_group!(benches, requests, responses);
criterion_main!(benches);

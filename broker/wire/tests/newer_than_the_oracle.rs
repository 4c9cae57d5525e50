//! Versions that the oracle `kafka-protocol` lacks, against bytes that Kafka 4.3.1's own classes wrote
//! (`MessageUtil.toByteBufferAccessor`).

use std::fmt::Debug;

use bytes::Bytes;
use klamm_model::TopicId;
use klamm_wire::messages::{describe_log_dirs, offset_commit, offset_fetch};
use klamm_wire::{
    DescribeLogDirsRequest, DescribeLogDirsResponse, Encoder, Message, OffsetCommitRequest,
    OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, decode_message,
};

const TOPIC_ID: TopicId = TopicId::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);

#[track_caller]
fn is_kafkas<M: Message + PartialEq + Debug>(message: &M, version: i16, kafkas: &str) {
    let mut encoder = Encoder::new();
    message.encode(&mut encoder, version).expect("it has an encoding");
    let bytes = encoder.finish().expect("it has an encoding").into_bytes().slice(4..);
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digits, kafkas);
    let pairs = (0..kafkas.len()).step_by(2);
    let theirs: Bytes =
        pairs.map(|at| u8::from_str_radix(&kafkas[at..at + 2], 16).expect("two digits")).collect();
    assert_eq!(decode_message::<M>(theirs, version).as_ref(), Ok(message));
}

#[test]
fn offsets_are_committed_by_topic_id() {
    let partition = offset_commit::OffsetCommitRequestPartition {
        partition_index: 1,
        committed_offset: 42,
        committed_leader_epoch: 7,
        committed_metadata: Some("x".into()),
    };
    let topic = offset_commit::OffsetCommitRequestTopic {
        topic_id: TOPIC_ID,
        partitions: vec![partition],
        ..Default::default()
    };
    let request = OffsetCommitRequest {
        group_id: "g".into(),
        generation_id_or_member_epoch: 5,
        member_id: "m".into(),
        group_instance_id: Some("i".into()),
        topics: vec![topic],
        ..Default::default()
    };
    let kafkas =
        "026700000005026d026902000102030405060708090a0b0c0d0e0f0200000001000000000000002a000000070278000000";
    is_kafkas(&request, 10, kafkas);

    let partition = offset_commit::OffsetCommitResponsePartition { partition_index: 1, error_code: 100 };
    let topic = offset_commit::OffsetCommitResponseTopic {
        topic_id: TOPIC_ID,
        partitions: vec![partition],
        ..Default::default()
    };
    let response = OffsetCommitResponse { throttle_time_ms: 3, topics: vec![topic] };
    is_kafkas(&response, 10, "0000000302000102030405060708090a0b0c0d0e0f02000000010064000000");
}

#[test]
fn offsets_are_fetched_by_topic_id() {
    let topic = offset_fetch::OffsetFetchRequestTopics {
        topic_id: TOPIC_ID,
        partition_indexes: vec![1, 2],
        ..Default::default()
    };
    let group = offset_fetch::OffsetFetchRequestGroup {
        group_id: "g".into(),
        member_id: Some("m".into()),
        member_epoch: 5,
        topics: Some(vec![topic]),
    };
    let request = OffsetFetchRequest { groups: vec![group], require_stable: true, ..Default::default() };
    let kafkas = "020267026d0000000502000102030405060708090a0b0c0d0e0f03000000010000000200000100";
    is_kafkas(&request, 10, kafkas);

    let partition = offset_fetch::OffsetFetchResponsePartitions {
        partition_index: 1,
        committed_offset: 42,
        committed_leader_epoch: 7,
        metadata: Some("x".into()),
        error_code: 100,
    };
    let topic = offset_fetch::OffsetFetchResponseTopics {
        topic_id: TOPIC_ID,
        partitions: vec![partition],
        ..Default::default()
    };
    let group =
        offset_fetch::OffsetFetchResponseGroup { group_id: "g".into(), topics: vec![topic], error_code: 25 };
    let response = OffsetFetchResponse { throttle_time_ms: 3, groups: vec![group], ..Default::default() };
    let kafkas = "0000000302026702000102030405060708090a0b0c0d0e0f0200000001000000000000002a\
                  0000000702780064000000190000";
    is_kafkas(&response, 10, kafkas);
}

#[test]
fn a_directory_says_whether_it_is_cordoned() {
    is_kafkas(&DescribeLogDirsRequest::default(), 5, "0000");
    let partition = describe_log_dirs::DescribeLogDirsPartition {
        partition_index: 1,
        partition_size: 9,
        offset_lag: 2,
        is_future_key: true,
    };
    let topic = describe_log_dirs::DescribeLogDirsTopic { name: "t".into(), partitions: vec![partition] };
    let directory = describe_log_dirs::DescribeLogDirsResult {
        error_code: 56,
        log_dir: "/d".into(),
        topics: vec![topic],
        total_bytes: 100,
        usable_bytes: 50,
        is_cordoned: true,
    };
    let response = DescribeLogDirsResponse { throttle_time_ms: 3, error_code: 31, results: vec![directory] };
    let kafkas = "00000003001f020038032f6402027402000000010000000000000009000000000000000201000000000000000000\
                  640000000000000032010000";
    is_kafkas(&response, 5, kafkas);
}

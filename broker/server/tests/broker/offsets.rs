//! ListOffsets, OffsetForLeaderEpoch, DeleteRecords, InitProducerId.

use klamm_model::ErrorCode;
use klamm_wire::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsRequest, DeleteRecordsTopic,
};
use klamm_wire::messages::init_producer_id::InitProducerIdRequest;
use klamm_wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsTopic,
};
use klamm_wire::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};

use crate::support::{Client, TestBroker, batch, create_topic, error, fetch, offset_of, produce};

fn list(client: &mut Client, version: i16, timestamp: i64) -> ListOffsetsPartitionResponse {
    let partition = ListOffsetsPartition { partition_index: 0, timestamp, ..ListOffsetsPartition::default() };
    let topic = ListOffsetsTopic { name: "t".to_owned(), partitions: vec![partition] };
    let request = ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..ListOffsetsRequest::default() };
    client.call(version, &request).topics.remove(0).partitions.remove(0)
}

fn epoch_end(client: &mut Client, epoch: i32, current: i32) -> EpochEndOffset {
    let partition =
        OffsetForLeaderPartition { partition: 0, current_leader_epoch: current, leader_epoch: epoch };
    let topic = OffsetForLeaderTopic { topic: "t".to_owned(), partitions: vec![partition] };
    let request =
        OffsetForLeaderEpochRequest { topics: vec![topic], ..OffsetForLeaderEpochRequest::default() };
    client.ask(&request).topics.remove(0).partitions.remove(0)
}

fn delete(client: &mut Client, offset: i64) -> DeleteRecordsPartitionResult {
    let partition = DeleteRecordsPartition { partition_index: 0, offset };
    let topic = DeleteRecordsTopic { name: "t".to_owned(), partitions: vec![partition] };
    let request = DeleteRecordsRequest { topics: vec![topic], timeout_ms: 30_000 };
    client.ask(&request).topics.remove(0).partitions.remove(0)
}

fn started_with_three_records() -> (TestBroker, Client) {
    let broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    for value in ["a", "b", "c"] {
        offset_of(&client.call(9, &produce("t", -1, batch(&[value]))));
    }
    (broker, client)
}

#[test]
fn the_ends_of_a_partition_in_every_version() {
    let (_broker, mut client) = started_with_three_records();
    for version in 1..=11 {
        let (latest, earliest) = (list(&mut client, version, -1), list(&mut client, version, -2));
        assert_eq!((latest.error_code, latest.offset, latest.timestamp), (0, 3, -1), "{version}");
        assert_eq!((earliest.error_code, earliest.offset, earliest.timestamp), (0, 0, -1), "{version}");
        assert_eq!(latest.leader_epoch, if version >= 4 { 0 } else { -1 });
    }
}

#[test]
fn offsets_by_time() {
    let (_broker, mut client) = started_with_three_records();
    assert_eq!(list(&mut client, 11, 0).offset, 0);
    let max = list(&mut client, 11, -3);
    assert!(max.timestamp > 0 && max.offset >= 0, "{max:?}");
    let none = list(&mut client, 11, i64::MAX);
    assert_eq!((none.error_code, none.offset, none.timestamp), (0, -1, -1));
    assert_eq!(list(&mut client, 8, -4).offset, 0);
    assert_eq!(list(&mut client, 9, -5).offset, -1);
    for (version, timestamp) in [(6, -3), (7, -4), (8, -5), (10, -6), (11, -7)] {
        let refused = list(&mut client, version, timestamp);
        assert_eq!(error(refused.error_code), ErrorCode::UnsupportedVersion, "{version} {timestamp}");
    }
}

#[test]
fn leader_epochs_end_where_the_log_does() {
    let (_broker, mut client) = started_with_three_records();
    let end = epoch_end(&mut client, 0, 0);
    assert_eq!((end.error_code, end.leader_epoch, end.end_offset), (0, 0, 3));
    let unknown = epoch_end(&mut client, 5, -1);
    assert_eq!((unknown.error_code, unknown.leader_epoch, unknown.end_offset), (0, -1, -1));
    assert_eq!(error(epoch_end(&mut client, 0, 1).error_code), ErrorCode::UnknownLeaderEpoch);
}

#[test]
fn records_are_deleted_from_the_front() {
    let (_broker, mut client) = started_with_three_records();
    let deleted = delete(&mut client, 2);
    assert_eq!((deleted.error_code, deleted.low_watermark), (0, 2));
    assert_eq!(list(&mut client, 11, -2).offset, 2);
    let response = client.call(12, &fetch("t", 0, 0));
    assert_eq!(error(response.responses[0].partitions[0].error_code), ErrorCode::OffsetOutOfRange);
    let too_far = delete(&mut client, 4);
    assert_eq!((error(too_far.error_code), too_far.low_watermark), (ErrorCode::OffsetOutOfRange, -1));
    assert_eq!(delete(&mut client, -1).low_watermark, 3, "-1 is the high watermark");
}

#[test]
fn deleted_records_stay_deleted_through_starts_that_cannot_open_their_log() {
    let (mut broker, mut client) = started_with_three_records();
    assert_eq!(delete(&mut client, 2).low_watermark, 2);
    broker.stop();
    let epochs = broker.dir.path().join("data/t-0/leader-epoch-checkpoint");
    let whole = std::fs::read(&epochs).unwrap();
    std::fs::write(&epochs, "99\nnonsense\n").unwrap();
    broker.start_again();
    assert_eq!(error(list(&mut broker.client(), 7, -2).error_code), ErrorCode::KafkaStorageError);
    broker.stop();
    std::fs::write(&epochs, whole).unwrap();
    broker.start_again();
    assert_eq!(list(&mut broker.client(), 7, -2).offset, 2);
}

#[test]
fn producer_ids_are_given_once() {
    let mut broker = TestBroker::start();
    let ask = |client: &mut Client| client.ask(&InitProducerIdRequest::default());
    let mut client = broker.client();
    let (first, second) = (ask(&mut client), ask(&mut client));
    assert_eq!((first.error_code, first.producer_epoch), (0, 0));
    assert_ne!(first.producer_id, second.producer_id);
    broker.stop();
    broker.start_again();
    let third = ask(&mut broker.client());
    assert!(third.producer_id > second.producer_id.max(first.producer_id), "{third:?}");
}

#[test]
fn transactions_are_refused() {
    let broker = TestBroker::start();
    let request =
        InitProducerIdRequest { transactional_id: Some("tx".to_owned()), ..InitProducerIdRequest::default() };
    let response = broker.client().ask(&request);
    assert_eq!((error(response.error_code), response.producer_id), (ErrorCode::InvalidTxnState, -1));
}

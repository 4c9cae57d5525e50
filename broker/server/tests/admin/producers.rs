//! DescribeProducers, over the wire.

use crate::client::Client;
use crate::requests::{batch_of, create_topic, error, idempotent, offset_of, produce};
use crate::server::TestServer;
use klamm_model::{ErrorCode, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_records::{BatchBuilder, BuildOptions, ProducerStamp};
use klamm_wire::messages::describe_producers::{
    DescribeProducersRequest, PartitionResponse, ProducerState, TopicRequest,
};

fn describe(client: &mut Client, topic: &str, partition: i32) -> PartitionResponse {
    let topic = TopicRequest { name: topic.to_owned(), partition_indexes: vec![partition] };
    let mut answer = client.call(0, &DescribeProducersRequest { topics: vec![topic] });
    answer.topics.remove(0).partitions.remove(0)
}

/// Records of one producer with these timestamps.
fn stamped(id: i64, epoch: i16, base: i32, timestamps: &[i64]) -> bytes::Bytes {
    let stamp =
        ProducerStamp { id: ProducerId(id), epoch: ProducerEpoch(epoch), base_sequence: Sequence(base) };
    let mut builder = BatchBuilder::new(BuildOptions { producer: Some(stamp), ..BuildOptions::default() });
    for timestamp in timestamps {
        builder.append(TimestampMs(*timestamp), None, Some(b"value"), &[]);
    }
    builder.build().unwrap()
}

#[test]
fn a_partition_names_the_producers_it_remembers() {
    let server = TestServer::start();
    let mut client = server.client();
    create_topic(&mut client, "t", 2);
    offset_of(&client.call(9, &produce("t", -1, batch_of(BuildOptions::default(), &["of no producer"]))));
    offset_of(&client.call(9, &produce("t", -1, stamped(7, 2, 0, &[1_000, 3_000, 2_000]))));
    offset_of(&client.call(9, &produce("t", -1, idempotent(5, 0, 0, &["a"]))));
    let mut described = describe(&mut client, "t", 0);
    assert_eq!(described.error_code, 0);
    let last_timestamp = described.active_producers.remove(0).last_timestamp;
    assert!(last_timestamp > 1_700_000_000_000, "{last_timestamp}");
    let seven = ProducerState {
        producer_id: 7,
        producer_epoch: 2,
        last_sequence: 2,
        last_timestamp: 3_000,
        coordinator_epoch: -1,
        current_txn_start_offset: -1,
    };
    assert_eq!(described.active_producers, [seven]);
    assert!(describe(&mut client, "t", 1).active_producers.is_empty());
}

#[test]
fn a_partition_is_described_once() {
    let server = TestServer::start();
    let mut client = server.client();
    create_topic(&mut client, "t", 2);
    let topic =
        |partitions: &[i32]| TopicRequest { name: "t".into(), partition_indexes: partitions.to_vec() };
    let asked = DescribeProducersRequest { topics: vec![topic(&[1, 1]), topic(&[0, 1])] };
    let [topic] = client.call(0, &asked).topics.try_into().unwrap();
    let indexes: Vec<_> = topic.partitions.iter().map(|partition| partition.partition_index).collect();
    assert_eq!(indexes, [1, 0]);
}

#[test]
fn what_is_not_there_has_no_producers() {
    let server = TestServer::start();
    let mut client = server.client();
    create_topic(&mut client, "t", 1);
    for (topic, partition, code) in [
        ("t", 1, ErrorCode::UnknownTopicOrPartition),
        ("t", -1, ErrorCode::UnknownTopicOrPartition),
        ("absent", 0, ErrorCode::UnknownTopicOrPartition),
        ("not a name", 0, ErrorCode::InvalidTopicException),
    ] {
        let described = describe(&mut client, topic, partition);
        assert_eq!((error(described.error_code), described.partition_index), (code, partition), "{topic}");
        let says_more = code == ErrorCode::InvalidTopicException;
        assert_eq!(described.error_message.is_some(), says_more, "{topic}: the code says it");
    }
}

//! Fetch: waiting, limits, errors, topic ids.

use std::time::{Duration, Instant};

use klamm_model::{ErrorCode, TopicId};
use klamm_wire::messages::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData};

use crate::support::{
    Client, TestBroker, batch, create_topic, error, fetch, fetch_partition, offset_of, produce, produce_to,
    records_of,
};

fn only(response: &FetchResponse) -> &PartitionData {
    &response.responses[0].partitions[0]
}

fn send(client: &mut Client, topic: &str, values: &[&str]) -> i64 {
    offset_of(&client.call(9, &produce(topic, -1, batch(values))))
}

#[test]
fn every_version_reads() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    let id = create_topic(&mut client, "t", 1);
    send(&mut client, "t", &["a", "b"]);
    for version in 4..=18 {
        let mut request = fetch("t", 0, 5000);
        if version >= 13 {
            request.topics[0].topic = String::new();
            request.topics[0].topic_id = id;
        }
        let response = client.call(version, &request);
        assert_eq!(records_of(only(&response)), [(0, "a".to_owned()), (1, "b".to_owned())], "{version}");
        assert_eq!((only(&response).high_watermark, only(&response).last_stable_offset), (2, 2));
        assert_eq!(response.responses[0].topic, if version >= 13 { "" } else { "t" });
    }
}

#[test]
fn a_fetch_at_the_end_is_woken_by_a_produce() {
    let broker = TestBroker::start();
    let (mut reader, mut writer) = (broker.client(), broker.client());
    create_topic(&mut writer, "t", 1);
    let begun = Instant::now();
    let id = reader.send(12, &fetch("t", 0, 60_000));
    assert!(reader.is_silent_for(Duration::from_millis(50)), "there is nothing to read");
    send(&mut writer, "t", &["news"]);
    let (received, response) = reader.receive::<FetchResponse>(12);
    assert_eq!(received, id);
    assert_eq!(records_of(only(&response)), [(0, "news".to_owned())]);
    assert!(begun.elapsed() < Duration::from_secs(20), "it must not wait for the end of max_wait_ms");
}

#[test]
fn a_fetch_waits_for_min_bytes_over_all_partitions() {
    let broker = TestBroker::start();
    let (mut reader, mut writer) = (broker.client(), broker.client());
    let id = create_topic(&mut writer, "t", 2);
    let size = i32::try_from(batch(&["x"]).len()).unwrap();
    let topic = FetchTopic {
        topic: "t".to_owned(),
        partitions: vec![fetch_partition(0, 0), fetch_partition(1, 0)],
        ..FetchTopic::default()
    };
    let request = FetchRequest {
        max_wait_ms: 60_000,
        min_bytes: 2 * size,
        topics: vec![topic],
        ..FetchRequest::default()
    };
    reader.send(12, &request);
    send(&mut writer, "t", &["x"]);
    assert!(reader.is_silent_for(Duration::from_millis(50)), "one batch is not enough");
    client_produces(&mut writer, id, 1);
    let (_, response) = reader.receive::<FetchResponse>(12);
    let counts: Vec<_> = response.responses[0].partitions.iter().map(|data| records_of(data).len()).collect();
    assert_eq!(counts, [1, 1]);
}

fn client_produces(client: &mut Client, id: TopicId, partition: i32) {
    let response = client.call(13, &produce_to("", id, partition, -1, batch(&["x"])));
    assert_eq!(offset_of(&response), 0);
}

#[test]
fn a_fetch_ends_when_its_time_is_over() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    let begun = Instant::now();
    let response = client.call(12, &fetch("t", 0, 100));
    assert!(begun.elapsed() >= Duration::from_millis(100));
    assert_eq!(records_of(only(&response)), []);
    assert_eq!(only(&response).high_watermark, 0);
}

#[test]
fn a_fetch_inside_a_batch_gets_the_whole_batch() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    send(&mut client, "t", &["a", "b", "c"]);
    let response = client.call(12, &fetch("t", 1, 5000));
    assert_eq!(records_of(only(&response)).len(), 3);
}

#[test]
fn the_first_batch_comes_even_if_it_is_too_large_and_only_that() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    let id = create_topic(&mut client, "t", 2);
    send(&mut client, "t", &["a"]);
    send(&mut client, "t", &["b"]);
    client_produces(&mut client, id, 1);
    let partition = |partition| FetchPartition { partition_max_bytes: 1, ..fetch_partition(partition, 0) };
    let topic = FetchTopic {
        topic: "t".to_owned(),
        partitions: vec![partition(0), partition(1)],
        ..FetchTopic::default()
    };
    let request =
        FetchRequest { max_wait_ms: 5000, min_bytes: 1, topics: vec![topic], ..FetchRequest::default() };
    let response = client.call(12, &request);
    assert_eq!(records_of(&response.responses[0].partitions[0]), [(0, "a".to_owned())]);
    assert_eq!(records_of(&response.responses[0].partitions[1]), []);
    assert_eq!(response.responses[0].partitions[1].high_watermark, 1, "told all the same");
}

#[test]
fn a_response_keeps_to_its_total() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    for _ in 0..10 {
        send(&mut client, "t", &["0123456789"]);
    }
    let size = i32::try_from(batch(&["0123456789"]).len()).unwrap();
    let request = FetchRequest { max_bytes: 3 * size + size / 2, ..fetch("t", 0, 5000) };
    let response = client.call(12, &request);
    assert_eq!(records_of(only(&response)).len(), 3);
}

#[test]
fn what_can_not_be_fetched_says_why() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    send(&mut client, "t", &["a"]);
    let with_epoch = |epoch| {
        let mut request = fetch("t", 0, 60_000);
        request.topics[0].partitions[0].current_leader_epoch = epoch;
        request
    };
    let mut replica = fetch("t", 0, 60_000);
    replica.replica_id = 2;
    let cases = [
        (fetch("missing", 0, 60_000), ErrorCode::UnknownTopicOrPartition),
        (fetch("t", 2, 60_000), ErrorCode::OffsetOutOfRange),
        (fetch("t", -5, 60_000), ErrorCode::OffsetOutOfRange),
        (with_epoch(1), ErrorCode::UnknownLeaderEpoch),
        (replica, ErrorCode::NotLeaderOrFollower),
    ];
    for (request, expected) in cases {
        let response = client.call(12, &request);
        assert_eq!(error(only(&response).error_code), expected);
        assert_eq!(only(&response).high_watermark, -1);
    }
    let mut by_id = fetch("", 0, 60_000);
    by_id.topics[0].topic_id = TopicId::random();
    let response = client.call(13, &by_id);
    assert_eq!(error(only(&response).error_code), ErrorCode::UnknownTopicId);
}

#[test]
fn a_log_that_has_parted_is_told_where() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    send(&mut client, "t", &["a"]);
    let mut request = fetch("t", 1, 60_000);
    request.topics[0].partitions[0].fetch_offset = 5;
    request.topics[0].partitions[0].last_fetched_epoch = 0;
    let response = client.call(12, &request);
    let data = only(&response);
    assert_eq!(error(data.error_code), ErrorCode::None);
    assert_eq!((data.diverging_epoch.epoch, data.diverging_epoch.end_offset), (0, 1));
}

#[test]
fn a_long_poll_ends_when_the_broker_stops() {
    let mut broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    client.send(12, &fetch("t", 0, 600_000));
    assert!(client.is_silent_for(Duration::from_millis(20)));
    let begun = Instant::now();
    broker.stop();
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    assert_eq!(records_of(only(&client.receive::<FetchResponse>(12).1)), []);
    assert!(client.is_closed());
    broker.start_again();
}

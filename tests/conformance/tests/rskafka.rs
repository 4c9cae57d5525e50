//! rskafka: a client in pure Rust that shares no code with librdkafka or with Klamm.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test can't do without fails it")]

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{TimeZone, Utc};
use klamm_conformance::TestBroker;
use rskafka::client::error::{Error, ProtocolError};
use rskafka::client::partition::{Compression, OffsetAt, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};
use rskafka::record::{Record, RecordAndOffset};

const CODECS: [Compression; 5] =
    [Compression::NoCompression, Compression::Gzip, Compression::Lz4, Compression::Snappy, Compression::Zstd];

async fn client(broker: &TestBroker) -> Client {
    ClientBuilder::new(vec![broker.bootstrap()]).build().await.unwrap()
}

async fn partition(client: &Client, topic: &str) -> PartitionClient {
    client.controller_client().unwrap().create_topic(topic, 1, 1, 5_000).await.unwrap();
    client.partition_client(topic, 0, UnknownTopicHandling::Retry).await.unwrap()
}

fn record(n: usize) -> Record {
    Record {
        key: (!n.is_multiple_of(3)).then(|| format!("key {n}").into_bytes()),
        value: (!n.is_multiple_of(5)).then(|| format!("value {n} ").repeat(n % 50).into_bytes()),
        headers: BTreeMap::from([("n".to_owned(), n.to_string().into_bytes())]),
        timestamp: Utc.timestamp_millis_opt(1_700_000_000_000 + n as i64).unwrap(),
    }
}

/// Every record from `offset` on, by as many fetches as it takes.
async fn read_all(partition: &PartitionClient, mut offset: i64) -> Vec<RecordAndOffset> {
    let mut all = Vec::new();
    loop {
        let (records, high_watermark) = partition.fetch_records(offset, 1..100_000, 1_000).await.unwrap();
        offset = records.last().map_or(offset, |last| last.offset + 1);
        all.extend(records);
        if offset >= high_watermark {
            return all;
        }
    }
}

#[tokio::test]
async fn every_codec_keeps_keys_values_headers_and_times() {
    let broker = TestBroker::start();
    let client = client(&broker).await;
    for codec in CODECS {
        let partition = partition(&client, &format!("{codec:?}")).await;
        let records: Vec<Record> = (0..400).map(record).collect();
        for chunk in records.chunks(150) {
            partition.produce(chunk.to_vec(), codec).await.unwrap();
        }
        let read = read_all(&partition, 0).await;
        let offsets: Vec<i64> = read.iter().map(|r| r.offset).collect();
        assert_eq!(offsets, (0..400).collect::<Vec<_>>(), "{codec:?}");
        let read: Vec<Record> = read.into_iter().map(|r| r.record).collect();
        assert!(read == records, "{codec:?}: what came back is not what was sent");
    }
}

#[tokio::test]
async fn offsets_topics_and_deletion_follow_kafkas_rules() {
    let broker = TestBroker::start();
    let client = client(&broker).await;
    let partition = partition(&client, "facts").await;
    assert_eq!(partition.get_offset(OffsetAt::Latest).await.unwrap(), 0);
    let offsets = partition.produce((0..10).map(record).collect(), Compression::NoCompression).await.unwrap();
    assert_eq!(offsets, (0..10).collect::<Vec<_>>());
    assert_eq!(partition.get_offset(OffsetAt::Latest).await.unwrap(), 10);
    partition.delete_records(4, 5_000).await.unwrap();
    assert_eq!(partition.get_offset(OffsetAt::Earliest).await.unwrap(), 4);
    let below = partition.fetch_records(3, 1..100_000, 100).await.unwrap_err();
    assert!(
        matches!(below, Error::ServerError { protocol_error: ProtocolError::OffsetOutOfRange, .. }),
        "{below}"
    );
    assert!(client.list_topics().await.unwrap().iter().any(|topic| topic.name == "facts"));
    client.controller_client().unwrap().delete_topic("facts", 5_000).await.unwrap();
    assert!(!client.list_topics().await.unwrap().iter().any(|topic| topic.name == "facts"));
}

#[tokio::test]
async fn a_fetch_waits_for_its_minimum() {
    let broker = TestBroker::start();
    let client = client(&broker).await;
    let partition = partition(&client, "waits").await;
    // A connection's requests are answered one after the other, by Kafka too: the reader has its own.
    let other = self::client(&broker).await;
    let reader = other.partition_client("waits", 0, UnknownTopicHandling::Retry).await.unwrap();
    let fetch = tokio::spawn(async move { reader.fetch_records(0, 1..100_000, 30_000).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!fetch.is_finished(), "an empty partition answers before there is a record");
    partition.produce(vec![record(1)], Compression::NoCompression).await.unwrap();
    let (records, high_watermark) = fetch.await.unwrap().unwrap();
    assert_eq!((records.len(), high_watermark), (1, 1));
}

#[tokio::test]
async fn what_was_deleted_stays_deleted_after_a_kill() {
    let mut broker = TestBroker::start();
    let first = client(&broker).await;
    for topic in ["trimmed", "again"] {
        let records = (0..10).map(record).collect();
        partition(&first, topic).await.produce(records, Compression::NoCompression).await.unwrap();
    }
    // After a clean stop the checkpoints know how far both logs were on the disk.
    assert!(broker.stop().success());
    broker.restart();
    let second = client(&broker).await;
    let trimmed = second.partition_client("trimmed", 0, UnknownTopicHandling::Retry).await.unwrap();
    trimmed.delete_records(6, 5_000).await.unwrap();
    second.controller_client().unwrap().delete_topic("again", 5_000).await.unwrap();
    let again = partition(&second, "again").await;
    again.produce(vec![record(1)], Compression::NoCompression).await.unwrap();
    broker.kill_and_restart();
    // This client asks a partition that is offline again and again, for ever.
    tokio::time::timeout(Duration::from_mins(1), nothing_came_back(&broker)).await.unwrap();
}

async fn nothing_came_back(broker: &TestBroker) {
    let third = client(broker).await;
    let trimmed = third.partition_client("trimmed", 0, UnknownTopicHandling::Retry).await.unwrap();
    assert_eq!(trimmed.get_offset(OffsetAt::Earliest).await.unwrap(), 6);
    let again = third.partition_client("again", 0, UnknownTopicHandling::Retry).await.unwrap();
    assert_eq!(again.get_offset(OffsetAt::Latest).await.unwrap(), 1);
    assert_eq!(read_all(&again, 0).await.len(), 1);
}

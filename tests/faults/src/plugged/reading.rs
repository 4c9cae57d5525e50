//! Reads a topic with plug-ins and its quarantine, to their ends.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};

use super::history::{Letter, TopicReading};
use super::topic::PluggedTopic;
use crate::PATIENCE;
use crate::content::{Content, HEADER, RecordId};
use crate::history::Partition;
use crate::reader::{consumer, passes, read_record};

/// What the names of the broker's headers start with.
const TOLD: &str = "klamm.dlq.";

/// All that is in a topic and its quarantine, to which nobody writes any more. A topic that quarantines nothing has none.
///
/// # Panics
/// If that takes too long, or a partition can't be read.
pub fn read_topic(bootstrap: &str, topic: &PluggedTopic) -> TopicReading {
    let mut reading = TopicReading::default();
    reading.ends = read_all(bootstrap, &topic.all_partitions(), |message| {
        reading.stored.entry(message.partition()).or_default().push(read_record(message));
    });
    if topic.kinds.filter || topic.kinds.serializer {
        let quarantine = Partition { topic: topic.quarantine(), index: 0 };
        read_all(bootstrap, &[quarantine], |message| reading.letters.push(letter(message)));
    }
    reading
}

/// Reads partitions of one topic; gives their end offsets. The last batches may have no records: a position says nothing then, and the
/// end is where librdkafka says it is.
fn read_all(
    bootstrap: &str,
    partitions: &[Partition],
    mut see: impl FnMut(&BorrowedMessage<'_>),
) -> std::collections::BTreeMap<i32, i64> {
    let consumer = consumer(bootstrap, partitions);
    let mut left: BTreeSet<i32> = partitions.iter().map(|partition| partition.index).collect();
    let mut deadline = Instant::now() + PATIENCE;
    while !left.is_empty() {
        assert!(Instant::now() < deadline, "{partitions:?}: {left:?} have no end");
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                see(&message);
                deadline = Instant::now() + PATIENCE;
            }
            Some(Err(KafkaError::PartitionEOF(index))) => {
                left.remove(&index);
            }
            Some(Err(error)) if !passes(&error) => panic!("reading {partitions:?} to the end: {error}"),
            Some(Err(_)) | None => {}
        }
    }
    let end = |partition: &Partition| {
        let watermarks = consumer.fetch_watermarks(&partition.topic, partition.index, PATIENCE);
        let (_, end) = watermarks.unwrap_or_else(|error| panic!("{partition}: no end offset: {error}"));
        (partition.index, end)
    };
    partitions.iter().map(end).collect()
}

/// A dead letter: what its producer put in it, and what the broker has added.
fn letter(message: &BorrowedMessage<'_>) -> Letter {
    let mut header = None;
    let mut told = std::collections::BTreeMap::new();
    for found in message.headers().into_iter().flat_map(|headers| headers.iter()) {
        let value = found.value.unwrap_or_default();
        match found.key.strip_prefix(TOLD) {
            Some(name) => {
                told.insert(name.to_owned(), String::from_utf8_lossy(value).into_owned());
            }
            None if found.key == HEADER && header.is_none() => header = Some(value.to_vec()),
            None => {
                told.insert(format!("unknown header {}", found.key), String::new());
            }
        }
    }
    let content = Content {
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        header: header.clone().unwrap_or_default(),
        timestamp_ms: message.timestamp().to_millis().unwrap_or(i64::MIN),
    };
    let record = header.and_then(|header| RecordId::parse(&header));
    Letter { offset: message.offset(), record, digest: content.digest(), told }
}

//! Readers that remember what they saw.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::PATIENCE;
use crate::content::{Content, HEADER, RecordId};
use crate::history::{Partition, ReadRecord, Reading};

/// Reads along while records are written and the broker is killed.
#[derive(Debug)]
pub struct Follower {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(Reading, Vec<String>)>,
}

impl Follower {
    /// Reads these partitions from their beginning, until it is told to finish.
    pub fn start(bootstrap: &str, partitions: &[Partition]) -> Follower {
        let consumer = consumer(bootstrap, partitions);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (mut reading, mut failures) = (Reading::new(), Vec::new());
            while !stopped.load(Ordering::Relaxed) {
                match consumer.poll(Duration::from_millis(50)) {
                    Some(Ok(message)) => remember(&mut reading, &message),
                    Some(Err(KafkaError::PartitionEOF(_))) | None => {}
                    Some(Err(error)) if passes(&error) => {}
                    Some(Err(error)) => failures.push(format!("follower: {error}")),
                }
            }
            (reading, failures)
        });
        Follower { stop, thread }
    }

    /// Stops; gives what it read, and what went wrong other than that the broker was away.
    ///
    /// # Panics
    /// If the reader did.
    pub fn finish(self) -> (Reading, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_else(|_| panic!("a reader's thread panicked"))
    }
}

/// All that is in these partitions, to which nobody writes any more.
///
/// # Panics
/// If that takes too long, or a partition can't be read.
pub fn read_to_end(bootstrap: &str, partitions: &[Partition]) -> Reading {
    let consumer = consumer(bootstrap, partitions);
    let mut reading = Reading::new();
    let mut left: BTreeSet<Partition> = partitions.iter().cloned().collect();
    let mut deadline = Instant::now() + PATIENCE;
    while let Some(partition) = left.first() {
        assert!(Instant::now() < deadline, "{partition} and others have no end: {} in all", left.len());
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                remember(&mut reading, &message);
                deadline = Instant::now() + PATIENCE;
            }
            // It doesn't say of which topic: the position does.
            Some(Err(KafkaError::PartitionEOF(_))) => left.retain(|partition| !at_end(&consumer, partition)),
            Some(Err(error)) if !passes(&error) => panic!("reading to the end: {error}"),
            Some(Err(_)) | None => {}
        }
    }
    reading
}

fn at_end(consumer: &BaseConsumer, partition: &Partition) -> bool {
    let (_, end) = consumer
        .fetch_watermarks(&partition.topic, partition.index, PATIENCE)
        .unwrap_or_else(|error| panic!("{partition}: no end offset: {error}"));
    let position = consumer.position().expect("a consumer has positions");
    let position = position.find_partition(&partition.topic, partition.index);
    position.is_some_and(|position| position.offset() == Offset::Offset(end)) || end == 0
}

pub(crate) fn consumer(bootstrap: &str, partitions: &[Partition]) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("broker.address.family", "v4");
    config.set("group.id", "unused").set("enable.auto.commit", "false").set("enable.partition.eof", "true");
    config.set("check.crcs", "true").set("auto.offset.reset", "error").set("log_level", "2");
    config.set("reconnect.backoff.ms", "10").set("reconnect.backoff.max.ms", "50");
    config.set("fetch.error.backoff.ms", "20").set("fetch.wait.max.ms", "50");
    let consumer: BaseConsumer = config.create().expect("librdkafka takes the settings");
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition_offset(&partition.topic, partition.index, Offset::Offset(0))
            .expect("an offset can be set");
    }
    consumer.assign(&list).expect("partitions can be assigned");
    consumer
}

/// Whether an error only says that the broker is away, or has no groups.
pub(crate) fn passes(error: &KafkaError) -> bool {
    let KafkaError::MessageConsumption(code) = error else { return false };
    matches!(
        code,
        RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::Resolve
            | RDKafkaErrorCode::UnsupportedFeature
    )
}

fn remember(reading: &mut Reading, message: &BorrowedMessage<'_>) {
    let partition = Partition { topic: message.topic().to_owned(), index: message.partition() };
    reading.entry(partition).or_default().push(read_record(message));
}

/// What a record says of itself.
pub(crate) fn read_record(message: &BorrowedMessage<'_>) -> ReadRecord {
    let header = only_header(message);
    let content = Content {
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        header: header.clone().unwrap_or_default(),
        timestamp_ms: message.timestamp().to_millis().unwrap_or(i64::MIN),
    };
    let record = header.and_then(|header| RecordId::parse(&header));
    ReadRecord { offset: message.offset(), record, digest: content.digest() }
}

fn only_header(message: &BorrowedMessage<'_>) -> Option<Vec<u8>> {
    let headers = message.headers().filter(|headers| headers.count() == 1)?;
    let header = headers.get(0);
    header.value.filter(|_| header.key == HEADER).map(<[u8]>::to_vec)
}

//! What the tests with librdkafka share: a producer that counts its failures, and readers to the end.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use klamm_conformance::TestBroker;
use rdkafka::ClientContext;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Message, OwnedMessage, ToBytes};
use rdkafka::producer::{
    BaseRecord, DeliveryResult, FutureProducer, FutureRecord, Producer, ProducerContext, ThreadedProducer,
};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

/// How long a client may take before the test fails: a debug build on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Collects what could not be delivered.
#[derive(Debug, Clone, Default)]
pub struct Deliveries(Arc<Mutex<Vec<RDKafkaErrorCode>>>);

impl Deliveries {
    /// The errors so far.
    pub fn errors(&self) -> Vec<RDKafkaErrorCode> {
        self.0.lock().unwrap().clone()
    }

    /// How many records failed so far.
    pub fn failures(&self) -> usize {
        self.errors().len()
    }
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.0.lock().unwrap().push(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown));
        }
    }
}

fn config(broker: &TestBroker) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.bootstrap()).set("broker.address.family", "v4");
    config
}

/// An idempotent producer, unless `settings` say otherwise.
pub fn producer(broker: &TestBroker, settings: &[(&str, &str)]) -> ThreadedProducer<Deliveries> {
    let mut config = config(broker);
    config.set("enable.idempotence", "true").set("message.timeout.ms", "60000");
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config.create_with_context(Deliveries::default()).unwrap()
}

/// Hands one record to the producer.
pub fn try_send<V: ToBytes + ?Sized>(producer: &ThreadedProducer<Deliveries>, record: BaseRecord<'_, (), V>) {
    producer.send(record).map_err(|(error, _)| error).unwrap();
}

/// Sends one record and waits for its acknowledgement.
pub fn send<K: ToBytes + ?Sized, V: ToBytes + ?Sized>(broker: &TestBroker, record: FutureRecord<'_, K, V>) {
    let producer: FutureProducer = config(broker).set("enable.idempotence", "true").create().unwrap();
    wait_for(producer.send(record, PATIENCE)).map_err(|(error, _)| error).unwrap();
    producer.flush(PATIENCE).unwrap();
}

/// A consumer outside any group.
pub fn consumer(broker: &TestBroker) -> BaseConsumer {
    consumer_with(broker, &[])
}

/// A consumer outside any group, with further settings.
pub fn consumer_with(broker: &TestBroker, settings: &[(&str, &str)]) -> BaseConsumer {
    let mut config = config(broker);
    config.set("group.id", "unused").set("enable.auto.commit", "false").set("enable.partition.eof", "true");
    config.set("check.crcs", "true").set("fetch.message.max.bytes", "10000000");
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config.create().unwrap()
}

/// Makes `consumer` read one partition from `offset` on.
pub fn assign(consumer: &BaseConsumer, topic: &str, partition: i32, offset: Offset) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, offset).unwrap();
    consumer.assign(&list).unwrap();
}

/// Everything in partition 0 of `topic`.
pub fn read_all(broker: &TestBroker, topic: &str) -> Vec<OwnedMessage> {
    read_from(broker, topic, 0, Offset::Beginning)
}

/// Everything in one partition from `offset` to its end.
pub fn read_from(broker: &TestBroker, topic: &str, partition: i32, offset: Offset) -> Vec<OwnedMessage> {
    let consumer = consumer(broker);
    assign(&consumer, topic, partition, offset);
    let mut messages = Vec::new();
    loop {
        match consumer.poll(PATIENCE).expect("a message or the end of the partition") {
            Ok(message) => messages.push(message.detach()),
            Err(KafkaError::PartitionEOF(_)) => return messages,
            // Without groups there is no coordinator to find; a consumer of assigned partitions needs none.
            Err(KafkaError::MessageConsumption(RDKafkaErrorCode::UnsupportedFeature)) => {}
            Err(error) => panic!("{topic}-{partition}: {error}"),
        }
    }
}

/// The first error a consumer reports, or that it has read everything.
pub fn first_error_or_end(consumer: &BaseConsumer) -> KafkaError {
    match consumer.poll(PATIENCE).expect("an error or the end") {
        Ok(message) => panic!("a message at offset {}", message.offset()),
        Err(error) => error,
    }
}

/// The first error a consumer reports, other than having read everything.
pub fn first_error(consumer: &BaseConsumer) -> KafkaError {
    loop {
        match consumer.poll(PATIENCE).expect("an error") {
            Ok(message) => panic!("a message at offset {}", message.offset()),
            Err(KafkaError::PartitionEOF(_)) => {}
            Err(error) => return error,
        }
    }
}

/// Waits until partition 0 of `topic` ends at `offset`.
#[expect(clippy::disallowed_methods, reason = "polls another process, which has no other way to tell")]
pub fn wait_for_end_offset(broker: &TestBroker, topic: &str, offset: i64) {
    let consumer = consumer(broker);
    let deadline = Instant::now() + PATIENCE;
    while consumer.fetch_watermarks(topic, 0, PATIENCE).unwrap().1 < offset {
        assert!(Instant::now() < deadline, "{topic} does not reach {offset}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn admin(broker: &TestBroker) -> AdminClient<DefaultClientContext> {
    config(broker).create().unwrap()
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE))
}

/// Makes a topic.
pub fn create_topic(broker: &TestBroker, name: &str, partitions: i32, settings: &[(&str, &str)]) {
    create_topic_result(broker, name, partitions, settings).unwrap();
}

/// Tries to make a topic.
pub fn create_topic_result(
    broker: &TestBroker,
    name: &str,
    partitions: i32,
    settings: &[(&str, &str)],
) -> Result<(), RDKafkaErrorCode> {
    let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
    for (setting, value) in settings {
        topic = topic.set(setting, value);
    }
    let results = wait_for(admin(broker).create_topics([&topic], &options())).unwrap();
    results[0].clone().map(|_| ()).map_err(|(_, code)| code)
}

/// Deletes a topic.
pub fn delete_topic(broker: &TestBroker, name: &str) {
    let results = wait_for(admin(broker).delete_topics(&[name], &options())).unwrap();
    results[0].as_ref().unwrap();
}

/// Raises a topic's number of partitions.
pub fn create_partitions(broker: &TestBroker, name: &str, partitions: usize) {
    let request = NewPartitions::new(name, partitions);
    let results = wait_for(admin(broker).create_partitions([&request], &options())).unwrap();
    results[0].as_ref().unwrap();
}

/// Sets one of a topic's settings.
pub fn alter_topic(broker: &TestBroker, topic: &str, name: &str, value: &str) {
    let request = AlterConfig::new(ResourceSpecifier::Topic(topic)).set(name, value);
    let results = wait_for(admin(broker).alter_configs([&request], &options())).unwrap();
    results[0].as_ref().unwrap();
}

/// One of a topic's settings.
pub fn topic_config(broker: &TestBroker, topic: &str, name: &str) -> Option<String> {
    let resource = ResourceSpecifier::Topic(topic);
    let results = wait_for(admin(broker).describe_configs([&resource], &options())).unwrap();
    results[0].as_ref().unwrap().get(name)?.value.clone()
}

fn wait_for<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

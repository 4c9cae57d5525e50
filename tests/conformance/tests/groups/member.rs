//! A member of a group: a consumer on a thread of its own.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use klamm_conformance::TestBroker;
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::TopicPartitionListElem;

/// What all members have read together.
#[derive(Debug, Clone, Default)]
pub struct Seen(Arc<Mutex<HashSet<Vec<u8>>>>);

impl Seen {
    /// How many different records.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// A member has read this record.
    pub fn read(&self, value: &[u8]) {
        self.0.lock().unwrap().insert(value.to_vec());
    }
}

/// Hears of rebalances.
#[derive(Debug, Clone, Default)]
pub struct Ears {
    rebalances: Arc<AtomicUsize>,
}

impl ClientContext for Ears {}

impl ConsumerContext for Ears {
    fn post_rebalance(&self, _: &BaseConsumer<Ears>, _: &Rebalance<'_>) {
        self.rebalances.fetch_add(1, Ordering::SeqCst);
    }
}

/// The setting that chooses the consumer protocol (KIP-848): the broker says how often to send heartbeats.
pub const CONSUMER_PROTOCOL: (&str, &str) = ("group.protocol", "consumer");

/// A consumer of the group `g` that is about to join.
pub fn subscribed(bootstrap: &str, topic: &str, settings: &[(&str, &str)], ears: Ears) -> BaseConsumer<Ears> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("broker.address.family", "v4");
    config.set("group.id", "g").set("auto.offset.reset", "earliest");
    config.set("topic.metadata.refresh.interval.ms", "500");
    if !settings.contains(&CONSUMER_PROTOCOL) {
        config.set("heartbeat.interval.ms", "300");
    }
    for (name, value) in settings {
        config.set(*name, *value);
    }
    // What is committed must have been noted: closing a consumer polls, too, and throws away what comes.
    config.set("enable.auto.offset.store", "false");
    let consumer: BaseConsumer<Ears> = config.create_with_context(ears).unwrap();
    consumer.subscribe(&[topic]).unwrap();
    consumer
}

/// A member of the group `g`.
#[derive(Debug, Clone)]
pub struct Member {
    stop: Arc<AtomicBool>,
    assignment: Arc<Mutex<BTreeSet<i32>>>,
    ears: Ears,
    seen: Seen,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Member {
    pub fn join(broker: &TestBroker, topic: &str, settings: &[(&str, &str)]) -> Member {
        Member::join_and_note(broker, topic, settings, &Seen::default())
    }

    /// Notes in `seen` what it reads.
    pub fn join_and_note(broker: &TestBroker, topic: &str, settings: &[(&str, &str)], seen: &Seen) -> Member {
        let ears = Ears::default();
        let consumer = subscribed(&broker.bootstrap(), topic, settings, ears.clone());
        let (stop, assignment) = (Arc::<AtomicBool>::default(), Arc::<Mutex<BTreeSet<i32>>>::default());
        let member = Member { stop, assignment, ears, seen: seen.clone(), thread: Arc::default() };
        let reader = member.clone();
        let thread = std::thread::spawn(move || reader.read(&consumer));
        *member.thread.lock().unwrap() = Some(thread);
        member
    }

    fn read(&self, consumer: &BaseConsumer<Ears>) {
        while !self.stop.load(Ordering::SeqCst) {
            if let Some(Ok(message)) = consumer.poll(Duration::from_millis(50)) {
                self.seen.read(message.payload().unwrap_or_default());
                // A partition that was just taken away is no reason to fail: another member reads it again.
                let _gone = consumer.store_offset_from_message(&message);
            }
            if let Ok(assigned) = consumer.assignment() {
                let partitions = assigned.elements().iter().map(TopicPartitionListElem::partition).collect();
                *self.assignment.lock().unwrap() = partitions;
            }
        }
    }

    /// The partitions that it reads.
    pub fn assignment(&self) -> BTreeSet<i32> {
        self.assignment.lock().unwrap().clone()
    }

    /// How often its partitions were taken or given.
    pub fn rebalances(&self) -> usize {
        self.ears.rebalances.load(Ordering::SeqCst)
    }

    /// Closes the consumer; it commits and leaves, a static one without a word.
    pub fn leave(self) {
        self.stop.store(true, Ordering::SeqCst);
        let thread = self.thread.lock().unwrap().take();
        thread.unwrap().join().unwrap();
    }
}

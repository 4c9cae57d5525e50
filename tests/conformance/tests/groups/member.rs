//! A member of a group: a consumer on a thread of its own.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use klamm_conformance::TestBroker;
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaResult;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{TopicPartitionList, TopicPartitionListElem};

/// What all members have read together, and committed.
#[derive(Debug, Clone, Default)]
pub struct Seen(Arc<Mutex<What>>);

#[derive(Debug, Default)]
struct What {
    values: HashSet<Vec<u8>>,
    committed: BTreeMap<i32, i64>,
    went_back: usize,
}

impl Seen {
    /// How many different records.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap().values.len()
    }

    /// How often a partition's committed offset was smaller than before.
    pub fn commits_that_went_back(&self) -> usize {
        self.0.lock().unwrap().went_back
    }

    fn read(&self, value: &[u8]) {
        self.0.lock().unwrap().values.insert(value.to_vec());
    }

    fn committed(&self, offsets: &TopicPartitionList) {
        let what = &mut *self.0.lock().unwrap();
        for element in offsets.elements() {
            let Some(offset) = element.offset().to_raw().filter(|offset| *offset >= 0) else { continue };
            let before = what.committed.insert(element.partition(), offset);
            what.went_back += usize::from(before.is_some_and(|before| before > offset));
        }
    }
}

/// Hears of rebalances and commits.
#[derive(Debug, Clone, Default)]
struct Ears {
    rebalances: Arc<AtomicUsize>,
    seen: Seen,
}

impl ClientContext for Ears {}

impl ConsumerContext for Ears {
    fn post_rebalance(&self, _: &BaseConsumer<Ears>, _: &Rebalance<'_>) {
        self.rebalances.fetch_add(1, Ordering::SeqCst);
    }

    fn commit_callback(&self, result: KafkaResult<()>, offsets: &TopicPartitionList) {
        if result.is_ok() {
            self.seen.committed(offsets);
        }
    }
}

/// A member of the group `g`.
#[derive(Debug, Clone)]
pub struct Member {
    stop: Arc<AtomicBool>,
    assignment: Arc<Mutex<BTreeSet<i32>>>,
    ears: Ears,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Member {
    pub fn join(broker: &TestBroker, topic: &str, settings: &[(&str, &str)]) -> Member {
        Member::join_and_note(broker, topic, settings, &Seen::default())
    }

    /// Notes in `seen` what it reads.
    pub fn join_and_note(broker: &TestBroker, topic: &str, settings: &[(&str, &str)], seen: &Seen) -> Member {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", broker.bootstrap()).set("broker.address.family", "v4");
        config.set("group.id", "g").set("auto.offset.reset", "earliest");
        config.set("heartbeat.interval.ms", "300").set("topic.metadata.refresh.interval.ms", "500");
        for (name, value) in settings {
            config.set(*name, *value);
        }
        let ears = Ears { seen: seen.clone(), ..Ears::default() };
        let consumer: BaseConsumer<Ears> = config.create_with_context(ears.clone()).unwrap();
        consumer.subscribe(&[topic]).unwrap();
        let (stop, assignment) = (Arc::<AtomicBool>::default(), Arc::<Mutex<BTreeSet<i32>>>::default());
        let member = Member { stop, assignment, ears, thread: Arc::default() };
        let reader = member.clone();
        let thread = std::thread::spawn(move || reader.read(&consumer));
        *member.thread.lock().unwrap() = Some(thread);
        member
    }

    fn read(&self, consumer: &BaseConsumer<Ears>) {
        while !self.stop.load(Ordering::SeqCst) {
            if let Some(Ok(message)) = consumer.poll(Duration::from_millis(50)) {
                self.ears.seen.read(message.payload().unwrap_or_default());
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

//! What happened, as clients saw it.

use std::collections::BTreeMap;
use std::fmt;

use crate::content::{Digest, RecordId};

/// What a producer was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guarantee {
    /// An idempotent producer, up to five requests in flight: every record once, in the order of sending.
    ExactlyOnce,
    /// A plain producer with retries and acks=all, one request in flight. What Kafka promises it:
    ///
    /// - The records' first places in the log are in the order of sending, none left out.
    /// - A request that was not answered, because the broker crashed, is sent again. If it had been written all the same, its
    ///   records are there twice: the log goes back to an earlier record and from there on again in the order of sending. It
    ///   goes back at most once for each crash, since only one request is in flight.
    /// - What was answered is never sent again: the acknowledged offset is that of a record's last place.
    ///
    /// With more requests in flight there would be no order: the first fails, the second succeeds, the first is retried.
    AtLeastOnce,
}

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// The topic.
    pub topic: String,
    /// The partition's index.
    pub index: i32,
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.index)
    }
}

/// The broker said that a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Which of the producer's records.
    pub counter: u64,
    /// The partition's index in the producer's topic.
    pub partition: i32,
    /// Where it is.
    pub offset: i64,
}

/// What one producer did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerHistory {
    /// Its number, as in [`RecordId`].
    pub producer: u32,
    /// The only topic it writes to.
    pub topic: String,
    /// What it was promised.
    pub guarantee: Guarantee,
    /// It sent the records with the counters below this.
    pub sent: u64,
    /// Those that were acknowledged, in any order.
    pub acknowledged: Vec<Acknowledgement>,
}

/// A record as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRecord {
    /// Where it is.
    pub offset: i64,
    /// Which it says it is; `None` where that can't be read.
    pub record: Option<RecordId>,
    /// What is in it.
    pub digest: Digest,
}

/// What was read, in the order of reading.
pub type Reading = BTreeMap<Partition, Vec<ReadRecord>>;

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The producers.
    pub producers: Vec<ProducerHistory>,
    /// How often the broker was killed.
    pub crashes: u64,
    /// What was read while it all went on. These may start and end anywhere.
    pub earlier: Vec<Reading>,
    /// What was read at the end, all of every partition.
    pub last: Reading,
}

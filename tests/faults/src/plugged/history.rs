//! What happened to topics with plug-ins, as clients saw it.

use std::collections::BTreeMap;

use super::topic::PluggedTopic;
use crate::content::{Digest, RecordId};
use crate::history::{ProducerHistory, ReadRecord, Reading};

/// A record in quarantine, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Where it is in the quarantine.
    pub offset: i64,
    /// Which it says it is; `None` where that can't be read.
    pub record: Option<RecordId>,
    /// What its producer had put in it.
    pub digest: Digest,
    /// What the broker has added: its headers without `klamm.dlq.`.
    pub told: BTreeMap<String, String>,
}

/// All of a topic and its quarantine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicReading {
    /// What is in its partitions.
    pub stored: BTreeMap<i32, Vec<ReadRecord>>,
    /// The end offset of each.
    pub ends: BTreeMap<i32, i64>,
    /// What is in the quarantine.
    pub letters: Vec<Letter>,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluggedHistory {
    /// The topics, and all that was in them at the end.
    pub topics: Vec<(PluggedTopic, TopicReading)>,
    /// Idempotent producers of [`Order`](super::Order)s: each sends the orders of a key to one partition, or one order after the other.
    pub producers: Vec<ProducerHistory>,
    /// What was read while it all went on. These may start and end anywhere.
    pub earlier: Vec<Reading>,
}

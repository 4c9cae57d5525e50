//! The time, the settings, the ids and the topics of one run.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use klamm_groups::{Caller, GroupConfig, Now, Tick, Topics};
use klamm_model::{TimestampMs, TopicId};
use parking_lot::Mutex;

use super::super::host::Host;

/// What members read.
pub(super) const ORDERS: &str = "orders";
/// What no member reads; it may be deleted.
pub(super) const AUDIT: &str = "audit";
/// How many partitions each has.
pub(super) const PARTITIONS: i32 = 4;
/// How long a member may be silent.
pub(super) const SESSION_MS: i32 = 10_000;

const BEGAN: i64 = 1_700_000_000_000;

/// The host of a shard that lives in simulated time.
#[derive(Debug)]
pub(super) struct World {
    milliseconds: Mutex<u64>,
    ids: Mutex<u128>,
    config: GroupConfig,
    cluster: Mutex<Cluster>,
}

/// The topics that there are.
#[derive(Debug, Clone, Default)]
pub(super) struct Cluster {
    topics: BTreeMap<&'static str, TopicId>,
    made: u8,
}

impl World {
    pub(super) fn new() -> World {
        let mut cluster = Cluster::default();
        for topic in [ORDERS, AUDIT] {
            cluster.make(topic);
        }
        let config = GroupConfig {
            initial_rebalance_delay_ms: 0,
            consumer_session_timeout_ms: SESSION_MS,
            offsets_retention_ms: 40_000,
            ..GroupConfig::default()
        };
        World { milliseconds: Mutex::default(), ids: Mutex::default(), config, cluster: Mutex::new(cluster) }
    }

    pub(super) fn pass(&self, milliseconds: u64) {
        *self.milliseconds.lock() += milliseconds;
    }

    pub(super) fn time(&self) -> TimestampMs {
        self.now().time
    }

    pub(super) fn settings(&self) -> GroupConfig {
        self.config.clone()
    }

    pub(super) fn topics(&self) -> Cluster {
        self.cluster.lock().clone()
    }

    /// The topic is deleted and made again: it is another one now.
    pub(super) fn replace(&self, topic: &'static str) {
        self.cluster.lock().make(topic);
    }
}

impl Host for World {
    fn now(&self) -> Now {
        let milliseconds = *self.milliseconds.lock();
        Now { time: TimestampMs(BEGAN + milliseconds as i64), tick: Tick(milliseconds) }
    }

    fn config(&self) -> &GroupConfig {
        &self.config
    }

    fn next_id(&self) -> u128 {
        let mut ids = self.ids.lock();
        *ids += 1;
        *ids
    }
}

impl Cluster {
    fn make(&mut self, topic: &'static str) {
        self.made += 1;
        self.topics.insert(topic, TopicId::from_bytes([self.made; 16]));
    }

    pub(super) fn id(&self, topic: &str) -> TopicId {
        self.topics[topic]
    }
}

impl Topics for Cluster {
    fn by_name(&self, name: &str) -> Option<(TopicId, u32)> {
        self.topics.get(name).map(|id| (*id, PARTITIONS as u32))
    }

    fn by_id(&self, id: TopicId) -> Option<(&str, u32)> {
        let found = self.topics.iter().find(|(_, of)| **of == id);
        found.map(|(name, _)| (*name, PARTITIONS as u32))
    }

    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.topics.keys().copied())
    }

    fn version(&self) -> u64 {
        u64::from(self.made)
    }
}

/// Every client.
pub(super) fn caller() -> Caller {
    Caller {
        api_version: 9,
        client_id: "client".to_owned(),
        client_host: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    }
}

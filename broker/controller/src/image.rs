//! The cluster's metadata at one point of its log.

use std::collections::BTreeMap;
use std::sync::Arc;

use klamm_model::{BrokerId, ClusterId, LeaderEpoch, PartitionIndex, TopicId, TopicName};
use rpds::{HashTrieMapSync, RedBlackTreeMapSync};
use serde::{Deserialize, Serialize};

use crate::settings::{BrokerLayers, Configs, StaticSettings};

/// The cluster's metadata at one point of its log. Immutable: a change makes a new image that shares what
/// did not change, so that a reader keeps a consistent view for as long as it holds the `Arc`.
#[derive(Debug, Clone)]
pub struct MetadataImage {
    cluster_id: ClusterId,
    /// The index of the last Raft log entry in this image; 0 before the first.
    applied: u64,
    topics: RedBlackTreeMapSync<TopicName, Arc<TopicImage>>,
    names: HashTrieMapSync<TopicId, TopicName>,
    brokers: RedBlackTreeMapSync<BrokerId, Arc<BrokerImage>>,
    cluster_configs: Arc<Configs>,
    broker_configs: RedBlackTreeMapSync<BrokerId, Arc<Configs>>,
    next_producer_id: i64,
    leader: Option<BrokerId>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicImage {
    /// Its name.
    pub name: TopicName,
    /// Its id; a topic that is made again gets another.
    pub id: TopicId,
    /// Its partitions; a partition's index is its place here.
    pub partitions: Vec<PartitionImage>,
    /// The settings given to this topic itself, by name.
    pub configs: Configs,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionImage {
    /// The brokers that hold it, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// The replicas that are in sync.
    pub isr: Vec<BrokerId>,
    /// The replica that leads; [`BrokerId::NONE`] where none does.
    pub leader: BrokerId,
    /// How often the leader changed, from 0.
    pub leader_epoch: LeaderEpoch,
    /// How often anything of the partition changed, from 0.
    pub partition_epoch: i32,
}

/// A broker that registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerImage {
    /// Its `node.id`.
    pub id: BrokerId,
    /// The log index of its registration: grows with each start.
    pub epoch: i64,
    /// Where Kafka clients reach it.
    pub kafka: Endpoint,
    /// Where other brokers reach it with gRPC; `None` if it does not offer it.
    pub grpc: Option<Endpoint>,
    /// Its rack (`broker.rack`).
    pub rack: Option<String>,
    /// Whether it must not lead or be given replicas.
    pub fenced: bool,
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// A name or an address.
    pub host: String,
    /// A TCP port.
    pub port: u16,
}

impl MetadataImage {
    /// The image of a cluster in which nothing happened yet.
    pub fn empty(cluster_id: ClusterId) -> MetadataImage {
        MetadataImage {
            cluster_id,
            applied: 0,
            topics: RedBlackTreeMapSync::new_sync(),
            names: HashTrieMapSync::new_sync(),
            brokers: RedBlackTreeMapSync::new_sync(),
            cluster_configs: Arc::default(),
            broker_configs: RedBlackTreeMapSync::new_sync(),
            next_producer_id: 0,
            leader: None,
        }
    }

    /// The cluster's id.
    pub fn cluster_id(&self) -> &ClusterId {
        &self.cluster_id
    }

    /// The index of the last log entry in this image; grows with every change.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// The broker that leads the metadata log, Kafka's "controller"; `None` while there is none.
    pub fn controller_id(&self) -> Option<BrokerId> {
        self.leader
    }

    /// The topic of this name.
    pub fn topic(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.topics.get(name)
    }

    /// The topic of this id.
    pub fn topic_by_id(&self, id: TopicId) -> Option<&Arc<TopicImage>> {
        self.topics.get(self.names.get(&id)?)
    }

    /// Every topic, by name.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<TopicImage>> {
        self.topics.values()
    }

    /// How many topics there are.
    pub fn topic_count(&self) -> usize {
        self.topics.size()
    }

    /// The broker of this id.
    pub fn broker(&self, id: BrokerId) -> Option<&Arc<BrokerImage>> {
        self.brokers.get(&id)
    }

    /// Every registered broker, by id.
    pub fn brokers(&self) -> impl Iterator<Item = &Arc<BrokerImage>> {
        self.brokers.values()
    }

    /// The dynamic settings of every broker (Kafka's default broker resource, named by the empty text).
    pub fn cluster_configs(&self) -> &Configs {
        &self.cluster_configs
    }

    /// The dynamic settings of one broker.
    pub fn broker_configs(&self, id: BrokerId) -> &Configs {
        static NONE: Configs = BTreeMap::new();
        self.broker_configs.get(&id).map_or(&NONE, |configs| configs)
    }

    /// Everything that decides the settings of the broker `id`, which was started with `fixed`.
    pub fn broker_layers<'a>(&'a self, fixed: &'a StaticSettings, id: BrokerId) -> BrokerLayers<'a> {
        BrokerLayers { fixed, cluster: self.cluster_configs(), broker: self.broker_configs(id) }
    }

    /// The first producer id that no broker has been given.
    pub fn next_producer_id(&self) -> i64 {
        self.next_producer_id
    }
}

impl TopicImage {
    /// One of its partitions.
    pub fn partition(&self, index: PartitionIndex) -> Option<&PartitionImage> {
        self.partitions.get(usize::try_from(index.0).ok()?)
    }

    /// Whether this is one of Kafka's own topics, which users should leave alone.
    pub fn is_internal(&self) -> bool {
        matches!(self.name.as_str(), "__consumer_offsets" | "__transaction_state" | "__share_group_state")
    }
}

//! The cluster's metadata at one point of its log.

mod broker;
mod persisted;
mod plugin;
mod store;
mod topic;

use std::collections::BTreeMap;
use std::sync::Arc;

use klamm_model::{BrokerId, ClusterId, PluginName, PluginReference, PluginVersion, TopicId, TopicName};
use rpds::{HashTrieMapSync, QueueSync, RedBlackTreeMapSync};

use crate::quotas::ClientQuotas;
use crate::settings::{BrokerLayers, Configs, GroupOverrides, StaticSettings};

pub use broker::{BrokerImage, Endpoint};
pub use persisted::InvalidPersistedImage;
pub use plugin::PluginImage;
pub(crate) use store::ImageStore;
pub(crate) use topic::is_internal;
pub use topic::{PartitionImage, TopicImage};

/// How many deleted topics are remembered, so that a broker that was down meanwhile can tell their partitions from those
/// that the metadata lost.
const REMEMBERED_DELETIONS: usize = 4096;

static NO_CONFIGS: Configs = BTreeMap::new();

/// The cluster's metadata at one point of its log. Immutable: a change makes a new image that shares what
/// did not change, so that a reader keeps a consistent view for as long as it holds the `Arc`.
#[derive(Debug, Clone, PartialEq)]
pub struct MetadataImage {
    pub(crate) cluster_id: ClusterId,
    pub(crate) applied: u64,
    pub(crate) topics: RedBlackTreeMapSync<TopicName, Arc<TopicImage>>,
    pub(crate) names: HashTrieMapSync<TopicId, TopicName>,
    /// The ids of the topics that were deleted last, oldest first.
    pub(crate) deleted: QueueSync<TopicId>,
    /// Names that have `.` or `_`, by what metrics make of them: two topics must not be one there.
    pub(crate) metric_names: HashTrieMapSync<String, TopicName>,
    pub(crate) brokers: RedBlackTreeMapSync<BrokerId, Arc<BrokerImage>>,
    pub(crate) cluster_configs: Arc<Configs>,
    pub(crate) broker_configs: RedBlackTreeMapSync<BrokerId, Arc<Configs>>,
    pub(crate) group_configs: RedBlackTreeMapSync<String, Arc<Configs>>,
    pub(crate) client_metrics: RedBlackTreeMapSync<String, Arc<Configs>>,
    pub(crate) client_quotas: Arc<ClientQuotas>,
    pub(crate) plugins: RedBlackTreeMapSync<PluginReference, Arc<PluginImage>>,
    pub(crate) next_producer_id: i64,
    /// Who leads the log is not in the log: each broker's own view.
    pub(crate) leader: Option<BrokerId>,
}

impl MetadataImage {
    /// The image of a cluster in which nothing happened yet.
    pub fn empty(cluster_id: ClusterId) -> MetadataImage {
        MetadataImage {
            cluster_id,
            applied: 0,
            topics: RedBlackTreeMapSync::new_sync(),
            names: HashTrieMapSync::new_sync(),
            deleted: QueueSync::new_sync(),
            metric_names: HashTrieMapSync::new_sync(),
            brokers: RedBlackTreeMapSync::new_sync(),
            cluster_configs: Arc::default(),
            broker_configs: RedBlackTreeMapSync::new_sync(),
            group_configs: RedBlackTreeMapSync::new_sync(),
            client_metrics: RedBlackTreeMapSync::new_sync(),
            client_quotas: Arc::default(),
            plugins: RedBlackTreeMapSync::new_sync(),
            next_producer_id: 0,
            leader: None,
        }
    }

    /// The cluster's id.
    pub fn cluster_id(&self) -> &ClusterId {
        &self.cluster_id
    }

    /// The index of the last log entry in this image; 0 before the first.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// The broker that leads the metadata log, Kafka's "controller"; `None` while none is known.
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

    /// The topics that were deleted last; their ids never come back.
    pub fn deleted_topics(&self) -> impl Iterator<Item = TopicId> {
        self.deleted.iter().copied()
    }

    /// The broker of this id.
    pub fn broker(&self, id: BrokerId) -> Option<&Arc<BrokerImage>> {
        self.brokers.get(&id)
    }

    /// Every registered broker, by id.
    pub fn brokers(&self) -> impl Iterator<Item = &Arc<BrokerImage>> {
        self.brokers.values()
    }

    /// The dynamic settings of all brokers (Kafka's broker resource with an empty name).
    pub fn cluster_configs(&self) -> &Configs {
        &self.cluster_configs
    }

    /// The dynamic settings of one broker.
    pub fn broker_configs(&self, id: BrokerId) -> &Configs {
        self.broker_configs.get(&id).map_or(&NO_CONFIGS, |configs| configs)
    }

    /// What is set for a consumer group; what isn't is decided by the broker's settings.
    pub fn group_configs(&self, group_id: &str) -> GroupOverrides {
        GroupOverrides::read(self.group_configs_as_given(group_id))
    }

    /// What is set for a consumer group, as it was given.
    pub fn group_configs_as_given(&self, group_id: &str) -> &Configs {
        self.group_configs.get(group_id).map_or(&NO_CONFIGS, |configs| configs)
    }

    /// The consumer groups for which something is set, by name.
    pub fn groups_with_configs(&self) -> impl Iterator<Item = &str> {
        self.group_configs.keys().map(String::as_str)
    }

    /// What is set for a subscription to metrics of clients (KIP-714).
    pub fn client_metrics_configs(&self, name: &str) -> &Configs {
        self.client_metrics.get(name).map_or(&NO_CONFIGS, |configs| configs)
    }

    /// The subscriptions to metrics of clients, by name.
    pub fn client_metrics_names(&self) -> impl Iterator<Item = &str> {
        self.client_metrics.keys().map(String::as_str)
    }

    /// The quotas of clients.
    pub fn client_quotas(&self) -> &Arc<ClientQuotas> {
        &self.client_quotas
    }

    /// A version of a plug-in.
    pub fn plugin(&self, name: &PluginName, version: &PluginVersion) -> Option<&Arc<PluginImage>> {
        self.plugins.get(&PluginReference { name: name.clone(), version: version.clone() })
    }

    /// Every version of every plug-in, by name and version.
    pub fn plugins(&self) -> impl Iterator<Item = &Arc<PluginImage>> {
        self.plugins.values()
    }

    /// Everything that decides the settings of the broker `id`, which was started with `fixed`.
    pub fn broker_layers<'a>(&'a self, fixed: &'a StaticSettings, id: BrokerId) -> BrokerLayers<'a> {
        BrokerLayers { fixed, cluster: self.cluster_configs(), broker: self.broker_configs(id) }
    }

    /// The first producer id that no broker has been given.
    pub fn next_producer_id(&self) -> i64 {
        self.next_producer_id
    }

    /// The existing topic whose name would be the same as `name` in metrics.
    pub(crate) fn colliding_topic(&self, name: &TopicName) -> Option<&TopicName> {
        self.metric_names.get(&metric_name(name)?).filter(|existing| *existing != name)
    }

    /// Adds a topic whose name and id are new.
    pub(crate) fn add_topic(&mut self, topic: Arc<TopicImage>) {
        if let Some(merged) = metric_name(&topic.name) {
            self.metric_names.insert_mut(merged, topic.name.clone());
        }
        self.names.insert_mut(topic.id, topic.name.clone());
        self.replace_topic(topic);
    }

    /// Puts a topic in the place of the one with its name and id.
    pub(crate) fn replace_topic(&mut self, topic: Arc<TopicImage>) {
        self.topics.insert_mut(topic.name.clone(), topic);
    }

    pub(crate) fn remove_topic(&mut self, topic: &TopicImage) {
        if let Some(merged) = metric_name(&topic.name) {
            self.metric_names.remove_mut(&merged);
        }
        self.names.remove_mut(&topic.id);
        self.topics.remove_mut(&topic.name);
        self.remember_deletion(topic.id);
    }

    pub(crate) fn remember_deletion(&mut self, id: TopicId) {
        self.deleted.enqueue_mut(id);
        if self.deleted.len() > REMEMBERED_DELETIONS {
            self.deleted.dequeue_mut();
        }
    }
}

/// What metrics make of a name; `None` where the name stays as it is.
///
/// A name without `.` and `_` can collide only with itself.
fn metric_name(name: &TopicName) -> Option<String> {
    name.as_str().contains(['.', '_']).then(|| name.as_str().replace('.', "_"))
}

//! The commands of the metadata log.

use std::collections::BTreeMap;
use std::ops::Range;

use klamm_model::{BrokerId, PluginDigest, PluginName, PluginVersion, TimestampMs, TopicId, TopicName};
use serde::{Deserialize, Serialize};

use crate::image::Endpoint;
use crate::quotas::{QuotaEntity, QuotaKey, QuotaValue};
use crate::settings::Configs;

/// One change of the cluster's metadata, as it stands in the log.
///
/// A command carries every id and time that it needs: applying it on any broker, at any time, gives the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MetadataCommand {
    /// Makes a topic.
    CreateTopic(NewTopic),
    /// Removes a topic with its settings.
    DeleteTopic(TopicRef),
    /// Adds partitions to a topic.
    CreatePartitions(NewPartitions),
    /// Changes settings that are known and allowed.
    AlterConfigs {
        /// Whose.
        resource: ConfigResource,
        /// The new value of each setting that changes; `None` removes it.
        changes: BTreeMap<String, Option<String>>,
    },
    /// Sets and removes quotas of clients.
    AlterClientQuotas {
        /// Whose.
        entity: QuotaEntity,
        /// The new value of each quota that changes; `None` removes it.
        changes: BTreeMap<QuotaKey, Option<QuotaValue>>,
    },
    /// Makes a broker known, or known anew after a restart.
    RegisterBroker(BrokerRegistration),
    /// Gives a block of producer ids away.
    AllocateProducerIds {
        /// How many ids, at least 1.
        count: i64,
    },
    /// Makes a plug-in known, whose bytes are stored already.
    AddPlugin(NewPlugin),
    /// Forgets a version of a plug-in that no topic binds.
    DeletePlugin {
        /// The plug-in.
        name: PluginName,
        /// Its version.
        version: PluginVersion,
    },
}

/// A plug-in that was uploaded and checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPlugin {
    /// Its name.
    pub name: PluginName,
    /// Its version, which never changes.
    pub version: PluginVersion,
    /// The SHA-256 of its bytes.
    pub digest: PluginDigest,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// What it can be: `filter`, `serializer`, `partitioner`, `transform`.
    pub kinds: Vec<String>,
    /// The version of the contract that it was built for, such as `0.1.0`.
    pub contract: String,
    /// When it came.
    pub uploaded_at: TimestampMs,
    /// The name of the key that signed it.
    pub signer: Option<String>,
}

/// A topic to be made, with everything decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTopic {
    /// Its name.
    pub name: TopicName,
    /// Its id, drawn by whoever made the command.
    pub id: TopicId,
    /// The replicas of each partition, preferred leader first.
    pub assignments: Vec<Vec<BrokerId>>,
    /// The settings given to it.
    pub configs: Configs,
}

/// A topic, by name or by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TopicRef {
    /// By name.
    Name(TopicName),
    /// By id.
    Id(TopicId),
}

/// Partitions to be added to a topic, with everything decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPartitions {
    /// The topic.
    pub topic: TopicName,
    /// The index of the first new partition: how many the topic has had when this was decided.
    pub first: i32,
    /// The replicas of each new partition, preferred leader first.
    pub assignments: Vec<Vec<BrokerId>>,
}

/// Whose settings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConfigResource {
    /// A topic's.
    Topic(TopicName),
    /// One broker's.
    Broker(BrokerId),
    /// Every broker's (Kafka's broker resource with an empty name).
    Cluster,
    /// A consumer group's.
    Group(String),
    /// A subscription's to metrics of clients (KIP-714).
    ClientMetrics(String),
}

/// A broker that starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerRegistration {
    /// Its `node.id`.
    pub id: BrokerId,
    /// Where Kafka clients reach it.
    pub kafka: Endpoint,
    /// Where other brokers reach it with gRPC; `None` if it does not offer it.
    pub grpc: Option<Endpoint>,
    /// Its rack (`broker.rack`).
    pub rack: Option<String>,
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The topic exists now.
    TopicCreated(TopicId),
    /// The topic is gone.
    TopicDeleted {
        /// Its name.
        name: TopicName,
        /// Its id.
        id: TopicId,
    },
    /// The partitions exist now.
    PartitionsCreated,
    /// The settings are in force.
    ConfigsAltered,
    /// The quotas are in force.
    QuotasAltered,
    /// The broker is known.
    BrokerRegistered {
        /// Under this epoch.
        epoch: i64,
    },
    /// These producer ids are the caller's.
    ProducerIds(Range<i64>),
    /// The plug-in is known.
    PluginAdded {
        /// Whether it was not before.
        is_new: bool,
    },
    /// The plug-in is forgotten.
    PluginDeleted {
        /// The SHA-256 of its bytes.
        digest: PluginDigest,
        /// Whether another name or version has the same bytes.
        shared: bool,
    },
}

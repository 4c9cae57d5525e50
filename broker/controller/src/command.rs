//! The commands of the metadata log.

use std::ops::Range;

use klamm_model::{BrokerId, TopicId, TopicName};
use serde::{Deserialize, Serialize};

use crate::Endpoint;
use crate::settings::Configs;

/// One change of the cluster's metadata, as it stands in the log.
///
/// A command carries every id and time that it needs: applying it on any broker, at any time, gives the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MetadataCommand {
    /// Makes a topic.
    CreateTopic(NewTopic),
    /// Removes a topic.
    DeleteTopic(TopicRef),
    /// Adds partitions to a topic.
    CreatePartitions(MorePartitions),
    /// Changes the settings of a topic or of brokers.
    AlterConfigs(ConfigChange),
    /// Makes a broker known, or known anew.
    RegisterBroker(BrokerRegistration),
    /// Gives a block of producer ids to a broker.
    AllocateProducerIds {
        /// How many ids, at least 1.
        count: i64,
    },
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

/// Partitions to be added to a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MorePartitions {
    /// The topic.
    pub topic: TopicName,
    /// How many partitions the topic shall have.
    pub total: i32,
    /// The replicas of each new partition; empty lets the controller place them.
    pub assignments: Vec<Vec<BrokerId>>,
}

/// Whose settings change.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConfigResource {
    /// A topic's.
    Topic(TopicName),
    /// One broker's.
    Broker(BrokerId),
    /// Every broker's (Kafka's broker resource with an empty name).
    Cluster,
}

/// A change of settings; all of its operations or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigChange {
    /// Whose.
    pub resource: ConfigResource,
    /// What, in order.
    pub ops: Vec<ConfigOp>,
    /// Whether settings that no operation names are removed (Kafka's older AlterConfigs).
    pub replace_all: bool,
}

/// One operation on one setting (KIP-339).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConfigOp {
    /// Gives the setting a value.
    Set {
        /// Its name.
        name: String,
        /// The value.
        value: String,
    },
    /// Removes the value, so that the next layer decides.
    Delete {
        /// Its name.
        name: String,
    },
    /// Adds to a list.
    Append {
        /// Its name.
        name: String,
        /// Comma-separated elements; those in the list already stay once.
        value: String,
    },
    /// Takes from a list.
    Subtract {
        /// Its name.
        name: String,
        /// Comma-separated elements.
        value: String,
    },
}

/// A broker that starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerRegistration {
    /// Its `node.id`.
    pub id: BrokerId,
    /// Where Kafka clients reach it.
    pub kafka: Endpoint,
    /// Where other brokers reach it.
    pub grpc: Option<Endpoint>,
    /// Its rack.
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
    /// The broker is known under this epoch.
    BrokerRegistered {
        /// Its epoch.
        epoch: i64,
    },
    /// These producer ids are the caller's.
    ProducerIds(Range<i64>),
}

//! What clients ask for, before it is checked.

use klamm_model::{BrokerId, TopicName};

use crate::command::ConfigResource;

/// Topics to be made.
#[derive(Debug, Clone)]
pub struct CreateTopics {
    /// The topics; each succeeds or fails alone.
    pub topics: Vec<TopicToCreate>,
    /// Partitions of a topic that doesn't say (`num.partitions`).
    pub default_partitions: i32,
    /// Replicas of a topic that doesn't say (`default.replication.factor`).
    pub default_replication_factor: i16,
    /// Only say what would happen.
    pub validate_only: bool,
}

/// A topic as a client asks for it.
#[derive(Debug, Clone)]
pub struct TopicToCreate {
    /// Its name, not yet checked.
    pub name: String,
    /// How many partitions; `-1` for the default, or where `assignments` says.
    pub partitions: i32,
    /// How many replicas; `-1` for the default, or where `assignments` says.
    pub replication_factor: i16,
    /// The replicas of each partition by its index; empty lets the controller place them.
    pub assignments: Vec<(i32, Vec<BrokerId>)>,
    /// Its settings, not yet checked; `None` is a name without a value, which is refused.
    pub configs: Vec<(String, Option<String>)>,
}

/// Partitions to be added to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MorePartitions {
    /// The topic.
    pub topic: TopicName,
    /// How many partitions the topic shall have.
    pub total: i32,
    /// The replicas of each new partition; empty lets the controller place them.
    pub assignments: Vec<Vec<BrokerId>>,
}

/// A change of settings; all of its operations or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigChange {
    /// Whose.
    pub resource: ConfigResource,
    /// What; at most one operation for a setting.
    pub ops: Vec<ConfigOp>,
    /// Whether settings that no operation names are removed (Kafka's older AlterConfigs).
    pub replace_all: bool,
}

/// One operation on one setting (KIP-339).
#[derive(Debug, Clone, PartialEq, Eq)]
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
        /// Comma-separated elements; one that is in the list already is not added.
        value: String,
    },
    /// Takes from a list.
    Subtract {
        /// Its name.
        name: String,
        /// Comma-separated elements.
        value: String,
    },
    /// Puts a value in the place of the one that the caller knows; refused if it is another by now.
    Replace {
        /// Its name.
        name: String,
        /// What the caller knows; `None` where nothing is set.
        known: Option<String>,
        /// The value; `None` removes it.
        value: Option<String>,
    },
}

impl ConfigOp {
    /// The setting.
    pub fn name(&self) -> &str {
        match self {
            ConfigOp::Set { name, .. }
            | ConfigOp::Delete { name }
            | ConfigOp::Append { name, .. }
            | ConfigOp::Subtract { name, .. }
            | ConfigOp::Replace { name, .. } => name,
        }
    }
}

//! Why a command is refused.

use klamm_model::{
    BrokerId, ErrorCode, InvalidTopicName, PluginDigest, PluginReference, PluginVersion, TopicId, TopicName,
};
use serde::{Deserialize, Serialize};

use crate::bindings::there_is;
use crate::quotas::InvalidQuota;
use crate::settings::InvalidSetting;

/// Why a command is refused: a rule of Kafka's that it breaks (the rules and codes are those of
/// `org.apache.kafka.controller.ReplicationControlManager` and `ConfigurationControlManager`). The metadata is
/// unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Refusal {
    /// The text is no topic name; why.
    #[error("Topic name is invalid: {0}")]
    InvalidTopicName(String),
    /// A topic of the name exists.
    #[error("Topic '{0}' already exists.")]
    TopicExists(TopicName),
    /// The two names would be one in metrics.
    #[error("Topic '{name}' collides with existing topic: {existing}")]
    TopicCollides {
        /// The new name.
        name: TopicName,
        /// The existing topic.
        existing: TopicName,
    },
    /// No topic of the name exists.
    #[error("This server does not host this topic-partition: there is no topic '{0}'.")]
    UnknownTopic(TopicName),
    /// No topic of the id exists.
    #[error("This server does not host this topic ID: {0}.")]
    UnknownTopicId(TopicId),
    /// 0, or negative and not -1.
    #[error("Number of partitions was set to an invalid non-positive value.")]
    PartitionsNotPositive,
    /// More partitions than one request may make.
    #[error("Excessively large number of partitions per request: {requested}, the limit is {limit}.")]
    TooManyPartitions {
        /// How many were asked for.
        requested: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// The topic has at least as many partitions already.
    #[error("The topic {topic} currently has {current} partition(s); {requested} would not be an increase.")]
    NoIncrease {
        /// The topic.
        topic: TopicName,
        /// How many it has.
        current: usize,
        /// How many were asked for.
        requested: i32,
    },
    /// Another command added partitions at the same time.
    #[error(
        "The topic {topic} got partitions from another request at the same time: look at it and try again."
    )]
    PartitionsMoved {
        /// The topic.
        topic: TopicName,
    },
    /// 0, or negative and not -1.
    #[error("Replication factor must be larger than 0, or -1 to use the default value.")]
    ReplicationFactorNotPositive,
    /// There are not so many brokers.
    #[error(
        "Unable to replicate the partition {wanted} time(s): The target replication factor of {wanted} cannot be \
         reached because only {brokers} broker(s) are registered."
    )]
    TooFewBrokers {
        /// The replication factor.
        wanted: usize,
        /// How many brokers could hold a replica.
        brokers: usize,
    },
    /// Both an assignment and a count are given.
    #[error("A manual partition assignment was specified, but {0} was not set to -1.")]
    AssignmentAndCount(String),
    /// The assignment is wrong.
    #[error("{0}")]
    InvalidAssignment(InvalidAssignment),
    /// A setting is unknown or its value not allowed.
    #[error("{0}")]
    InvalidSetting(InvalidSetting),
    /// A setting of a subscription to metrics of clients is unknown or its value not allowed.
    #[error("{0}")]
    InvalidSubscription(InvalidSetting),
    /// A setting of brokers is unknown, its value not allowed, or can't change while they run.
    #[error("{0}")]
    InvalidBrokerSetting(InvalidSetting),
    /// A setting's name without a value.
    #[error("Null value not supported for topic configs: {0}")]
    NullSetting(String),
    /// Appending to, or subtracting from, a setting that is no list.
    #[error("Can't {operation} to key {name} because its type is not LIST.")]
    NotAList {
        /// `APPEND` or `SUBTRACT`.
        operation: String,
        /// The setting.
        name: String,
    },
    /// Two operations on one setting in one request.
    #[error("Error due to duplicate config keys: {0}")]
    DuplicateSetting(String),
    /// Another request changed the setting at the same time.
    #[error("{0} was changed by another request at the same time: look at it and try again.")]
    SettingMoved(String),
    /// No broker of the id is registered.
    #[error("No broker with id {0} found.")]
    UnknownBroker(BrokerId),
    /// A quota is wrong.
    #[error("{0}")]
    InvalidQuota(InvalidQuota),
    /// A block of less than one id, or beyond the last id.
    #[error("A block of {0} producer ids can't be given.")]
    ProducerIdBlock(i64),
    /// The version is there with other bytes.
    #[error(
        "{plugin} is there already with other bytes (sha-256 {existing}, these have {given}): a version never \
         changes, push these as another one"
    )]
    PluginExists {
        /// The plug-in.
        plugin: PluginReference,
        /// What it is.
        existing: PluginDigest,
        /// What was given.
        given: PluginDigest,
    },
    /// There is no such plug-in.
    #[error("there is no plug-in {plugin}{}", there_is(.others))]
    UnknownPlugin {
        /// The plug-in.
        plugin: PluginReference,
        /// Versions that are there.
        others: Vec<PluginVersion>,
    },
    /// Topics bind the plug-in.
    #[error("{plugin} can't be deleted: {} bound to it; unbind it there first", list_topics(.topics, *.count))]
    PluginBound {
        /// The plug-in.
        plugin: PluginReference,
        /// Some of the topics.
        topics: Vec<TopicName>,
        /// How many topics bind it.
        count: usize,
    },
}

fn list_topics(topics: &[TopicName], count: usize) -> String {
    let names: Vec<_> = topics.iter().map(TopicName::as_str).collect();
    let more = if count > names.len() { format!(" and {} more", count - names.len()) } else { String::new() };
    match count {
        1 => format!("topic {} is", names.concat()),
        _ => format!("topics {}{more} are", names.join(", ")),
    }
}

/// What is wrong with an assignment of replicas.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum InvalidAssignment {
    /// No replica.
    #[error("The manual partition assignment includes an empty replica list.")]
    Empty,
    /// A broker that is not registered.
    #[error("The manual partition assignment includes broker {0}, but no such broker is registered.")]
    UnknownBroker(BrokerId),
    /// A broker twice in one partition.
    #[error("The manual partition assignment includes the broker {0} more than once.")]
    DuplicateBroker(BrokerId),
    /// Partitions differ in how many replicas they have.
    #[error(
        "The manual partition assignment includes a partition with {replicas} replica(s), but this is not \
         consistent with previous partitions, which have {previous} replica(s)."
    )]
    Uneven {
        /// This partition's.
        replicas: usize,
        /// The others'.
        previous: usize,
    },
    /// A partition is assigned twice.
    #[error("Found multiple manual partition assignments for partition {0}")]
    DuplicatePartition(i32),
    /// Some partition between 0 and the highest is not assigned.
    #[error("partitions should be a consecutive 0-based integer sequence")]
    Gap,
    /// Not as many assignments as new partitions.
    #[error(
        "Attempted to add {added} additional partition(s), but only {assigned} assignment(s) were specified."
    )]
    WrongCount {
        /// New partitions.
        added: usize,
        /// Assignments.
        assigned: usize,
    },
}

impl Refusal {
    /// Kafka's code for it.
    pub fn code(&self) -> ErrorCode {
        match self {
            Refusal::InvalidTopicName(_) | Refusal::TopicCollides { .. } => ErrorCode::InvalidTopicException,
            Refusal::TopicExists(_) => ErrorCode::TopicAlreadyExists,
            Refusal::UnknownTopic(_) => ErrorCode::UnknownTopicOrPartition,
            Refusal::UnknownTopicId(_) => ErrorCode::UnknownTopicId,
            Refusal::PartitionsNotPositive | Refusal::NoIncrease { .. } | Refusal::PartitionsMoved { .. } => {
                ErrorCode::InvalidPartitions
            }
            Refusal::TooManyPartitions { .. } | Refusal::PluginBound { .. } => ErrorCode::PolicyViolation,
            Refusal::ReplicationFactorNotPositive | Refusal::TooFewBrokers { .. } => {
                ErrorCode::InvalidReplicationFactor
            }
            Refusal::InvalidAssignment(_) => ErrorCode::InvalidReplicaAssignment,
            Refusal::InvalidSetting(_) | Refusal::NullSetting(_) | Refusal::NotAList { .. } => {
                ErrorCode::InvalidConfig
            }
            Refusal::AssignmentAndCount(_)
            | Refusal::DuplicateSetting(_)
            | Refusal::SettingMoved(_)
            | Refusal::ProducerIdBlock(_)
            | Refusal::InvalidSubscription(_)
            | Refusal::InvalidBrokerSetting(_)
            | Refusal::InvalidQuota(_) => ErrorCode::InvalidRequest,
            Refusal::UnknownBroker(_) => ErrorCode::BrokerIdNotRegistered,
            // Asked for by gRPC only.
            Refusal::PluginExists { .. } => ErrorCode::DuplicateResource,
            Refusal::UnknownPlugin { .. } => ErrorCode::ResourceNotFound,
        }
    }
}

impl From<InvalidTopicName> for Refusal {
    fn from(invalid: InvalidTopicName) -> Refusal {
        Refusal::InvalidTopicName(invalid.to_string())
    }
}

impl From<InvalidAssignment> for Refusal {
    fn from(invalid: InvalidAssignment) -> Refusal {
        Refusal::InvalidAssignment(invalid)
    }
}

impl From<InvalidQuota> for Refusal {
    fn from(invalid: InvalidQuota) -> Refusal {
        Refusal::InvalidQuota(invalid)
    }
}

impl From<InvalidSetting> for Refusal {
    fn from(invalid: InvalidSetting) -> Refusal {
        Refusal::InvalidSetting(invalid)
    }
}

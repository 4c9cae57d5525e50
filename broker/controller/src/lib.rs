//! The cluster's metadata: which topics, partitions, brokers, settings and producer ids exist.
//!
//! What it is: a log of [`MetadataCommand`]s that openraft replicates and redb stores (fsynced before a command
//! counts), a pure function that turns the log into [`MetadataImage`]s, and the tables of every topic and broker
//! setting that is honoured here ([`settings`]). A single broker is a cluster of one on the same path.
//!
//! What it is not: it opens no partition and speaks no Kafka. The server follows the image and acts on it.
//!
//! ```text
//!   request -> plan (checks, placement) -> MetadataCommand -> Raft log (redb, fsync) -> apply (pure)
//!                                                                                          |
//!   every reader <- Controller::image() <- MetadataImage, swapped whole <------------------+
//! ```

mod apply;
mod bindings;
mod command;
mod controller;
#[cfg(test)]
mod fixtures;
mod image;
mod placement;
mod plan;
pub mod quotas;
mod raft;
mod refusal;
mod request;
mod rules;
pub mod settings;

pub use command::{
    BrokerRegistration, ConfigResource, MetadataCommand, NewPartitions, NewPlugin, NewTopic, Outcome,
    TopicRef,
};
pub use controller::{Controller, ControllerOptions, Quorum, StartError, SubmitError};
pub use image::{
    BrokerImage, Endpoint, InvalidPersistedImage, MetadataImage, PartitionImage, PluginImage, TopicImage,
};
pub use raft::StoreError;
pub use refusal::{InvalidAssignment, Refusal};
pub use request::{ConfigChange, ConfigOp, CreateTopics, MorePartitions, TopicToCreate};

//! The cluster's metadata: which topics, partitions, brokers, settings and producer ids exist.
//!
//! What it is: a log of [`MetadataCommand`]s that openraft replicates and redb stores (fsynced before a command
//! counts), a pure function that turns the log into [`MetadataImage`]s, and the tables of every topic and broker
//! setting that is honoured here ([`settings`]). A single broker is a cluster of one on the same path.
//!
//! What it is not: it opens no partition and speaks no Kafka. The server follows the image and acts on it.
//!
//! ```text
//!   handler -> Controller::create_topics .. -> Raft log (redb, fsync) -> apply (pure) -> MetadataImage
//!                                                                                         |  swapped whole
//!   every reader  <----------------------------- Controller::image() ---------------------+
//! ```

mod command;
mod controller;
mod image;
mod placement;
mod refusal;
pub mod settings;

pub use command::{
    BrokerRegistration, ConfigChange, ConfigOp, ConfigResource, MetadataCommand, MorePartitions, NewTopic,
    Outcome, TopicRef,
};
pub use controller::{Controller, ControllerOptions, CreateTopics, StartError, SubmitError, TopicToCreate};
pub use image::{BrokerImage, Endpoint, MetadataImage, PartitionImage, TopicImage};
pub use refusal::Refusal;

//! The handle on the cluster's metadata.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use klamm_model::{BrokerId, ClusterId, TopicId, TopicName};
use tokio::sync::watch;

use crate::{
    BrokerRegistration, ConfigChange, MetadataCommand, MetadataImage, MorePartitions, Outcome, Refusal,
    TopicImage, TopicRef, settings::Configs,
};

/// How to start a controller.
#[derive(Debug, Clone)]
pub struct ControllerOptions {
    /// The directory of the metadata log; made if it is absent. No other process may use it.
    pub dir: PathBuf,
    /// This broker.
    pub node_id: BrokerId,
    /// The cluster; a metadata log of another cluster is refused.
    pub cluster_id: ClusterId,
}

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
    /// The replicas of each partition; empty lets the controller place them.
    pub assignments: Vec<(i32, Vec<BrokerId>)>,
    /// Its settings, not yet checked; `None` is a name without a value, which is refused.
    pub configs: Vec<(String, Option<String>)>,
}

/// Why a controller can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {}

/// Why a command did not reach the log.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SubmitError {
    /// The command broke a rule.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// The handle on the cluster's metadata. Cheap to clone; every thread may use it.
#[derive(Debug, Clone)]
pub struct Controller {
    image: Arc<MetadataImage>,
    changed: watch::Receiver<u64>,
}

impl Controller {
    /// Opens the metadata log and, in a cluster of one, leads it when this returns. Its tasks run on the
    /// runtime of the caller, which must live as long as the controller.
    pub async fn start(_options: ControllerOptions) -> Result<Controller, StartError> {
        todo!()
    }

    /// The newest image. Never blocks.
    pub fn image(&self) -> Arc<MetadataImage> {
        Arc::clone(&self.image)
    }

    /// Changes whenever the image does; its value is [`MetadataImage::applied`].
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }

    /// Puts a command into the log; when this returns, [`Controller::image`] shows it.
    pub async fn submit(&self, _command: MetadataCommand) -> Result<Outcome, SubmitError> {
        todo!()
    }

    /// Puts commands into the log with one fsync; each succeeds or is refused alone.
    pub async fn submit_all(
        &self,
        _commands: Vec<MetadataCommand>,
    ) -> Result<Vec<Result<Outcome, Refusal>>, SubmitError> {
        todo!()
    }

    /// Makes topics. The answers are in the order of the request; a topic that was only validated comes back
    /// as it would be.
    pub async fn create_topics(
        &self,
        _request: CreateTopics,
    ) -> Result<Vec<Result<Arc<TopicImage>, Refusal>>, SubmitError> {
        todo!()
    }

    /// Removes topics; gives the name and id of each.
    pub async fn delete_topics(
        &self,
        _topics: Vec<TopicRef>,
    ) -> Result<Vec<Result<(TopicName, TopicId), Refusal>>, SubmitError> {
        todo!()
    }

    /// Adds partitions to topics.
    pub async fn create_partitions(
        &self,
        _topics: Vec<MorePartitions>,
        _validate_only: bool,
    ) -> Result<Vec<Result<(), Refusal>>, SubmitError> {
        todo!()
    }

    /// Changes settings. Names and values are checked against the tables of [`crate::settings`].
    pub async fn alter_configs(
        &self,
        _changes: Vec<ConfigChange>,
        _validate_only: bool,
    ) -> Result<Vec<Result<(), Refusal>>, SubmitError> {
        todo!()
    }

    /// A block of producer ids that no one else gets (1000, as Kafka gives).
    pub async fn allocate_producer_ids(&self) -> Result<Range<i64>, SubmitError> {
        todo!()
    }

    /// Makes this broker known; gives its epoch.
    pub async fn register_broker(&self, _registration: BrokerRegistration) -> Result<i64, SubmitError> {
        todo!()
    }

    /// Stops the log's tasks and closes the store. Later submits fail, the image stays readable.
    pub async fn shutdown(&self) {
        todo!()
    }

    #[expect(dead_code, reason = "skeleton")]
    fn defaults(_: &Configs) {}
}

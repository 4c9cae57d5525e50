//! The handle on the cluster's metadata.

mod admin;
#[cfg(test)]
mod durability;
mod error;
mod quorum;
mod start;

use std::path::PathBuf;
use std::sync::Arc;

use klamm_model::BrokerId;
use openraft::Raft;
use openraft::error::{ClientWriteError, Fatal, ForwardToLeader, RaftError};
use tokio::sync::{Mutex, watch};

pub use error::{StartError, SubmitError};
pub use quorum::Quorum;
pub use start::ControllerOptions;

use crate::command::{MetadataCommand, Outcome};
use crate::image::{ImageStore, MetadataImage};
use crate::raft::{Batch, TypeConfig};
use crate::refusal::Refusal;

/// With less room than this, nothing is written: a write that fails half-way stops the log until the broker
/// starts again, a write that is not tried can be tried later.
const MIN_FREE_BYTES: u64 = 16 << 20;

/// The handle on the cluster's metadata. Cheap to clone; every thread and every runtime may use it.
#[derive(Debug, Clone)]
pub struct Controller {
    inner: Arc<Inner>,
}

struct Inner {
    node_id: BrokerId,
    dir: PathBuf,
    raft: Raft<TypeConfig>,
    images: Arc<ImageStore>,
    /// Held while settings change, because the new value of a list comes from the one that is there.
    alter_configs: Mutex<()>,
    /// Becomes `true` when the store is closed.
    closed: watch::Receiver<bool>,
}

impl Controller {
    /// The newest image. Never blocks.
    pub fn image(&self) -> Arc<MetadataImage> {
        self.inner.images.load()
    }

    /// Changes whenever the image does; its value is [`MetadataImage::applied`].
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.inner.images.subscribe()
    }

    /// This broker.
    pub fn node_id(&self) -> BrokerId {
        self.inner.node_id
    }

    /// Puts a command into the log; when this returns, [`Controller::image`] shows it.
    pub async fn submit(&self, command: MetadataCommand) -> Result<Outcome, SubmitError> {
        let outcomes = self.submit_all(vec![command]).await?;
        match outcomes.into_iter().next() {
            Some(outcome) => Ok(outcome?),
            None => Err(SubmitError::Unanswered),
        }
    }

    /// Puts commands into the log with one fsync; each succeeds or is refused alone, in their order.
    pub async fn submit_all(
        &self,
        commands: Vec<MetadataCommand>,
    ) -> Result<Vec<Result<Outcome, Refusal>>, SubmitError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        self.check_room()?;
        match self.inner.raft.client_write(Batch(commands)).await {
            Ok(response) => Ok(response.data),
            Err(RaftError::Fatal(fatal)) => Err(stopped(&fatal)),
            Err(RaftError::APIError(ClientWriteError::ForwardToLeader(to))) => Err(not_leader(&to)),
            Err(RaftError::APIError(ClientWriteError::ChangeMembershipError(_))) => {
                Err(SubmitError::Unanswered)
            }
        }
    }

    /// Why the log takes no more commands; `None` while it does.
    pub fn failure(&self) -> Option<SubmitError> {
        let metrics = self.inner.raft.metrics();
        let state = metrics.borrow().running_state.clone();
        state.err().map(|fatal| stopped(&fatal))
    }

    /// Stops the log and closes its store. Later commands fail, the image stays readable.
    pub async fn shutdown(&self) {
        if let Err(error) = self.inner.raft.shutdown().await {
            tracing::warn!(%error, "the metadata log did not stop cleanly; nothing in it is lost");
        }
        let mut closed = self.inner.closed.clone();
        // An error says that the thread is gone, which is as good.
        let _ = closed.wait_for(|closed| *closed).await;
    }

    fn check_room(&self) -> Result<(), SubmitError> {
        // Where the file system can't say, the write will.
        let Ok(room) = rustix::fs::statvfs(&self.inner.dir) else {
            return Ok(());
        };
        let free_bytes = room.f_bavail.saturating_mul(room.f_frsize);
        // A small disk must not count as full from the beginning.
        let needed_bytes = MIN_FREE_BYTES.min(room.f_blocks.saturating_mul(room.f_frsize) / 8);
        if free_bytes >= needed_bytes {
            return Ok(());
        }
        Err(SubmitError::DiskFull { dir: self.inner.dir.clone(), free_bytes, needed_bytes })
    }
}

fn stopped(fatal: &Fatal<u64>) -> SubmitError {
    SubmitError::Stopped { reason: fatal.to_string() }
}

fn not_leader(to: &ForwardToLeader<u64, openraft::BasicNode>) -> SubmitError {
    SubmitError::NotLeader { leader: to.leader_id.and_then(start::broker_of) }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controller")
            .field("node_id", &self.node_id)
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

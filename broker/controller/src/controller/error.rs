//! What goes wrong between a caller and the log.

use std::path::PathBuf;

use klamm_model::{BrokerId, ErrorCode};

use crate::raft::StoreError;
use crate::refusal::Refusal;

/// Why a controller can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log can't be opened, or is not this broker's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that writes the log can't be started.
    #[error("the thread of the metadata log can't be started: {0}")]
    Thread(std::io::Error),
    /// `node.id` is negative.
    #[error("node.id {0} is negative")]
    NodeId(BrokerId),
    /// The log can't be read, or Raft can't start from what is in it.
    #[error("the metadata log can't start: {0}")]
    Raft(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No leader in time.
    #[error("this broker did not become the leader of its metadata log: {0}")]
    NoLeader(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a command has no outcome.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// It breaks a rule.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Another broker leads the log.
    #[error("this broker does not lead the metadata log{}", leader.map_or_else(String::new, |id| format!(": broker {id} does")))]
    NotLeader {
        /// Who does, where that is known.
        leader: Option<BrokerId>,
    },
    /// There is hardly any room; nothing was written.
    #[error(
        "the disk of the metadata log ({dir}) is full: {free_bytes} bytes are free, {needed_bytes} are needed. \
         Make room and try again"
    )]
    DiskFull {
        /// The log's directory.
        dir: PathBuf,
        /// Bytes that are free.
        free_bytes: u64,
        /// Bytes that must be.
        needed_bytes: u64,
    },
    /// The log has stopped, because a write failed or the broker shuts down. What happened to the command is
    /// not known.
    #[error(
        "the metadata log has stopped: {reason}. Topics can be read and written; start the broker again to change metadata"
    )]
    Stopped {
        /// Why.
        reason: String,
    },
    /// Raft gave no answer for the command.
    #[error("the metadata log gave no answer")]
    Unanswered,
}

impl SubmitError {
    /// Kafka's code for it.
    pub fn code(&self) -> ErrorCode {
        match self {
            SubmitError::Refused(refusal) => refusal.code(),
            SubmitError::NotLeader { .. } => ErrorCode::NotController,
            SubmitError::DiskFull { .. } | SubmitError::Stopped { .. } => ErrorCode::KafkaStorageError,
            SubmitError::Unanswered => ErrorCode::UnknownServerError,
        }
    }
}

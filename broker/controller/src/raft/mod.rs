//! The metadata log: openraft's types, its storage over redb, its network.
//!
//! ```text
//!   Controller -> openraft -> LogStore -> StoreThread -> MetadataStore (redb, fsync)
//!                    |                        ^
//!                    \--> StateMachine -------/  snapshots
//!                              \--> ImageStore
//! ```
//!
//! What counts is on disk before it counts: entries and votes are committed with an fsync before openraft
//! hears of them. The image is memory: after a start it comes from the last snapshot and the log after it.

mod log_store;
mod network;
#[cfg(test)]
mod power_loss;
mod state_machine;
mod store;
mod store_thread;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod test_disk;

use std::io::Cursor;

use serde::{Deserialize, Serialize};

use crate::command::{MetadataCommand, Outcome};
use crate::refusal::Refusal;

pub(crate) use log_store::LogStore;
pub(crate) use network::NoPeers;
pub(crate) use state_machine::StateMachine;
pub use store::StoreError;
pub(crate) use store::{MetadataStore, Owner};
pub(crate) use store_thread::StoreThread;
#[cfg(test)]
pub(crate) use test_disk::TestDisk;

openraft::declare_raft_types!(
    /// The types that openraft works with here.
    pub(crate) TypeConfig:
        D = Batch,
        R = Vec<Result<Outcome, Refusal>>,
        NodeId = u64,
        Node = openraft::BasicNode,
        Entry = openraft::Entry<TypeConfig>,
        SnapshotData = Cursor<Vec<u8>>,
);

/// Commands that share one log entry, and so one fsync; each succeeds or is refused alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Batch(pub(crate) Vec<MetadataCommand>);

pub(crate) type LogId = openraft::LogId<u64>;
pub(crate) type Entry = openraft::Entry<TypeConfig>;
pub(crate) type Vote = openraft::Vote<u64>;
pub(crate) type SnapshotMeta = openraft::SnapshotMeta<u64, openraft::BasicNode>;
pub(crate) type StorageError = openraft::StorageError<u64>;

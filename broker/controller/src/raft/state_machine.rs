//! openraft's state machine: the image.

use std::io::Cursor;
use std::sync::Arc;

use openraft::storage::RaftStateMachine;
use openraft::{
    AnyError, BasicNode, EntryPayload, OptionalSend, RaftSnapshotBuilder, Snapshot, StorageIOError,
    StoredMembership,
};

use super::store::{MetadataStore, StoreError};
use super::store_thread::StoreThread;
use super::{Entry, LogId, SnapshotMeta, StorageError, TypeConfig};
use crate::apply::apply;
use crate::command::Outcome;
use crate::image::{ImageStore, MetadataImage};
use crate::refusal::Refusal;

/// openraft's state machine: applies committed entries and publishes the image.
#[derive(Debug)]
pub(crate) struct StateMachine {
    image: MetadataImage,
    applied: Option<LogId>,
    membership: StoredMembership<u64, BasicNode>,
    published: Arc<ImageStore>,
    store: Arc<MetadataStore>,
    thread: StoreThread,
}

/// An image that becomes a snapshot.
#[derive(Debug)]
pub(crate) struct SnapshotBuilder {
    image: MetadataImage,
    applied: Option<LogId>,
    membership: StoredMembership<u64, BasicNode>,
    thread: StoreThread,
}

impl StateMachine {
    /// Starts from the last snapshot, if there is one, and publishes it.
    pub(crate) fn open(
        store: Arc<MetadataStore>,
        thread: StoreThread,
        published: Arc<ImageStore>,
    ) -> Result<StateMachine, StoreError> {
        let mut machine = StateMachine {
            image: MetadataImage::clone(&published.load()),
            applied: None,
            membership: StoredMembership::default(),
            published,
            store,
            thread,
        };
        if let Some((meta, bytes)) = machine.store.snapshot()? {
            machine.become_snapshot(&meta, &bytes)?;
        }
        Ok(machine)
    }

    fn become_snapshot(&mut self, meta: &SnapshotMeta, bytes: &[u8]) -> Result<(), StoreError> {
        self.image = MetadataImage::from_bytes(bytes)?;
        self.applied = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        self.published.publish(&self.image);
        Ok(())
    }

    fn apply_entry(&mut self, entry: Entry) -> Vec<Result<Outcome, Refusal>> {
        let index = entry.log_id.index;
        let outcomes = match entry.payload {
            EntryPayload::Blank => Vec::new(),
            EntryPayload::Membership(membership) => {
                self.membership = StoredMembership::new(Some(entry.log_id), membership);
                Vec::new()
            }
            EntryPayload::Normal(batch) => {
                batch.0.iter().map(|command| apply(&mut self.image, index, command)).collect()
            }
        };
        self.applied = Some(entry.log_id);
        self.image.applied = index;
        outcomes
    }
}

impl RaftStateMachine<TypeConfig> for StateMachine {
    type SnapshotBuilder = SnapshotBuilder;

    async fn applied_state(
        &mut self,
    ) -> Result<(Option<LogId>, StoredMembership<u64, BasicNode>), StorageError> {
        Ok((self.applied, self.membership.clone()))
    }

    /// Publishes once for all entries, before openraft tells whoever submitted them: a submitter reads its write.
    async fn apply<I>(&mut self, entries: I) -> Result<Vec<Vec<Result<Outcome, Refusal>>>, StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let outcomes = entries.into_iter().map(|entry| self.apply_entry(entry)).collect();
        self.published.publish(&self.image);
        Ok(outcomes)
    }

    async fn get_snapshot_builder(&mut self) -> SnapshotBuilder {
        SnapshotBuilder {
            image: self.image.clone(),
            applied: self.applied,
            membership: self.membership.clone(),
            thread: self.thread.clone(),
        }
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Cursor<Vec<u8>>>, StorageError> {
        Ok(Box::default())
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        snapshot: Box<Cursor<Vec<u8>>>,
    ) -> Result<(), StorageError> {
        let bytes = snapshot.into_inner();
        self.become_snapshot(meta, &bytes).map_err(|error| read_snapshot(&error))?;
        let meta = meta.clone();
        let saved = self.thread.run(move |store| store.save_snapshot(&meta, &bytes)).await;
        saved.map_err(|error| write_snapshot(&error))
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<TypeConfig>>, StorageError> {
        let snapshot = self.store.snapshot().map_err(|error| read_snapshot(&error))?;
        Ok(snapshot.map(|(meta, bytes)| Snapshot { meta, snapshot: Box::new(Cursor::new(bytes)) }))
    }
}

impl RaftSnapshotBuilder<TypeConfig> for SnapshotBuilder {
    /// Encodes and writes on the store's thread: an image of many topics takes longer than a runtime may stop.
    async fn build_snapshot(&mut self) -> Result<Snapshot<TypeConfig>, StorageError> {
        let meta = SnapshotMeta {
            last_log_id: self.applied,
            last_membership: self.membership.clone(),
            snapshot_id: self.applied.map_or_else(|| "empty".to_owned(), |id| id.to_string()),
        };
        let (image, saved_meta) = (self.image.clone(), meta.clone());
        let saved = self.thread.run(move |store| {
            let encoded = image.to_bytes();
            let bytes =
                encoded.map_err(|source| StoreError::Damaged { place: "the image".to_owned(), source })?;
            store.save_snapshot(&saved_meta, &bytes)?;
            Ok(bytes)
        });
        let bytes = saved.await.map_err(|error| write_snapshot(&error))?;
        Ok(Snapshot { meta, snapshot: Box::new(Cursor::new(bytes)) })
    }
}

fn read_snapshot(error: &StoreError) -> StorageError {
    StorageIOError::read_snapshot(None, AnyError::new(error)).into()
}

fn write_snapshot(error: &StoreError) -> StorageError {
    StorageIOError::write_snapshot(None, AnyError::new(error)).into()
}

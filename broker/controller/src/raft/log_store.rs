//! openraft's log storage.

use std::fmt::Debug;
use std::ops::RangeBounds;
use std::sync::Arc;

use openraft::storage::{LogFlushed, RaftLogStorage};
use openraft::{AnyError, LogState, OptionalSend, RaftLogReader, StorageIOError};

use super::store::{MetadataStore, StoreError};
use super::store_thread::StoreThread;
use super::{Entry, LogId, StorageError, TypeConfig, Vote};

/// openraft's log storage: writes go to the store's thread, reads are small and done where they are asked for.
#[derive(Debug, Clone)]
pub(crate) struct LogStore {
    store: Arc<MetadataStore>,
    thread: StoreThread,
}

impl LogStore {
    pub(crate) fn new(store: Arc<MetadataStore>, thread: StoreThread) -> LogStore {
        LogStore { store, thread }
    }
}

impl RaftLogReader<TypeConfig> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, StorageError> {
        let range = (range.start_bound().cloned(), range.end_bound().cloned());
        self.store.entries(range).map_err(read_logs)
    }
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = LogStore;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, StorageError> {
        let purged = self.store.purged().map_err(read_logs)?;
        let last = self.store.last_entry().map_err(read_logs)?.map(|entry| entry.log_id);
        Ok(LogState { last_purged_log_id: purged, last_log_id: last.or(purged) })
    }

    async fn get_log_reader(&mut self) -> LogStore {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), StorageError> {
        let vote = *vote;
        let saved = self.thread.run(move |store| store.save_vote(&vote)).await;
        saved.map_err(|error| StorageIOError::write_vote(AnyError::new(&error)).into())
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, StorageError> {
        self.store.vote().map_err(|error| StorageIOError::read_vote(AnyError::new(&error)).into())
    }

    /// Waits for the fsync: openraft's core does nothing between this and the callback anyway.
    async fn append<I>(&mut self, entries: I, done: LogFlushed<TypeConfig>) -> Result<(), StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<_> = entries.into_iter().collect();
        self.thread.run(move |store| store.append(&entries)).await.map_err(write_logs)?;
        done.log_io_completed(Ok(()));
        Ok(())
    }

    async fn truncate(&mut self, first: LogId) -> Result<(), StorageError> {
        self.thread.run(move |store| store.truncate(first.index)).await.map_err(write_logs)
    }

    async fn purge(&mut self, last: LogId) -> Result<(), StorageError> {
        self.thread.run(move |store| store.purge(&last)).await.map_err(write_logs)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn read_logs(error: StoreError) -> StorageError {
    StorageIOError::read_logs(AnyError::new(&error)).into()
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn write_logs(error: StoreError) -> StorageError {
    StorageIOError::write_logs(AnyError::new(&error)).into()
}

//! The thread on which the metadata log is written.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::store::{MetadataStore, StoreError};

/// More than openraft ever has under way.
const QUEUE: usize = 16;

type Job = Box<dyn FnOnce(&MetadataStore) + Send>;

/// The thread on which the metadata log is written: an fsync must not stop a runtime that serves clients.
/// One thread, so that writes keep the order in which they were asked for, as Raft demands.
#[derive(Debug, Clone)]
pub(crate) struct StoreThread {
    jobs: mpsc::Sender<Job>,
}

impl StoreThread {
    /// Starts the thread. It ends, and closes the store, when the last handle is gone; then the receiver
    /// becomes `true`.
    ///
    /// Whoever holds the store too must let go of it before the handle.
    pub(crate) fn start(store: Arc<MetadataStore>) -> std::io::Result<(StoreThread, watch::Receiver<bool>)> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let (closed, is_closed) = watch::channel(false);
        std::thread::Builder::new().name("metadata-log".to_owned()).spawn(move || {
            while let Some(job) = queue.blocking_recv() {
                job(&store);
            }
            drop(store);
            closed.send_replace(true);
        })?;
        Ok((StoreThread { jobs }, is_closed))
    }

    /// Runs `work` on the thread, after everything that was asked for before.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&MetadataStore) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, result) = oneshot::channel();
        let job: Job = Box::new(move |store| {
            // Whoever asked may have been dropped; the work is done all the same.
            let _ = answer.send(work(store));
        });
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        result.await.map_err(|_| StoreError::Closed)?
    }
}

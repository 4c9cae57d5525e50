//! Reading of partitions from their leaders, all leaders at once.

use std::collections::BTreeMap;
use std::time::Instant;

use klamm_model::{BrokerId, ErrorCode};
use klamm_records::{BatchError, batches};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::aborted::Aborted;
use super::fetcher::{Cursor, Fetched, Fetcher, Handed};
use super::sink::Sink;
use crate::client::{Backoff, Client, ClientError, Isolation, Topic};
use crate::error::CliError;
use crate::output::note;

/// The most that the records of one batch may decompress to.
const MAX_UNCOMPRESSED_BYTES: usize = 1 << 30;

/// Reads partitions from their leaders.
pub(crate) struct Reader {
    client: Client,
    topic: Topic,
    isolation: Isolation,
    /// Each partition that isn't handed over to its end.
    cursors: BTreeMap<i32, Cursor>,
    /// One for each leader; they stop when this is dropped.
    fetchers: JoinSet<()>,
    fetched: mpsc::Receiver<Handed>,
    failing: Option<Backoff>,
}

impl Reader {
    pub(crate) fn new(
        client: Client,
        topic: Topic,
        isolation: Isolation,
        cursors: BTreeMap<i32, Cursor>,
    ) -> Reader {
        let fetched = mpsc::channel(1).1;
        Reader { client, topic, isolation, cursors, fetchers: JoinSet::new(), fetched, failing: None }
    }

    /// How many records there are to read, where that has an end: at the most, since there may be gaps.
    pub(crate) fn records_to_read(&self) -> Option<u64> {
        let left = |cursor: &Cursor| Some((cursor.end?.0 - cursor.next.0).max(0) as u64);
        self.cursors.values().map(left).sum()
    }

    /// The client again, when all is read.
    pub(crate) fn into_client(self) -> Client {
        self.client
    }

    /// Gives the sink what a broker has next; whether there is more to read.
    pub(crate) async fn read(&mut self, sink: &mut impl Sink) -> Result<bool, CliError> {
        if self.cursors.is_empty() {
            return Ok(false);
        }
        if self.fetchers.is_empty()
            && let Err(error) = self.start_fetchers().await
        {
            self.recover(error).await?;
            return Ok(true);
        }
        match self.fetched.recv().await {
            Some(Ok(fetched)) => {
                self.failing = None;
                for partition in &fetched {
                    self.hand_over(partition, sink)?;
                }
            }
            Some(Err(error)) => {
                sink.flush()?;
                self.recover(error).await?;
            }
            // The fetchers are through; if anything isn't at its end it starts anew.
            None => self.fetchers.shutdown().await,
        }
        sink.flush()?;
        Ok(!self.cursors.is_empty())
    }

    async fn start_fetchers(&mut self) -> Result<(), ClientError> {
        let mut by_leader: BTreeMap<BrokerId, BTreeMap<i32, Cursor>> = BTreeMap::new();
        for (&partition, cursor) in &self.cursors {
            let leader = self.topic.leader(partition)?;
            let cursor = Cursor { leader_epoch: leader.epoch, ..*cursor };
            by_leader.entry(leader.broker).or_default().insert(partition, cursor);
        }
        let (sender, receiver) = mpsc::channel(1);
        self.fetched = receiver;
        for (leader, cursors) in by_leader {
            let fetcher = Fetcher {
                connection: self.client.dedicated(leader).await?,
                topic: self.topic.name.clone(),
                topic_id: self.topic.id,
                isolation: self.isolation,
                timeout: self.client.options().timeout,
                cursors,
            };
            self.fetchers.spawn(fetcher.run(sender.clone()));
        }
        Ok(())
    }

    fn hand_over(&mut self, fetched: &Fetched, sink: &mut impl Sink) -> Result<(), CliError> {
        let index = fetched.partition;
        let Some(cursor) = self.cursors.get_mut(&index) else { return Ok(()) };
        let damaged = |error: BatchError| {
            CliError::failed(format!("reading {}-{index}: {error}", self.topic.name))
                .next("look at the file with `klamm log dump`")
        };
        let mut aborted = Aborted::new(fetched.aborted.as_deref().unwrap_or_default());
        for batch in batches(&fetched.bytes) {
            let batch = batch.map_err(damaged)?;
            batch.verify_crc().map_err(damaged)?;
            if !aborted.hides(&batch) {
                let mut records = batch.records(MAX_UNCOMPRESSED_BYTES).map_err(damaged)?;
                while let Some(record) = records.next_record().map_err(damaged)? {
                    // A fetch gives whole batches, whatever the offset it asks for.
                    if record.offset >= cursor.next && cursor.end.is_none_or(|end| record.offset < end) {
                        sink.take(index, &record)?;
                    }
                }
            }
            cursor.next = batch.header.next_offset().max(cursor.next);
        }
        if cursor.is_at_end() {
            self.cursors.remove(&index);
        }
        Ok(())
    }

    /// Waits and looks for the leaders anew, for as long as an operation may take.
    async fn recover(&mut self, error: ClientError) -> Result<(), ClientError> {
        let ends = Instant::now() + self.client.options().timeout;
        // An offset that isn't there may come with a new leader, but not where everybody has always been.
        let lost = error.code() == Some(ErrorCode::OffsetOutOfRange);
        if lost || !error.is_retriable() {
            return Err(error);
        }
        let mut failing = self.failing.unwrap_or(Backoff::until(ends));
        if !failing.wait().await {
            return Err(error);
        }
        if self.failing.replace(failing).is_none() {
            note(&format!("{error}; trying again"));
        }
        self.fetchers.shutdown().await;
        // If that fails too, the next round fails and comes here again.
        if let Ok(topic) = self.client.topic(&self.topic.name, false).await {
            self.topic = topic;
        }
        Ok(())
    }
}

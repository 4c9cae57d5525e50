//! Fetching from one leader, ahead of who prints: a slow leader holds nobody up, and a fast one is asked for more
//! while its last answer is printed.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use klamm_model::{Offset, TopicId};
use klamm_records::{BatchError, batches};
use klamm_wire::messages::fetch::{AbortedTransaction, FetchPartition, FetchTopic, PartitionData};
use klamm_wire::messages::{FetchRequest, FetchResponse};
use tokio::sync::mpsc;

use crate::client::{ClientError, Connection, Isolation, check};

/// How long a broker may wait for records.
const MAX_WAIT: Duration = Duration::from_millis(500);
/// What one answer has at the most, and what one partition has in it.
const MAX_BYTES: i32 = 32 << 20;
const MAX_PARTITION_BYTES: i32 = 8 << 20;

/// What is fetched of one partition: whole batches.
#[derive(Debug)]
pub(super) struct Fetched {
    pub partition: i32,
    pub bytes: Bytes,
    pub aborted: Option<Vec<AbortedTransaction>>,
}

/// What a fetcher hands over: an answer, or why there is none; then it ends.
pub(super) type Handed = Result<Vec<Fetched>, ClientError>;

/// Where a partition is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor {
    pub next: Offset,
    /// Where to stop; never, if there is none.
    pub end: Option<Offset>,
    pub leader_epoch: i32,
}

impl Cursor {
    pub(crate) fn is_at_end(&self) -> bool {
        self.end.is_some_and(|end| self.next >= end)
    }
}

/// Fetches partitions from their leader until they are at their ends.
pub(super) struct Fetcher {
    pub connection: Connection,
    pub topic: String,
    pub topic_id: TopicId,
    pub isolation: Isolation,
    pub timeout: Duration,
    pub cursors: BTreeMap<i32, Cursor>,
}

impl Fetcher {
    /// Hands over what is fetched until all is, it fails, or nobody listens.
    pub(super) async fn run(mut self, to: mpsc::Sender<Handed>) {
        while !self.cursors.is_empty() {
            let handed = self.fetch().await;
            let failed = handed.is_err();
            if to.send(handed).await.is_err() || failed {
                return;
            }
        }
    }

    async fn fetch(&mut self) -> Handed {
        let request = self.request();
        let response: FetchResponse =
            self.connection.call(&request, i16::MAX, self.timeout + MAX_WAIT).await?;
        let fetched = self.take(response);
        fetched.map_err(|error| error.at(self.connection.address()))
    }

    fn request(&self) -> FetchRequest {
        let partition = |(&partition, cursor): (&i32, &Cursor)| FetchPartition {
            partition,
            current_leader_epoch: cursor.leader_epoch,
            fetch_offset: cursor.next.0,
            partition_max_bytes: MAX_PARTITION_BYTES,
            ..FetchPartition::default()
        };
        let topic = FetchTopic {
            topic: self.topic.clone(),
            topic_id: self.topic_id,
            partitions: self.cursors.iter().map(partition).collect(),
        };
        FetchRequest {
            max_wait_ms: MAX_WAIT.as_millis() as i32,
            min_bytes: 1,
            max_bytes: MAX_BYTES,
            isolation_level: self.isolation.code(),
            topics: vec![topic],
            ..FetchRequest::default()
        }
    }

    fn take(&mut self, response: FetchResponse) -> Handed {
        check(response.error_code, None, format!("reading {}", self.topic))?;
        let partitions = response.responses.into_iter().flat_map(|topic| topic.partitions);
        partitions.map(|partition| self.take_partition(partition)).collect()
    }

    fn take_partition(&mut self, data: PartitionData) -> Result<Fetched, ClientError> {
        let partition = data.partition_index;
        let name = format!("{}-{partition}", self.topic);
        let Some(cursor) = self.cursors.get_mut(&partition) else {
            return Err(ClientError::Unasked { address: self.connection.address().to_owned(), name });
        };
        check(data.error_code, None, format!("reading {name} from offset {}", cursor.next))?;
        let bytes = data.records.map(klamm_wire::Records::into_bytes).unwrap_or_default();
        let (whole, next) = whole_batches(&bytes).map_err(|cause| ClientError::Batch {
            address: self.connection.address().to_owned(),
            name,
            offset: cursor.next,
            cause,
        })?;
        cursor.next = next.map_or(cursor.next, |next| next.max(cursor.next));
        if cursor.is_at_end() {
            self.cursors.remove(&partition);
        }
        Ok(Fetched { partition, bytes: bytes.slice(..whole), aborted: data.aborted_transactions })
    }
}

/// How many bytes are whole batches, and the offset after them. An answer's size cuts its last batch off, but not
/// its first (KIP-74).
fn whole_batches(bytes: &[u8]) -> Result<(usize, Option<Offset>), BatchError> {
    let mut whole = 0;
    let mut next = None;
    for batch in batches(bytes) {
        match batch {
            Ok(batch) => {
                whole += batch.bytes.len();
                next = Some(batch.header.next_offset());
            }
            Err(BatchError::Truncated { .. }) if next.is_some() => break,
            Err(error) => return Err(error),
        }
    }
    Ok((whole, next))
}

#[cfg(test)]
mod tests {
    use klamm_model::{Offset, TimestampMs};
    use klamm_records::{BatchBuilder, BatchError, BuildOptions};

    use super::whole_batches;

    fn batch(base_offset: i64) -> Vec<u8> {
        let options = BuildOptions { base_offset: Offset(base_offset), ..BuildOptions::default() };
        let mut batch = BatchBuilder::new(options);
        batch.append(TimestampMs(1), None, Some(b"v"), &[]);
        batch.append(TimestampMs(1), None, Some(b"w"), &[]);
        batch.build().unwrap().to_vec()
    }

    #[test]
    fn only_the_last_batch_may_be_cut_off() {
        let two = [batch(4), batch(6)].concat();
        assert_eq!(whole_batches(&two), Ok((two.len(), Some(Offset(8)))));
        assert_eq!(whole_batches(&two[..two.len() - 1]), Ok((batch(4).len(), Some(Offset(6)))));
        assert_eq!(whole_batches(&[]), Ok((0, None)));
        // Reading on from here would read the same for ever.
        assert!(matches!(whole_batches(&two[..30]), Err(BatchError::Truncated { .. })));
        let mut old = batch(0);
        old[16] = 1;
        assert_eq!(whole_batches(&old), Err(BatchError::Magic { magic: 1 }));
    }
}

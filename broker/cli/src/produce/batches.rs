//! Records gathered into batches, one at a time for each partition.

use std::collections::BTreeMap;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use klamm_model::{ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_records::{BatchBuilder, BuildOptions, Compression, Header, ProducerStamp};

use super::partitioner::Partitioner;
use super::{InputRecord, ProduceArguments};
use crate::client::{ClientError, Topic};
use crate::error::CliError;

/// What a record has besides its bytes, at the most: length, attributes, time, offset, three lengths.
const RECORD_OVERHEAD: usize = 5 + 1 + 10 + 5 + 3 * 5;
/// What a header has besides its bytes, at the most: two lengths.
const HEADER_OVERHEAD: usize = 2 * 5;

/// A batch to send.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub partition: i32,
    pub records: i32,
    pub bytes: Bytes,
}

/// The batches that are being filled.
pub(super) struct Batches {
    topic: String,
    partition_count: usize,
    fixed_partition: Option<i32>,
    headers: Vec<(String, String)>,
    compression: Compression,
    batch_bytes: usize,
    producer: Option<(ProducerId, ProducerEpoch)>,
    partitioner: Partitioner,
    open: BTreeMap<i32, BatchBuilder>,
    next_sequence: BTreeMap<i32, Sequence>,
}

impl Batches {
    pub(super) fn new(
        topic: &Topic,
        arguments: &ProduceArguments,
        producer: Option<(ProducerId, ProducerEpoch)>,
    ) -> Batches {
        Batches {
            topic: topic.name.clone(),
            partition_count: topic.partitions.len(),
            fixed_partition: arguments.partition,
            headers: arguments.header.clone(),
            compression: arguments.compression,
            batch_bytes: arguments.batch_bytes as usize,
            producer,
            partitioner: Partitioner::new(topic.partitions.len()),
            open: BTreeMap::new(),
            next_sequence: BTreeMap::new(),
        }
    }

    /// Whether no record waits.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Adds a record; the batch before it, if it fits there no more.
    pub(super) fn add(&mut self, record: &InputRecord) -> Result<Option<Batch>, CliError> {
        let partition = self.partition_of(record)?;
        let size = self.size_of(record);
        let full = self
            .open
            .get(&partition)
            .is_some_and(|batch| !batch.is_empty() && batch.size_bytes() + size > self.batch_bytes);
        let done = if full { self.take(partition)? } else { None };
        if full {
            self.partitioner.batch_is_full(partition);
        }
        let options = self.options(partition);
        let common =
            self.headers.iter().map(|(k, v)| Header { key: k.as_bytes(), value: Some(v.as_bytes()) });
        let own = record.headers.iter().map(|(k, v)| Header { key: k, value: v.as_deref() });
        let headers: Vec<Header<'_>> = common.chain(own).collect();
        let timestamp = record.timestamp_ms.map_or_else(now, TimestampMs);
        let batch = self.open.entry(partition).or_insert_with(|| BatchBuilder::new(options));
        batch.append(timestamp, record.key.as_deref(), record.value.as_deref(), &headers);
        Ok(done)
    }

    /// All batches with records in them.
    pub(super) fn take_all(&mut self) -> Result<Vec<Batch>, CliError> {
        let partitions: Vec<i32> = self.open.keys().copied().collect();
        let mut batches = Vec::new();
        for partition in partitions {
            batches.extend(self.take(partition)?);
        }
        Ok(batches)
    }

    /// How large a record is in a batch, at the most.
    fn size_of(&self, record: &InputRecord) -> usize {
        let bytes = |field: &Option<Vec<u8>>| field.as_ref().map_or(0, Vec::len);
        let common = self.headers.iter().map(|(key, value)| key.len() + value.len() + HEADER_OVERHEAD);
        let own = record.headers.iter().map(|(key, value)| key.len() + bytes(value) + HEADER_OVERHEAD);
        RECORD_OVERHEAD + bytes(&record.key) + bytes(&record.value) + common.chain(own).sum::<usize>()
    }

    fn partition_of(&self, record: &InputRecord) -> Result<i32, CliError> {
        let chosen = record.partition.or(self.fixed_partition);
        let partition = chosen.unwrap_or_else(|| self.partitioner.partition(record.key.as_deref()));
        if usize::try_from(partition).is_ok_and(|index| index < self.partition_count) {
            return Ok(partition);
        }
        let (topic, count) = (self.topic.clone(), self.partition_count);
        Err(ClientError::UnknownPartition { topic, partition, count }.into())
    }

    fn options(&self, partition: i32) -> BuildOptions {
        let base_sequence = self.next_sequence.get(&partition).copied().unwrap_or(Sequence::FIRST);
        let producer = self.producer.map(|(id, epoch)| ProducerStamp { id, epoch, base_sequence });
        BuildOptions { compression: self.compression, producer, ..BuildOptions::default() }
    }

    fn take(&mut self, partition: i32) -> Result<Option<Batch>, CliError> {
        let Some(batch) = self.open.remove(&partition) else { return Ok(None) };
        let records = batch.record_count();
        let sequence = self.next_sequence.entry(partition).or_insert(Sequence::FIRST);
        *sequence = sequence.plus(records);
        let compress =
            |error: io::Error| CliError::failed(format!("the records can't be compressed: {error}"));
        Ok(Some(Batch { partition, records, bytes: batch.build().map_err(compress)? }))
    }
}

fn now() -> TimestampMs {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    TimestampMs(since_1970.as_millis() as i64)
}

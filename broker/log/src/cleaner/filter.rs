//! What stays of a batch (`Cleaner.cleanInto`, `MemoryRecords.filterTo`).

use std::collections::HashSet;
use std::io;

use bytes::Bytes;
use klamm_model::{Offset, ProducerId, TimestampMs};
use klamm_records::{
    BatchBuilder, BatchError, BatchHeader, BatchView, BuildOptions, HEADER_BYTES, ProducerStamp, Record,
};

use super::CleaningRun;
use super::transactions::Transactions;

/// What becomes of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stays as it is.
    Keep,
    /// This takes its place, with the same first and last offset.
    Replace(Bytes),
    /// It goes.
    Drop,
}

/// Why a batch can't be judged.
#[derive(Debug, thiserror::Error)]
pub(super) enum FilterError {
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error("its records can't be packed again: {0}")]
    Pack(#[from] io::Error),
}

/// Goes through a log's batches in their order.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    run: &'a CleaningRun<'a>,
    transactions: Option<&'a Transactions>,
    /// Producers with records in a transaction whose marker is still to come.
    in_transaction: HashSet<ProducerId>,
}

impl<'a> Filter<'a> {
    pub(super) fn new(run: &'a CleaningRun<'a>, transactions: Option<&'a Transactions>) -> Filter<'a> {
        Filter { run, transactions, in_transaction: HashSet::new() }
    }

    pub(super) fn judge(&mut self, batch: &BatchView<'_>) -> Result<Verdict, FilterError> {
        let header = &batch.header;
        if header.attributes.is_control() {
            let is_empty = !self.in_transaction.remove(&header.producer_id);
            return self.marker(batch, is_empty);
        }
        if header.attributes.is_transactional() && header.record_count > 0 {
            self.in_transaction.insert(header.producer_id);
        }
        // What is before says nothing of what is not in the map; but an aborted record is nobody's.
        let aborted = self.transactions.is_some_and(|found| found.is_aborted(header));
        if header.base_offset >= self.run.map.upto() && !aborted {
            return Ok(Verdict::Keep);
        }
        if header.record_count == 0 || aborted {
            return Ok(self.without_records(header));
        }
        self.data(batch)
    }

    /// A marker stays until its transaction has no records, and for `delete.retention.ms` after that.
    fn marker(&self, batch: &BatchView<'_>, is_empty: bool) -> Result<Verdict, FilterError> {
        let header = &batch.header;
        if header.record_count == 0 {
            return Ok(self.without_records(header));
        }
        if header.base_offset >= self.run.map.upto() || !is_empty {
            return Ok(Verdict::Keep);
        }
        match header.delete_horizon() {
            Some(horizon) if horizon <= self.run.now => Ok(self.without_records(header)),
            Some(_) => Ok(Verdict::Keep),
            None => self.rebuild(batch, Some(self.horizon()), |_| true),
        }
    }

    fn data(&self, batch: &BatchView<'_>) -> Result<Verdict, FilterError> {
        let header = &batch.header;
        let (mut kept, mut tombstones) = (0, false);
        let mut records = batch.records(self.run.max_uncompressed_bytes)?;
        while let Some(record) = records.next_record()? {
            if self.stays(header, &record) {
                kept += 1;
                tombstones |= record.value.is_none() && record.offset < self.run.map.upto();
            }
        }
        let horizon = header.delete_horizon().or_else(|| tombstones.then(|| self.horizon()));
        if kept == 0 {
            return Ok(self.without_records(header));
        }
        if kept == header.record_count && horizon == header.delete_horizon() {
            return Ok(Verdict::Keep);
        }
        self.rebuild(batch, horizon, |record| self.stays(header, record))
    }

    /// From when on tombstones that are seen now may go.
    fn horizon(&self) -> TimestampMs {
        TimestampMs(self.run.now.0.saturating_add(self.run.delete_retention_ms))
    }

    fn stays(&self, header: &BatchHeader, record: &Record<'_>) -> bool {
        if record.offset >= self.run.map.upto() {
            return true;
        }
        // One without a key can't come in where a topic is compacted; it is from before it was.
        let Some(key) = record.key else { return false };
        let is_newest = self.run.map.get(key).is_none_or(|newest| record.offset >= newest);
        let is_over = header.delete_horizon().is_some_and(|horizon| horizon <= self.run.now);
        is_newest && (record.value.is_some() || !is_over)
    }

    /// Nothing, or an empty batch if it is one that its producer may ask for again.
    fn without_records(&self, header: &BatchHeader) -> Verdict {
        let is_remembered = |batches: &Vec<Offset>| {
            batches.contains(&header.last_offset()) || (header.attributes.is_control() && batches.is_empty())
        };
        if header.is_filler() || !self.run.remembered.get(&header.producer_id).is_some_and(is_remembered) {
            return Verdict::Drop;
        }
        if header.record_count == 0 {
            return Verdict::Keep;
        }
        Verdict::Replace(Bytes::copy_from_slice(&header.emptied().write()))
    }

    fn rebuild(
        &self,
        batch: &BatchView<'_>,
        delete_horizon: Option<TimestampMs>,
        stays: impl Fn(&Record<'_>) -> bool,
    ) -> Result<Verdict, FilterError> {
        let header = &batch.header;
        let mut builder = BatchBuilder::new(options(header, delete_horizon)?);
        let mut records = batch.records(self.run.max_uncompressed_bytes)?;
        while let Some(record) = records.next_record()? {
            if stays(&record) {
                let delta = (record.offset.0 - header.base_offset.0) as i32;
                builder.append_at(delta, record.timestamp, record.key, record.value, &record.headers);
            }
        }
        let bytes = builder.build_ending_at(header.last_offset_delta)?;
        debug_assert!(bytes.len() >= HEADER_BYTES);
        Ok(Verdict::Replace(bytes))
    }
}

/// The batch's own place, codec, kind and producer.
fn options(header: &BatchHeader, delete_horizon: Option<TimestampMs>) -> Result<BuildOptions, BatchError> {
    let producer = ProducerStamp {
        id: header.producer_id,
        epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
    };
    Ok(BuildOptions {
        base_offset: header.base_offset,
        leader_epoch: header.leader_epoch,
        compression: header.attributes.compression()?,
        level: None,
        timestamp_type: header.attributes.timestamp_type(),
        producer: Some(producer),
        transactional: header.attributes.is_transactional(),
        control: header.attributes.is_control(),
        delete_horizon,
    })
}

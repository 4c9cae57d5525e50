//! Every producer of a partition.

use std::collections::HashMap;

use klamm_log::ProducerSnapshotEntry;
use klamm_model::{Offset, ProducerEpoch, ProducerId, TimestampMs};

use super::check::{self, Check, SequenceError, SequencedBatch};
use super::entry::{ProducerEntry, StoredBatch};
use super::snapshot;
use super::transactions::{TransactionRange, Transactions};

/// The producers of a partition, by id. Pure: no clock, no files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProducerTable {
    producers: HashMap<ProducerId, ProducerEntry>,
    transactions: Transactions,
}

impl ProducerTable {
    /// Whether `batch` may be written now, was written before, or is refused.
    pub fn check(&self, batch: &SequencedBatch) -> Result<Check, SequenceError> {
        check::check(batch, self.producers.get(&batch.producer_id))
    }

    /// Takes note at `now` of a batch that is in the log. It does not check: what the log has is a fact, also
    /// where deleted records have left a gap in the sequences.
    pub fn record(
        &mut self,
        batch: &SequencedBatch,
        stored: StoredBatch,
        transactional: bool,
        now: TimestampMs,
    ) {
        let entry =
            self.producers.entry(batch.producer_id).or_insert_with(|| ProducerEntry::new(batch.epoch));
        entry.enter_epoch(batch.epoch);
        entry.push(stored, now);
        if transactional && entry.transaction_first_offset.is_none() {
            entry.transaction_first_offset = Some(stored.base_offset);
            self.transactions.begin(batch.producer_id, stored.base_offset);
        }
    }

    /// Takes note at `now` of the marker at `marker_offset` that ended the producer's transaction; gives the
    /// transaction's extent if there was one here.
    pub fn end_transaction(
        &mut self,
        producer_id: ProducerId,
        epoch: ProducerEpoch,
        marker_offset: Offset,
        now: TimestampMs,
    ) -> Option<TransactionRange> {
        let entry = self.producers.entry(producer_id).or_insert_with(|| ProducerEntry::new(epoch));
        entry.enter_epoch(epoch);
        entry.last_heard = now;
        let first_offset = entry.transaction_first_offset.take()?;
        let range = TransactionRange { producer_id, first_offset, marker_offset };
        self.transactions.end(range);
        Some(range)
    }

    /// Forgets ended transactions whose markers consumers can see now.
    pub fn high_watermark_advanced(&mut self, high_watermark: Offset) {
        self.transactions.high_watermark_advanced(high_watermark);
    }

    /// The first offset of a transaction that is under way, or whose marker is not below the high watermark.
    pub fn first_unstable(&self) -> Option<Offset> {
        self.transactions.first_unstable()
    }

    /// Forgets producers that have written nothing for `expiration_ms` or more (`producer.id.expiration.ms`);
    /// gives how many.
    pub fn expire(&mut self, now: TimestampMs, expiration_ms: i64) -> usize {
        let before = self.producers.len();
        self.producers.retain(|_, entry| !entry.is_expired(now, expiration_ms));
        before - self.producers.len()
    }

    /// The state of one producer.
    pub fn get(&self, producer_id: ProducerId) -> Option<&ProducerEntry> {
        self.producers.get(&producer_id)
    }

    /// Every producer, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (ProducerId, &ProducerEntry)> {
        self.producers.iter().map(|(id, entry)| (*id, entry))
    }

    /// How many producers are remembered.
    pub fn len(&self) -> usize {
        self.producers.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.producers.is_empty()
    }

    /// The table as the entries of a snapshot file, in the order of producer ids.
    pub fn to_snapshot(&self) -> Vec<ProducerSnapshotEntry> {
        snapshot::entries(&self.producers)
    }

    /// The table that a snapshot holds.
    pub fn from_snapshot(entries: &[ProducerSnapshotEntry]) -> ProducerTable {
        let producers = snapshot::producers(entries);
        let mut transactions = Transactions::default();
        for (id, entry) in &producers {
            if let Some(first_offset) = entry.transaction_first_offset {
                transactions.begin(*id, first_offset);
            }
        }
        ProducerTable { producers, transactions }
    }
}

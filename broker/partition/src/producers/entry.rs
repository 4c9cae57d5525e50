//! One producer's state.

use std::collections::VecDeque;

use klamm_model::{Offset, ProducerEpoch, Sequence, TimestampMs};

/// How many batches of a producer are remembered: the most it may have in flight
/// (`max.in.flight.requests.per.connection` with idempotence, `ProducerStateEntry.NUM_BATCHES_TO_RETAIN`).
pub const RETAINED_BATCHES: usize = 5;

/// Where a batch of a producer is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredBatch {
    /// Sequence of its first record.
    pub first_sequence: Sequence,
    /// Sequence of its last record; below `first_sequence` if the sequence wrapped within the batch.
    pub last_sequence: Sequence,
    /// Offset of its first record.
    pub base_offset: Offset,
    /// Offset of its last record.
    pub last_offset: Offset,
    /// Largest timestamp of its records.
    pub timestamp: TimestampMs,
}

/// What is remembered of one producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerEntry {
    pub(super) epoch: ProducerEpoch,
    /// Oldest first, at most [`RETAINED_BATCHES`], all of `epoch`.
    pub(super) batches: VecDeque<StoredBatch>,
    pub(super) last_heard: TimestampMs,
    pub(super) coordinator_epoch: i32,
    pub(super) transaction_first_offset: Option<Offset>,
}

impl ProducerEntry {
    pub(super) fn new(epoch: ProducerEpoch) -> ProducerEntry {
        ProducerEntry {
            epoch,
            batches: VecDeque::new(),
            last_heard: TimestampMs::NONE,
            coordinator_epoch: -1,
            transaction_first_offset: None,
        }
    }

    /// The producer's current epoch.
    pub fn epoch(&self) -> ProducerEpoch {
        self.epoch
    }

    /// The remembered batches of the current epoch, oldest first.
    pub fn batches(&self) -> impl Iterator<Item = &StoredBatch> {
        self.batches.iter()
    }

    /// Sequence of the last record; `None` when nothing was written in the current epoch.
    pub fn last_sequence(&self) -> Option<Sequence> {
        self.batches.back().map(|batch| batch.last_sequence)
    }

    /// When it last wrote, by the broker's clock; expiry counts from then.
    ///
    /// Kafka counts from the records' own timestamps: a producer that copies old records is forgotten at the next check
    /// there, and its next retry is a duplicate; one with timestamps in the future is never forgotten.
    pub fn last_heard(&self) -> TimestampMs {
        self.last_heard
    }

    /// Epoch of the transaction coordinator that wrote the last marker; `-1` if there was none.
    pub fn coordinator_epoch(&self) -> i32 {
        self.coordinator_epoch
    }

    /// First offset of the transaction under way; `None` outside one.
    pub fn transaction_first_offset(&self) -> Option<Offset> {
        self.transaction_first_offset
    }

    /// The remembered batch with exactly these sequences.
    pub(super) fn find(&self, first: Sequence, last: Sequence) -> Option<&StoredBatch> {
        self.batches.iter().find(|batch| batch.first_sequence == first && batch.last_sequence == last)
    }

    /// A new epoch starts a new sequence: batches of the old one can't be retried any more.
    pub(super) fn enter_epoch(&mut self, epoch: ProducerEpoch) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.batches.clear();
        }
    }

    pub(super) fn push(&mut self, batch: StoredBatch, now: TimestampMs) {
        if self.batches.len() == RETAINED_BATCHES {
            self.batches.pop_front();
        }
        self.batches.push_back(batch);
        self.last_heard = now;
    }

    /// Whether it is so long idle that Kafka forgets it: never in the middle of a transaction.
    pub(super) fn is_expired(&self, now: TimestampMs, expiration_ms: i64) -> bool {
        self.transaction_first_offset.is_none() && now.0.saturating_sub(self.last_heard.0) >= expiration_ms
    }
}

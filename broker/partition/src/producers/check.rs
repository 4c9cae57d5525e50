//! Whether a producer's next batch may be written (`ProducerAppendInfo.checkSequence`).

use klamm_model::{ProducerEpoch, ProducerId, Sequence};

use super::entry::{ProducerEntry, StoredBatch};

/// The producer's side of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequencedBatch {
    /// The producer; 0 or more.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// Sequence of the first record.
    pub first_sequence: Sequence,
    /// Sequence of the last record.
    pub last_sequence: Sequence,
}

/// What to do with a batch that is not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Write it.
    Fresh,
    /// It was written before, here: answer as if it had been written now.
    Duplicate(StoredBatch),
}

/// Why a producer's batch is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SequenceError {
    /// A newer incarnation of the producer has written (INVALID_PRODUCER_EPOCH).
    #[error(
        "producer {producer_id} has epoch {current} here; this batch has the older epoch {epoch}: \
         another instance has taken over, or the producer must ask for its epoch again"
    )]
    InvalidProducerEpoch {
        /// The producer.
        producer_id: ProducerId,
        /// The batch's epoch.
        epoch: ProducerEpoch,
        /// The newest epoch that has written here.
        current: ProducerEpoch,
    },
    /// A batch before this one is missing, or this one is older than the remembered ones
    /// (OUT_OF_ORDER_SEQUENCE_NUMBER).
    #[error(
        "producer {producer_id} epoch {epoch}: this batch starts at sequence {incoming}, \
         but {last} is the last sequence here"
    )]
    OutOfOrderSequence {
        /// The producer.
        producer_id: ProducerId,
        /// The batch's epoch.
        epoch: ProducerEpoch,
        /// The batch's first sequence.
        incoming: Sequence,
        /// The last sequence written; `-1` when nothing was written in this epoch.
        last: Sequence,
    },
}

/// Checks `batch` against what is known of its producer.
pub(super) fn check(batch: &SequencedBatch, known: Option<&ProducerEntry>) -> Result<Check, SequenceError> {
    // No state: the producer is new, or its state has expired or went with deleted records (KIP-360).
    // Kafka takes any sequence then; a refusal would stop producers that were merely idle.
    let Some(entry) = known else { return Ok(Check::Fresh) };
    if batch.epoch < entry.epoch {
        return Err(SequenceError::InvalidProducerEpoch {
            producer_id: batch.producer_id,
            epoch: batch.epoch,
            current: entry.epoch,
        });
    }
    let same_epoch = batch.epoch == entry.epoch;
    if batch.producer_id.is_derived() {
        return Ok(if same_epoch { growing(batch, entry) } else { Check::Fresh });
    }
    if same_epoch && let Some(stored) = entry.find(batch.first_sequence, batch.last_sequence) {
        return Ok(Check::Duplicate(*stored));
    }
    let last = if same_epoch { entry.last_sequence() } else { None };
    let expected = last.map_or(Sequence::FIRST, |last| last.plus(1));
    if batch.first_sequence == expected {
        return Ok(Check::Fresh);
    }
    Err(SequenceError::OutOfOrderSequence {
        producer_id: batch.producer_id,
        epoch: batch.epoch,
        incoming: batch.first_sequence,
        last: last.unwrap_or(Sequence::NONE),
    })
}

/// What came by way of another partition is a part of that partition's series: sequences are left out, but they grow, since the
/// other partition takes a producer's batches in their order, one at a time. What is not newer was written before, by a try whose
/// last step failed.
fn growing(batch: &SequencedBatch, entry: &ProducerEntry) -> Check {
    match entry.batches().last() {
        Some(newest) if !batch.first_sequence.is_after(newest.last_sequence) => {
            let first = batch.first_sequence;
            let stored = entry.batches().find(|stored| stored.first_sequence == first).unwrap_or(newest);
            Check::Duplicate(*stored)
        }
        _ => Check::Fresh,
    }
}

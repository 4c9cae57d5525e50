//! An idempotent producer as clients write them (KIP-98): up to five batches without an answer, resent in their order.

use std::collections::VecDeque;

use klamm_model::{Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_records::{BatchHeader, BuildOptions, ProducedBatch, ProducerStamp};

use crate::support::{NOW, built};

/// So many batches a producer may have without an answer, and so many the broker knows again.
pub(crate) const IN_FLIGHT: usize = 5;

#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) batch: ProducedBatch,
    /// Where it was put, if that is known.
    pub(crate) offset: Option<Offset>,
}

/// What makes a batch different from all others of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    producer: i64,
    sequence: i32,
    timestamp: i64,
}

impl Identity {
    pub(crate) fn of(header: &BatchHeader) -> Identity {
        Identity {
            producer: header.producer_id.0,
            sequence: header.base_sequence.0,
            timestamp: header.max_timestamp.0,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Producer {
    id: i64,
    next_sequence: i32,
    /// Without an answer, oldest first.
    pub(crate) waiting: VecDeque<Sent>,
    /// The last that were answered, oldest first.
    pub(crate) answered: VecDeque<Sent>,
}

impl Producer {
    pub(crate) fn new(id: i64) -> Producer {
        Producer { id, next_sequence: 0, waiting: VecDeque::new(), answered: VecDeque::new() }
    }

    pub(crate) fn next(&self, records: usize) -> ProducedBatch {
        let base_sequence = Sequence(self.next_sequence);
        let producer = ProducerStamp { id: ProducerId(self.id), epoch: ProducerEpoch(0), base_sequence };
        let time = TimestampMs(NOW.0 + i64::from(self.next_sequence));
        built(BuildOptions { producer: Some(producer), ..BuildOptions::default() }, records, time)
    }

    pub(crate) fn sent(&mut self, batch: ProducedBatch, records: usize, offset: Option<Offset>) {
        self.next_sequence += records as i32;
        self.waiting.push_back(Sent { batch, offset });
    }

    /// All up to the high watermark is answered.
    pub(crate) fn answer(&mut self, high_watermark: Offset) {
        while let Some(sent) = self.waiting.front() {
            let records = i64::from(sent.batch.header().last_offset().0 as i32) + 1;
            if sent.offset.is_none_or(|offset| offset.plus(records) > high_watermark) {
                return;
            }
            self.answered.extend(self.waiting.pop_front());
        }
    }

    /// The answered ones that the broker must know again: the last five that it has, less those that came after.
    pub(crate) fn known_again(&self) -> impl Iterator<Item = &Sent> {
        let later = self.waiting.iter().filter(|sent| sent.offset.is_some()).count();
        self.answered.iter().rev().take(IN_FLIGHT.saturating_sub(later))
    }
}

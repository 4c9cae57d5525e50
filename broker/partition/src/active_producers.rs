//! The producers that a partition remembers (KIP-664).

use klamm_model::{Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};

use crate::Partition;
use crate::producers::ProducerEntry;

/// A producer that the partition remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveProducer {
    /// Its id.
    pub id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// The sequence of its last record; `None` when it wrote nothing in its epoch.
    pub last_sequence: Option<Sequence>,
    /// The largest timestamp of its last batch; when it was last heard of, if that batch is not known.
    pub last_timestamp: TimestampMs,
    /// The epoch of the transaction coordinator that wrote its last marker; -1 if there was none.
    pub coordinator_epoch: i32,
    /// The first offset of its open transaction.
    pub transaction_first_offset: Option<Offset>,
}

impl Partition {
    /// The producers that it remembers, by id.
    pub fn active_producers(&self) -> Vec<ActiveProducer> {
        let mut producers: Vec<_> =
            self.state.lock().producers.iter().map(|(id, entry)| ActiveProducer::new(id, entry)).collect();
        producers.sort_by_key(|producer| producer.id.0);
        producers
    }
}

impl ActiveProducer {
    fn new(id: ProducerId, entry: &ProducerEntry) -> ActiveProducer {
        let last_batch = entry.batches().last();
        ActiveProducer {
            id,
            epoch: entry.epoch(),
            last_sequence: entry.last_sequence(),
            last_timestamp: last_batch.map_or(entry.last_heard(), |batch| batch.timestamp),
            coordinator_epoch: entry.coordinator_epoch(),
            transaction_first_offset: entry.transaction_first_offset(),
        }
    }
}

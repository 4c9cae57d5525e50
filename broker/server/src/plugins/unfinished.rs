//! Batches that are in the log of their partition, and of whose parts it is not known that they are in other logs.

use std::collections::HashMap;

use klamm_model::{ProducerEpoch, ProducerId, Sequence};
use klamm_records::BatchHeader;

/// The oldest such batch of each producer, for one partition.
///
/// After a loss of power a partition may have two batches whose parts another log has lost. If the retry of the first fails there, that of
/// the second must not overtake it: the other log would take the first one's parts for older than what it has, and so for done.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unfinished {
    oldest: HashMap<ProducerId, (ProducerEpoch, Sequence)>,
}

impl Unfinished {
    /// Whether a batch has to wait until an older one has come again.
    pub(crate) fn holds_up(&self, batch: &BatchHeader) -> bool {
        self.of(batch).is_some_and(|oldest| batch.base_sequence.is_after(oldest))
    }

    /// A batch that was found is about to be brought to its end.
    pub(crate) fn begun(&mut self, batch: &BatchHeader) {
        if batch.producer_id.is_some() && self.of(batch).is_none() {
            self.oldest.insert(batch.producer_id, (batch.producer_epoch, batch.base_sequence));
        }
    }

    /// All of a batch is there.
    pub(crate) fn done(&mut self, batch: &BatchHeader) {
        if self.of(batch) == Some(batch.base_sequence) {
            self.oldest.remove(&batch.producer_id);
        }
    }

    /// What another epoch of the producer has left counts no more.
    fn of(&self, batch: &BatchHeader) -> Option<Sequence> {
        let (epoch, oldest) = self.oldest.get(&batch.producer_id)?;
        (*epoch == batch.producer_epoch).then_some(*oldest)
    }
}

#[cfg(test)]
mod tests {
    use klamm_model::{ProducerEpoch, ProducerId, Sequence, TimestampMs};
    use klamm_records::{BatchBuilder, BatchHeader, BuildOptions, ProducerStamp};

    use super::Unfinished;

    fn batch(id: i64, epoch: i16, sequence: i32) -> BatchHeader {
        let producer = ProducerStamp {
            id: ProducerId(id),
            epoch: ProducerEpoch(epoch),
            base_sequence: Sequence(sequence),
        };
        let producer = (id >= 0).then_some(producer);
        let mut builder = BatchBuilder::new(BuildOptions { producer, ..BuildOptions::default() });
        builder.append(TimestampMs(0), None, Some(b"value"), &[]);
        BatchHeader::read(&builder.build().unwrap()).unwrap()
    }

    #[test]
    fn younger_batches_of_the_same_producer_wait_until_the_oldest_is_done() {
        let mut unfinished = Unfinished::default();
        unfinished.begun(&batch(7, 0, 3));
        unfinished.begun(&batch(7, 0, 4));
        assert!(unfinished.holds_up(&batch(7, 0, 4)));
        assert!(!unfinished.holds_up(&batch(7, 0, 3)) && !unfinished.holds_up(&batch(8, 0, 4)));
        unfinished.done(&batch(7, 0, 4));
        assert!(unfinished.holds_up(&batch(7, 0, 4)), "it is not the oldest");
        unfinished.done(&batch(7, 0, 3));
        assert!(!unfinished.holds_up(&batch(7, 0, 4)));
    }

    #[test]
    fn a_new_epoch_waits_for_nothing_and_a_plain_producer_never() {
        let mut unfinished = Unfinished::default();
        unfinished.begun(&batch(7, 0, 3));
        assert!(!unfinished.holds_up(&batch(7, 1, 4)));
        unfinished.begun(&batch(7, 1, 0));
        assert!(unfinished.holds_up(&batch(7, 1, 1)));
        unfinished.begun(&batch(-1, -1, -1));
        assert!(!unfinished.holds_up(&batch(-1, -1, -1)));
    }
}

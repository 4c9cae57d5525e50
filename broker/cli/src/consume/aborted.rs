//! Which records belong to aborted transactions (KIP-98): the broker names them, the reader leaves them out.

use std::collections::HashSet;

use klamm_model::ProducerId;
use klamm_records::{BatchHeader, BatchView};
use klamm_wire::messages::fetch::AbortedTransaction;

/// The aborted transactions of one partition, in one answer.
#[derive(Debug, Default)]
pub(super) struct Aborted {
    /// By where they begin, the last first.
    coming: Vec<(i64, ProducerId)>,
    open: HashSet<ProducerId>,
}

impl Aborted {
    pub(super) fn new(transactions: &[AbortedTransaction]) -> Aborted {
        let mut coming: Vec<(i64, ProducerId)> = transactions
            .iter()
            .map(|transaction| (transaction.first_offset, ProducerId(transaction.producer_id)))
            .collect();
        coming.sort_unstable_by_key(|(first_offset, _)| std::cmp::Reverse(*first_offset));
        Aborted { coming, open: HashSet::new() }
    }

    /// Whether the records of a batch are to be left out; batches come in their order.
    pub(super) fn hides(&mut self, batch: &BatchView<'_>) -> bool {
        let header = &batch.header;
        while let Some((first_offset, producer)) = self.coming.last().copied() {
            if first_offset > header.last_offset().0 {
                break;
            }
            self.open.insert(producer);
            self.coming.pop();
        }
        if header.attributes.is_control() {
            if is_abort(batch) {
                self.open.remove(&header.producer_id);
            }
            return true;
        }
        is_transactional(header) && self.open.contains(&header.producer_id)
    }
}

fn is_transactional(header: &BatchHeader) -> bool {
    header.attributes.is_transactional()
}

/// A marker's key is a version and a type; type 0 is an abort.
fn is_abort(batch: &BatchView<'_>) -> bool {
    let Ok(mut records) = batch.records(1 << 16) else { return false };
    let Ok(Some(record)) = records.next_record() else { return false };
    record.key.and_then(|key| key.get(2..4)) == Some(&[0, 0][..])
}

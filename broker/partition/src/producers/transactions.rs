//! Which offsets of transactions are not yet decided, from which the last stable offset follows.

use std::collections::BTreeMap;

use klamm_model::{Offset, ProducerId};

/// A transaction's extent in this partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionRange {
    /// Its producer.
    pub producer_id: ProducerId,
    /// Offset of its first record.
    pub first_offset: Offset,
    /// Offset of the marker that ended it.
    pub marker_offset: Offset,
}

/// The transactions that hold the last stable offset back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Transactions {
    /// Under way, by first offset.
    ongoing: BTreeMap<Offset, ProducerId>,
    /// Ended by a marker that consumers can't see yet, because it is not below the high watermark
    /// (`ProducerStateManager.unreplicatedTxns`), by first offset.
    unseen: BTreeMap<Offset, TransactionRange>,
}

impl Transactions {
    pub(super) fn begin(&mut self, producer_id: ProducerId, first_offset: Offset) {
        self.ongoing.insert(first_offset, producer_id);
    }

    pub(super) fn end(&mut self, range: TransactionRange) {
        self.ongoing.remove(&range.first_offset);
        self.unseen.insert(range.first_offset, range);
    }

    pub(super) fn high_watermark_advanced(&mut self, high_watermark: Offset) {
        self.unseen.retain(|_, range| range.marker_offset >= high_watermark);
    }

    /// The first offset that a read_committed consumer must not see yet.
    pub(super) fn first_unstable(&self) -> Option<Offset> {
        let ongoing = self.ongoing.first_key_value().map(|(first, _)| *first);
        let unseen = self.unseen.first_key_value().map(|(first, _)| *first);
        [ongoing, unseen].into_iter().flatten().min()
    }
}

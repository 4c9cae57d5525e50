//! Producer snapshots: `<offset>.snapshot`, Kafka's format (`ProducerStateManager`).

use klamm_model::{Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};

/// One producer's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerSnapshotEntry {
    /// The producer.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// The last sequence of its last batch; [`Sequence::NONE`] if it has written no data.
    pub last_sequence: Sequence,
    /// The last offset of its last batch; -1 if it has written no data.
    pub last_offset: Offset,
    /// How many offsets its last batch spans, less one.
    pub offset_delta: i32,
    /// When it last wrote, by the batch's timestamp.
    pub timestamp: TimestampMs,
    /// The coordinator's epoch of its last transaction marker; -1 without.
    pub coordinator_epoch: i32,
    /// Where its open transaction begins; `None` without one.
    pub current_txn_first_offset: Option<Offset>,
}

//! The table as the entries of a `.snapshot` file, and back.
//!
//! Kafka's format has one batch an entry, and Kafka writes one entry a producer: after a restart it knows only
//! a producer's last batch, and a retry of an earlier one fails. Here a producer has one entry for each
//! remembered batch, oldest first. Kafka reads such a file too: of several entries of a producer it keeps the
//! last (`ProducerStateManager.loadProducerEntry` puts each in a map).

use std::collections::HashMap;

use klamm_log::ProducerSnapshotEntry;
use klamm_model::{Offset, ProducerId, Sequence};

use super::entry::{ProducerEntry, StoredBatch};

fn of_batch(id: ProducerId, entry: &ProducerEntry, batch: &StoredBatch) -> ProducerSnapshotEntry {
    ProducerSnapshotEntry {
        last_sequence: batch.last_sequence,
        last_offset: batch.last_offset,
        offset_delta: (batch.last_offset.0 - batch.base_offset.0) as i32,
        timestamp: batch.timestamp,
        ..without_batch(id, entry)
    }
}

fn without_batch(id: ProducerId, entry: &ProducerEntry) -> ProducerSnapshotEntry {
    ProducerSnapshotEntry {
        producer_id: id,
        epoch: entry.epoch,
        last_sequence: Sequence::NONE,
        last_offset: Offset::UNKNOWN,
        offset_delta: 0,
        timestamp: entry.last_heard,
        coordinator_epoch: entry.coordinator_epoch,
        current_txn_first_offset: None,
    }
}

/// The batch of an entry; `None` for a producer that has only markers.
fn batch_of(snapshot: &ProducerSnapshotEntry) -> Option<StoredBatch> {
    let &ProducerSnapshotEntry { last_sequence, last_offset, offset_delta, timestamp, .. } = snapshot;
    if last_offset.0 < 0 || last_sequence.0 < 0 || offset_delta < 0 {
        return None;
    }
    Some(StoredBatch {
        first_sequence: sequence_before(last_sequence, offset_delta),
        last_sequence,
        base_offset: last_offset.plus(-i64::from(offset_delta)),
        last_offset,
        timestamp,
    })
}

/// The sequence `records` before `sequence`; 0 is preceded by 2^31-1.
fn sequence_before(sequence: Sequence, records: i32) -> Sequence {
    Sequence(sequence.0.wrapping_sub(records) & i32::MAX)
}

pub(super) fn entries(producers: &HashMap<ProducerId, ProducerEntry>) -> Vec<ProducerSnapshotEntry> {
    let mut ids: Vec<ProducerId> = producers.keys().copied().collect();
    ids.sort_unstable();
    let known = ids.into_iter().filter_map(|id| Some((id, producers.get(&id)?)));
    known.flat_map(|(id, entry)| entries_of(id, entry)).collect()
}

fn entries_of(id: ProducerId, entry: &ProducerEntry) -> Vec<ProducerSnapshotEntry> {
    let mut entries: Vec<_> = entry.batches.iter().map(|batch| of_batch(id, entry, batch)).collect();
    if entries.is_empty() {
        entries.push(without_batch(id, entry));
    }
    // The last entry is the one that Kafka keeps: what is the producer's and not a batch's stands there. Its time is that
    // from which expiry counts, as for Kafka; the last batch's own is not needed for anything else but a retry's answer.
    if let Some(last) = entries.last_mut() {
        last.timestamp = entry.last_heard;
        last.current_txn_first_offset = entry.transaction_first_offset;
    }
    entries
}

pub(super) fn producers(entries: &[ProducerSnapshotEntry]) -> HashMap<ProducerId, ProducerEntry> {
    let mut producers: HashMap<ProducerId, ProducerEntry> = HashMap::new();
    for snapshot in entries {
        let entry =
            producers.entry(snapshot.producer_id).or_insert_with(|| ProducerEntry::new(snapshot.epoch));
        entry.enter_epoch(snapshot.epoch);
        if let Some(batch) = batch_of(snapshot) {
            entry.push(batch, snapshot.timestamp);
        }
        entry.last_heard = snapshot.timestamp;
        entry.coordinator_epoch = snapshot.coordinator_epoch;
        entry.transaction_first_offset = snapshot.current_txn_first_offset;
    }
    producers
}

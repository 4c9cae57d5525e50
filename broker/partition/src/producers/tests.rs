//! The rules one by one, by their exact effects.

use klamm_model::{Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence, TimestampMs};

use super::{Check, ProducerTable, SequenceError, SequencedBatch, StoredBatch, TransactionRange};

const ID: ProducerId = ProducerId(7);

fn batch(epoch: i16, first: i32, last: i32) -> SequencedBatch {
    SequencedBatch {
        producer_id: ID,
        epoch: ProducerEpoch(epoch),
        first_sequence: Sequence(first),
        last_sequence: Sequence(last),
    }
}

/// A partition's log, as far as these rules see it: each batch is checked, then written at the end.
#[derive(Default)]
struct Writer {
    table: ProducerTable,
    end: i64,
}

impl Writer {
    fn write(&mut self, batch: SequencedBatch) -> StoredBatch {
        assert_eq!(self.table.check(&batch), Ok(Check::Fresh), "{batch:?}");
        self.put(batch, false)
    }

    fn put(&mut self, batch: SequencedBatch, transactional: bool) -> StoredBatch {
        let records = i64::from(batch.last_sequence.0.wrapping_sub(batch.first_sequence.0) & i32::MAX) + 1;
        let stored = StoredBatch {
            first_sequence: batch.first_sequence,
            last_sequence: batch.last_sequence,
            base_offset: Offset(self.end),
            last_offset: Offset(self.end + records - 1),
            timestamp: TimestampMs(1000 + self.end),
        };
        self.end += records;
        self.table.record(&batch, stored, transactional, stored.timestamp);
        stored
    }
}

fn out_of_order(epoch: i16, incoming: i32, last: i32) -> Result<Check, SequenceError> {
    Err(SequenceError::OutOfOrderSequence {
        producer_id: ID,
        epoch: ProducerEpoch(epoch),
        incoming: Sequence(incoming),
        last: Sequence(last),
    })
}

#[test]
fn a_retry_of_any_of_the_last_five_gets_its_first_place() {
    let mut writer = Writer::default();
    let places: Vec<_> = (0..6).map(|i| (i, writer.write(batch(0, i * 10, i * 10 + 9)))).collect();
    for (i, place) in &places[1..] {
        assert_eq!(writer.table.check(&batch(0, i * 10, i * 10 + 9)), Ok(Check::Duplicate(*place)));
    }
    // Kafka 4.3 never answers DUPLICATE_SEQUENCE_NUMBER: an older one is out of order like any other.
    assert_eq!(writer.table.check(&batch(0, 0, 9)), out_of_order(0, 0, 59));
}

#[test]
fn a_duplicate_is_exactly_the_same_range() {
    let mut writer = Writer::default();
    writer.write(batch(0, 0, 9));
    assert_eq!(writer.table.check(&batch(0, 0, 8)), out_of_order(0, 0, 9));
    assert_eq!(writer.table.check(&batch(0, 5, 9)), out_of_order(0, 5, 9));
    assert_eq!(writer.table.check(&batch(0, 0, 10)), out_of_order(0, 0, 9));
}

#[test]
fn a_gap_is_refused_and_leaves_the_state_alone() {
    let mut writer = Writer::default();
    writer.write(batch(0, 0, 9));
    assert_eq!(writer.table.check(&batch(0, 11, 12)), out_of_order(0, 11, 9));
    writer.write(batch(0, 10, 12));
}

#[test]
fn a_producer_without_state_may_start_anywhere() {
    let mut writer = Writer::default();
    writer.write(batch(3, 4711, 4712));
    assert_eq!(writer.table.check(&batch(3, 4714, 4714)), out_of_order(3, 4714, 4712));
    writer.write(batch(3, 4713, 4713));
}

#[test]
fn the_sequence_wraps_between_batches_and_within_one() {
    let mut writer = Writer::default();
    writer.write(batch(0, i32::MAX - 1, i32::MAX));
    writer.write(batch(0, 0, 4));

    let mut writer = Writer::default();
    writer.write(batch(0, i32::MAX - 3, i32::MAX - 2));
    let wrapped = writer.write(batch(0, i32::MAX - 1, 1));
    assert_eq!((wrapped.base_offset, wrapped.last_offset), (Offset(2), Offset(5)));
    assert_eq!(writer.table.check(&batch(0, i32::MAX - 1, 1)), Ok(Check::Duplicate(wrapped)));
    writer.write(batch(0, 2, 2));
}

#[test]
fn a_new_epoch_starts_at_zero_and_fences_the_old_one() {
    let mut writer = Writer::default();
    writer.write(batch(4, 0, 9));
    assert_eq!(writer.table.check(&batch(5, 10, 10)), out_of_order(5, 10, -1));
    writer.write(batch(5, 0, 0));
    let fenced = SequenceError::InvalidProducerEpoch {
        producer_id: ID,
        epoch: ProducerEpoch(4),
        current: ProducerEpoch(5),
    };
    assert_eq!(writer.table.check(&batch(4, 10, 10)), Err(fenced));
    assert_eq!(writer.table.check(&batch(4, 0, 9)), Err(fenced), "also a retry of the old epoch");
    writer.write(batch(5, 1, 1));
}

#[test]
fn idle_producers_expire_but_not_within_a_transaction() {
    let mut writer = Writer::default();
    let last = writer.write(batch(0, 0, 0));
    let day = 86_400_000;
    let almost = TimestampMs(last.timestamp.0 + day - 1);
    assert_eq!(writer.table.expire(almost, day), 0);
    assert_eq!(writer.table.expire(TimestampMs(almost.0 + 1), day), 1);
    assert!(writer.table.is_empty());

    writer.put(batch(0, 0, 0), true);
    assert_eq!(writer.table.expire(TimestampMs(i64::MAX), day), 0);
    assert_eq!(writer.table.len(), 1);
}

#[test]
fn expiry_counts_from_the_last_write_whatever_the_records_timestamps_are() {
    let day = 86_400_000;
    for timestamp in [TimestampMs(0), TimestampMs::NONE, TimestampMs(i64::MAX)] {
        let (batch, now) = (batch(0, 0, 0), TimestampMs(1_700_000_000_000));
        let stored = StoredBatch {
            first_sequence: batch.first_sequence,
            last_sequence: batch.last_sequence,
            base_offset: Offset(0),
            last_offset: Offset(0),
            timestamp,
        };
        let mut table = ProducerTable::default();
        table.record(&batch, stored, false, now);
        let mut reloaded = ProducerTable::from_snapshot(&table.to_snapshot());
        for table in [&mut table, &mut reloaded] {
            assert_eq!(table.expire(TimestampMs(now.0 + day - 1), day), 0, "{timestamp:?}");
            assert_eq!(table.expire(TimestampMs(now.0 + day), day), 1, "{timestamp:?}");
        }
    }
}

#[test]
fn a_transaction_holds_the_last_stable_offset_until_its_marker_is_visible() {
    let mut writer = Writer::default();
    writer.put(batch(0, 0, 4), false);
    writer.put(batch(0, 5, 9), true);
    writer.put(batch(0, 10, 14), true);
    assert_eq!(writer.table.first_unstable(), Some(Offset(5)));

    let range = writer.table.end_transaction(ID, ProducerEpoch(0), Offset(15), TimestampMs(1));
    let expected = TransactionRange { producer_id: ID, first_offset: Offset(5), marker_offset: Offset(15) };
    assert_eq!(range, Some(expected));
    assert_eq!(writer.table.first_unstable(), Some(Offset(5)), "the marker is not visible yet");
    writer.table.high_watermark_advanced(Offset(15));
    assert_eq!(writer.table.first_unstable(), Some(Offset(5)), "the marker is the record at 15");
    writer.table.high_watermark_advanced(Offset(16));
    assert_eq!(writer.table.first_unstable(), None);
}

#[test]
fn a_marker_with_a_bumped_epoch_restarts_the_sequence() {
    // KIP-890: the coordinator bumps the epoch with each marker.
    let mut writer = Writer::default();
    writer.put(batch(0, 0, 4), true);
    writer.table.end_transaction(ID, ProducerEpoch(1), Offset(5), TimestampMs(1));
    assert_eq!(writer.table.check(&batch(1, 5, 5)), out_of_order(1, 5, -1));
    assert_eq!(writer.table.check(&batch(1, 0, 0)), Ok(Check::Fresh));
}

#[test]
fn a_snapshot_keeps_all_five_and_the_transaction() {
    let mut writer = Writer::default();
    for i in 0..7 {
        writer.put(batch(2, i, i), i >= 5);
    }
    let entries = writer.table.to_snapshot();
    assert_eq!(entries.len(), 5);
    assert_eq!(entries[4].current_txn_first_offset, Some(Offset(5)));
    let reloaded = ProducerTable::from_snapshot(&entries);
    assert_eq!(reloaded, writer.table);
    assert_eq!(reloaded.first_unstable(), Some(Offset(5)));
}

#[test]
fn a_snapshot_keeps_a_producer_that_has_only_a_marker() {
    let mut table = ProducerTable::default();
    table.end_transaction(ID, ProducerEpoch(3), Offset(0), TimestampMs(9));
    let reloaded = ProducerTable::from_snapshot(&table.to_snapshot());
    assert_eq!(reloaded, table);
}

#[test]
fn a_snapshot_keeps_a_batch_whose_sequence_wrapped() {
    let mut writer = Writer::default();
    writer.write(batch(0, i32::MAX, 2));
    assert_eq!(ProducerTable::from_snapshot(&writer.table.to_snapshot()), writer.table);
}

/// A batch that came by way of another partition.
fn by_way_of(epoch: i16, first: i32, last: i32) -> SequencedBatch {
    let id = ID.derived(PartitionIndex(3)).unwrap();
    SequencedBatch { producer_id: id, ..batch(epoch, first, last) }
}

#[test]
fn sequences_from_another_partition_may_leave_numbers_out_and_never_come_twice() {
    let mut writer = Writer::default();
    let first = writer.write(by_way_of(0, 40, 41));
    let second = writer.write(by_way_of(0, 60, 60));
    assert_eq!(writer.table.check(&by_way_of(0, 40, 41)), Ok(Check::Duplicate(first)));
    assert_eq!(writer.table.check(&by_way_of(0, 60, 60)), Ok(Check::Duplicate(second)));
    // A batch whose records all went elsewhere the first time is older than what is here: nothing of it is missing.
    assert_eq!(writer.table.check(&by_way_of(0, 50, 51)), Ok(Check::Duplicate(second)));
    writer.write(by_way_of(0, 61, 61));
}

#[test]
fn sequences_from_another_partition_grow_across_the_wrap_and_start_anew_with_an_epoch() {
    let mut writer = Writer::default();
    writer.write(by_way_of(0, i32::MAX - 1, i32::MAX));
    writer.write(by_way_of(0, 5, 6));
    assert!(matches!(writer.table.check(&by_way_of(0, i32::MAX - 1, i32::MAX)), Ok(Check::Duplicate(_))));
    writer.write(by_way_of(1, 0, 0));
    let older = writer.table.check(&by_way_of(0, 7, 7));
    assert!(matches!(older, Err(SequenceError::InvalidProducerEpoch { .. })), "{older:?}");
}

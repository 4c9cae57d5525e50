//! Deleting records, retention, rolling, expiry of producers.

use std::io::ErrorKind;

use klamm_log::sim::{Fault, Operation};
use klamm_model::{Offset, TimestampMs};
use klamm_partition::{DeleteRecordsError, FetchError, Partition};

use crate::support::{
    Bench, NOW, append_committed, fetch, plain, sequenced, visible_from, wait_for_the_flush_thread,
};

const DAY_MS: i64 = 86_400_000;

#[test]
fn records_are_deleted_up_to_the_high_watermark() {
    let bench = Bench::new();
    let partition = bench.open();
    for _ in 0..3 {
        append_committed(&partition, &plain(2));
    }
    assert_eq!(partition.delete_records(Offset(3), NOW).unwrap(), Offset(3));
    assert_eq!(partition.delete_records(Offset(1), NOW).unwrap(), Offset(3), "never down");
    let below = partition.read(&fetch(2)).unwrap_err();
    assert!(matches!(below, FetchError::OffsetOutOfRange { .. }), "{below}");
    assert_eq!(visible_from(&partition, 3), [2, 4], "the batch that holds the start comes whole");
    for offset in [7, -2] {
        let error = partition.delete_records(Offset(offset), NOW).unwrap_err();
        assert!(matches!(error, DeleteRecordsError::OffsetOutOfRange { .. }), "{error}");
    }
    assert_eq!(partition.delete_records(Offset(-1), NOW).unwrap(), Offset(6));
}

#[test]
fn producers_outlive_their_records() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 1000;
    bench.config.file_delete_delay_ms = 0;
    let partition = bench.open();
    // No room for a snapshot while the segments roll: the deletion makes some, and must take one itself.
    bench.disk.fail(Fault::always(Operation::Create, ".snapshot", ErrorKind::StorageFull));
    for i in 0..20 {
        append_committed(&partition, &sequenced(0, i, 1));
    }
    // The producer's last batch is in a segment that goes; others come after it.
    for _ in 0..20 {
        append_committed(&partition, &plain(1));
    }
    wait_for_the_flush_thread(&bench);
    assert_eq!(bench.snapshots(), 0);
    bench.disk.heal();
    let start = partition.delete_records(Offset(30), NOW).unwrap();
    let retired = remove_retired(&partition);
    assert!(retired > 0);
    bench.cut_power(partition);

    let mut options = bench.options(false, Offset::ZERO);
    options.open_state.log_start_offset = start;
    let (partition, _) = Partition::open(options).unwrap();
    assert_eq!(partition.log_start_offset(), start);
    assert!(partition.append(&sequenced(0, 19, 1), NOW).unwrap().duplicate);
    assert!(partition.append(&sequenced(0, 21, 1), NOW).is_err(), "its sequence is known");
}

/// Removes what may be removed, once the thread that flushes has written the snapshot.
fn remove_retired(partition: &Partition) -> usize {
    loop {
        let retired = partition.take_retired(TimestampMs(i64::MAX));
        if !retired.is_empty() {
            let count = retired.len();
            for segment in retired {
                segment.remove().unwrap();
            }
            return count;
        }
        std::thread::yield_now();
    }
}

#[test]
fn retention_deletes_old_segments_and_a_restart_still_knows_the_producers() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 1000;
    bench.config.retention_ms = Some(1000);
    bench.config.file_delete_delay_ms = 0;
    let partition = bench.open();
    for i in 0..20 {
        append_committed(&partition, &sequenced(0, i, 1));
    }
    let report = partition.housekeep(TimestampMs(NOW.0 + 1001)).unwrap();
    assert!(report.deleted.len() > 1);
    assert_eq!(partition.log_start_offset(), Offset(20), "all was too old");
    remove_retired(&partition);
    bench.cut_power(partition);
    let partition = bench.open();
    assert_eq!(partition.log_end_offset(), Offset(20));
    assert!(partition.append(&sequenced(0, 19, 1), NOW).unwrap().duplicate);
}

#[test]
fn time_rolls_and_makes_producers_forgotten() {
    let mut bench = Bench::new();
    bench.config.segment_ms = 1000;
    bench.config.retention_ms = None;
    let partition = bench.open();
    append_committed(&partition, &sequenced(0, 0, 1));
    let report = partition.housekeep(TimestampMs(NOW.0 + 1001)).unwrap();
    assert_eq!((report.rolled, report.expired_producers), (Some(Offset(1)), 0));
    let report = partition.housekeep(TimestampMs(NOW.0 + DAY_MS)).unwrap();
    assert_eq!((report.rolled, report.expired_producers), (None, 1));
    assert_eq!(append_committed(&partition, &sequenced(0, 77, 1)).base_offset, Offset(1));
}

//! Disks that fail or are full.

use std::io::ErrorKind;

use klamm_log::sim::{Fault, Operation};
use klamm_model::{Offset, TimestampMs};
use klamm_partition::{
    AppendError, CloseError, CommitError, FetchWait, FlushError, Health, HousekeepError, StopReason,
};

use crate::support::{Bench, NOW, append_committed, block_on, plain, sequenced, visible_from};

#[test]
fn after_a_failed_fsync_nothing_is_acknowledged_any_more() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &plain(2));
    bench.disk.fail(Fault::once(Operation::SyncData, ".log", ErrorKind::Other));
    let waiting: Vec<_> = (0..3).filter_map(|_| partition.append(&plain(1), NOW).ok()).collect();
    assert!(!waiting.is_empty());
    for appended in &waiting {
        let error = block_on(partition.committed(appended.last_offset)).unwrap_err();
        let CommitError::Stopped(reason) = error;
        assert!(matches!(*reason, StopReason::Disk { .. }), "{reason}");
        assert!(reason.to_string().contains(".log"), "the file is named: {reason}");
    }
    // The next fsync would succeed, and prove nothing.
    assert!(matches!(partition.append(&plain(1), NOW), Err(AppendError::Stopped(_))));
    assert!(matches!(partition.flush_now(), Err(FlushError::Stopped(_))));
    assert!(matches!(partition.housekeep(NOW), Err(HousekeepError::Stopped(_))));
    assert!(matches!(partition.health(), Health::Stopped(_)));
    assert_eq!(visible_from(&partition, 0), [0], "what was visible can still be read");
    assert!(matches!(partition.close(), Err(CloseError::Stopped(_))));
}

#[test]
fn a_failed_write_stops_the_partition_and_wakes_who_waits() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &plain(1));
    let wait = FetchWait::new(1);
    partition.watch(Offset(1), &wait);
    bench.disk.fail(Fault::once(Operation::Write, ".log", ErrorKind::Other));
    partition.append(&plain(1), NOW).unwrap_err();
    assert!(wait.is_ready());
    assert!(!partition.health().is_healthy());
    assert_eq!(visible_from(&partition, 0), [0]);
}

#[test]
fn a_full_disk_refuses_reads_go_on_and_room_heals() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &sequenced(0, 0, 2));
    bench.disk.set_capacity(0);
    let full = partition.append(&sequenced(0, 2, 2), NOW).unwrap_err();
    assert!(matches!(full, AppendError::Log(klamm_log::AppendError::DiskFull(_))), "{full}");
    assert!(partition.health().is_healthy());
    assert_eq!(visible_from(&partition, 0), [0]);
    bench.disk.set_capacity(u64::MAX);
    let retried = append_committed(&partition, &sequenced(0, 2, 2));
    assert_eq!((retried.base_offset, retried.duplicate), (Offset(2), false));
}

#[test]
fn a_failed_snapshot_harms_nothing() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 1000;
    let partition = bench.open();
    bench.disk.fail(Fault::always(Operation::Create, ".snapshot", ErrorKind::Other));
    for i in 0..20 {
        append_committed(&partition, &sequenced(0, i, 1));
    }
    partition.close().unwrap();
    bench.disk.heal();
    assert_eq!(bench.snapshots(), 0);
    let partition = bench.open();
    assert!(partition.append(&sequenced(0, 15, 1), NOW).unwrap().duplicate);
}

#[test]
fn a_closed_partition_takes_nothing() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &plain(2));
    assert_eq!(partition.close().unwrap(), Offset(2));
    assert!(matches!(partition.append(&plain(1), NOW), Err(AppendError::Stopped(_))));
    assert!(matches!(partition.close(), Err(CloseError::Stopped(_))));
    assert!(block_on(partition.committed(Offset(1))).is_ok(), "what was durable stays acknowledged");
    assert!(block_on(partition.committed(Offset(2))).is_err());
}

#[test]
fn an_abandoned_partition_writes_no_file_any_more() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 1000;
    let partition = bench.open();
    for _ in 0..20 {
        partition.append(&plain(1), NOW).unwrap();
    }
    partition.abandon();
    let files: Vec<_> = bench.disk.snapshot().into_keys().collect();
    assert!(matches!(partition.append(&plain(1), NOW), Err(AppendError::Stopped(_))));
    partition.housekeep(TimestampMs(i64::MAX)).unwrap_err();
    partition.checkpoint().unwrap_err();
    assert_eq!(bench.disk.snapshot().into_keys().collect::<Vec<_>>(), files);
}

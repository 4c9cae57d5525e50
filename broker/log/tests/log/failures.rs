use std::io::ErrorKind;

use klamm_log::sim::{Fault, Operation};
use klamm_log::{AppendError, CloseError, LogConfig, ReadError};
use klamm_model::{Offset, TimestampMs};

use crate::fixture::{UNKNOWN, append, base_offsets, disk, flush, open, read, small, unclean};

#[test]
fn after_a_failed_fsync_the_log_is_stopped_and_reads_go_on() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    append(&mut log, 2, 10).unwrap();
    flush(&mut log);
    append(&mut log, 2, 10).unwrap();
    disk.fail(Fault::once(Operation::SyncData, ".log", ErrorKind::Other));
    flush(&mut log);
    assert_eq!(log.durable_offset(), Offset(2));
    // The next fsync would succeed: nobody may rely on it.
    assert!(log.begin_flush().is_none());
    let error = append(&mut log, 1, 10).unwrap_err();
    assert!(matches!(error, AppendError::Stopped(_)));
    let text = error.to_string();
    assert!(text.contains("can't sync /data/orders-0/00000000000000000000.log"), "{text}");
    assert!(text.contains("restart the broker"), "{text}");
    assert!(matches!(log.close(), Err(CloseError::Stopped(_))));
    assert_eq!(base_offsets(&log, Offset(0)).unwrap(), [0, 2]);
    assert_eq!((log.checkpoint().unwrap(), log.durable_offset()), (Offset(2), Offset(2)));
}

#[test]
fn a_flush_that_ends_well_after_another_one_failed_advances_nothing() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    append(&mut log, 2, 10).unwrap();
    let first = log.begin_flush().unwrap();
    let second = log.begin_flush().unwrap();
    disk.fail(Fault::once(Operation::SyncData, "", ErrorKind::Other));
    let result = first.run();
    log.finish_flush(first, result);
    let result = second.run();
    assert!(result.is_ok());
    log.finish_flush(second, result);
    assert_eq!(log.durable_offset(), Offset(0));
}

#[test]
fn a_full_disk_refuses_writes_until_there_is_room_and_serves_reads() {
    let disk = disk();
    let (mut log, _) = open(&disk, LogConfig::default(), UNKNOWN);
    append(&mut log, 2, 100).unwrap();
    flush(&mut log);
    disk.set_capacity(log.size_bytes() + 50);
    for _ in 0..3 {
        let error = append(&mut log, 2, 100).unwrap_err();
        assert!(matches!(error, AppendError::DiskFull(_)), "{error}");
        assert!(error.to_string().contains("00000000000000000000.log"), "{error}");
        assert_eq!(base_offsets(&log, Offset(0)).unwrap(), [0]);
    }
    assert_eq!(log.end_offset(), Offset(2));
    disk.set_capacity(u64::MAX);
    append(&mut log, 1, 10).unwrap();
    flush(&mut log);
    assert_eq!(log.durable_offset(), Offset(3));
    drop(log);
    disk.cut_power();
    let (log, recovery) = open(&disk, LogConfig::default(), unclean(Offset(0)));
    assert_eq!(recovery.truncated_bytes, 0, "what was left of the refused batches is gone");
    assert_eq!(base_offsets(&log, Offset(0)).unwrap(), [0, 2]);
}

#[test]
fn a_disk_that_is_too_full_to_roll_refuses_and_recovers() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    append(&mut log, 1, 3900).unwrap();
    disk.fail(Fault::always(Operation::Create, ".log", ErrorKind::StorageFull));
    let error = append(&mut log, 1, 3900).unwrap_err();
    assert!(matches!(error, AppendError::DiskFull(_)), "{error}");
    assert!(error.to_string().contains("can't create /data/orders-0/00000000000000000001.log"), "{error}");
    disk.heal();
    assert_eq!(append(&mut log, 1, 3900).unwrap().rolled, Some(Offset(1)));
    assert_eq!(base_offsets(&log, Offset(0)).unwrap(), [0, 1]);
}

#[test]
fn a_failed_write_stops_the_log() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    append(&mut log, 1, 10).unwrap();
    disk.fail(Fault::once(Operation::Write, ".log", ErrorKind::Other));
    assert!(matches!(append(&mut log, 1, 10), Err(AppendError::Disk(_))));
    assert!(matches!(append(&mut log, 1, 10), Err(AppendError::Stopped(_))));
    assert_eq!(base_offsets(&log, Offset(0)).unwrap(), [0]);
}

#[test]
fn a_failed_read_names_the_file_and_harms_nothing_else() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    append(&mut log, 1, 10).unwrap();
    disk.fail(Fault::once(Operation::Read, ".log", ErrorKind::Other));
    let error = read(&log, Offset(0), 100).unwrap_err();
    assert!(matches!(error, ReadError::Disk(_)));
    assert!(error.to_string().starts_with("can't read /data/orders-0/00000000000000000000.log"), "{error}");
    assert_eq!(base_offsets(&log, Offset(0)).unwrap(), [0]);
    append(&mut log, 1, 10).unwrap();
}

#[test]
fn index_entries_that_cannot_be_written_refuse_nothing() {
    let disk = disk();
    let config = LogConfig { index_interval_bytes: 1, ..LogConfig::default() };
    let (mut log, _) = open(&disk, config, UNKNOWN);
    disk.fail(Fault::always(Operation::Create, ".index", ErrorKind::Other));
    for _ in 0..700 {
        append(&mut log, 1, 10).unwrap();
    }
    assert_eq!(base_offsets(&log, Offset(600)).unwrap()[0], 600);
    disk.heal();
    append(&mut log, 1, 10).unwrap();
    assert!(disk.snapshot().keys().any(|path| path.extension().is_some_and(|kind| kind == "index")));
}

#[test]
fn a_read_of_a_segment_that_is_removed_meanwhile_says_so() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    for _ in 0..4 {
        append(&mut log, 1, 3900).unwrap();
    }
    let request = klamm_log::ReadRequest { offset: Offset(0), upto: Offset(4), max_bytes: 9, min_one: true };
    let view = log.read_view(request).unwrap();
    log.delete_records_before(Offset(2), TimestampMs(0)).unwrap();
    let retired = log.take_retired(TimestampMs(0));
    assert_eq!(retired.len(), 2);
    for segment in retired {
        segment.remove().unwrap();
    }
    // The simulated file is there for as long as it is open, as on Linux.
    assert_eq!(view.read().unwrap().len(), 1);
    assert!(matches!(read(&log, Offset(0), 9), Err(ReadError::OutOfRange { .. })));
}

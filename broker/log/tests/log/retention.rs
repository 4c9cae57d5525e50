use klamm_log::{DeleteRecordsError, Deleted, DeletedBecause, Log, LogConfig};
use klamm_model::{LeaderEpoch, Offset, TimestampMs};

use crate::fixture::{UNKNOWN, base_offsets, batch, clean, disk, open, small};

/// Appends one record that fills a segment.
fn put(log: &mut Log, time: i64) {
    let base = log.end_offset();
    log.append(&batch(base, 0, time, &[&[b'x'; 3900]]), TimestampMs(time)).unwrap();
}

fn config() -> LogConfig {
    LogConfig { retention_ms: None, file_delete_delay_ms: 100, ..small() }
}

fn bases(deleted: &[Deleted]) -> Vec<(i64, DeletedBecause)> {
    deleted.iter().map(|deleted| (deleted.base_offset.0, deleted.because)).collect()
}

#[test]
fn old_segments_go_in_order_and_files_after_their_delay() {
    let disk = disk();
    let (mut log, _) = open(&disk, LogConfig { retention_ms: Some(1000), ..config() }, UNKNOWN);
    for time in [5000, 5100, 7000, 5200, 5300] {
        put(&mut log, time);
    }
    assert_eq!(bases(&log.enforce_retention(TimestampMs(6000), Offset(5)).unwrap()), []);
    let deleted = log.enforce_retention(TimestampMs(6101), Offset(5)).unwrap();
    assert_eq!(bases(&deleted), [(0, DeletedBecause::Time), (1, DeletedBecause::Time)]);
    // The next is young, so those behind it stay though they are old.
    assert_eq!((log.start_offset(), log.segment_count()), (Offset(2), 3));
    assert_eq!(log.take_retired(TimestampMs(6200)).len(), 0);
    let retired = log.take_retired(TimestampMs(6201));
    assert_eq!(retired.len(), 2);
    for segment in retired {
        segment.remove().unwrap();
    }
    assert!(disk.snapshot().keys().all(|path| !path.to_string_lossy().contains("00000.")
        || path.extension().is_none_or(|kind| kind == "snapshot")));
    let end = log.close().unwrap();
    let (log, _) = open(&disk, config(), clean(end));
    assert_eq!(log.start_offset(), Offset(2), "after a restart without a checkpoint too");
}

#[test]
fn an_expired_active_segment_is_sealed_and_goes() {
    let disk = disk();
    let (mut log, _) = open(&disk, LogConfig { retention_ms: Some(1000), ..config() }, UNKNOWN);
    put(&mut log, 5000);
    put(&mut log, 5000);
    assert_eq!(
        bases(&log.enforce_retention(TimestampMs(9000), Offset(1)).unwrap()),
        [(0, DeletedBecause::Time)]
    );
    let deleted = log.enforce_retention(TimestampMs(9000), Offset(2)).unwrap();
    assert_eq!(bases(&deleted), [(1, DeletedBecause::Time)]);
    assert_eq!((log.start_offset(), log.end_offset(), log.size_bytes()), (Offset(2), Offset(2), 0));
    put(&mut log, 9000);
    assert_eq!(base_offsets(&log, Offset(2)).unwrap(), [2]);
}

#[test]
fn a_log_is_cut_to_its_size_but_not_below_it() {
    let disk = disk();
    let (mut log, _) = open(&disk, LogConfig { retention_bytes: Some(9000), ..config() }, UNKNOWN);
    for _ in 0..5 {
        put(&mut log, 1);
    }
    let deleted = log.enforce_retention(TimestampMs(2), Offset(5)).unwrap();
    assert_eq!(bases(&deleted), [(0, DeletedBecause::Size), (1, DeletedBecause::Size)]);
    assert!(log.size_bytes() >= 9000);
    assert_eq!(log.start_offset(), Offset(2));
}

#[test]
fn a_compacted_topic_keeps_what_is_old() {
    let disk = disk();
    let config = LogConfig { delete: false, retention_ms: Some(1), retention_bytes: Some(1), ..config() };
    let (mut log, _) = open(&disk, config, UNKNOWN);
    put(&mut log, 1);
    put(&mut log, 1);
    assert_eq!(bases(&log.enforce_retention(TimestampMs(9000), Offset(2)).unwrap()), []);
}

#[test]
fn deleted_records_are_gone_and_their_segments_with_them() {
    let disk = disk();
    let (mut log, _) = open(&disk, config(), UNKNOWN);
    for _ in 0..5 {
        put(&mut log, 1);
    }
    assert_eq!(log.delete_records_before(Offset(3), TimestampMs(1)).unwrap(), Offset(3));
    assert_eq!(log.delete_records_before(Offset(1), TimestampMs(1)).unwrap(), Offset(3), "never back");
    let error = log.delete_records_before(Offset(6), TimestampMs(1)).unwrap_err();
    assert!(matches!(error, DeleteRecordsError::OutOfRange { end: Offset(5), .. }), "{error}");
    assert_eq!((log.segment_count(), log.take_retired(TimestampMs(101)).len()), (2, 3));
    assert_eq!(log.epoch_end_offset(LeaderEpoch(0)), Some((LeaderEpoch(0), Offset(5))));
    assert_eq!(log.epoch_of(Offset(2)), None);
    assert_eq!(log.delete_records_before(Offset(5), TimestampMs(1)).unwrap(), Offset(5));
    let state = klamm_log::OpenState { log_start_offset: Offset(5), ..clean(Offset(5)) };
    log.close().unwrap();
    let (mut log, _) = open(&disk, config(), state);
    assert_eq!(
        (log.start_offset(), log.segment_count()),
        (Offset(5), 5),
        "nothing else tells of the producers"
    );
    log.write_producer_snapshot(Offset(5), &[]).unwrap();
    let (log, _) = open(&disk, config(), state);
    assert_eq!((log.start_offset(), log.end_offset(), log.segment_count()), (Offset(5), Offset(5), 1));
}

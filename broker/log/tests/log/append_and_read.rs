use klamm_log::{AppendError, LogConfig, ReadError, ReadRequest};
use klamm_model::{LeaderEpoch, Offset, TimestampMs};
use klamm_records::batches;

use crate::fixture::{UNKNOWN, append, base_offsets, batch, clean, disk, flush, open, read, small};

#[test]
fn what_was_appended_is_read_from_every_offset() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    for _ in 0..60 {
        append(&mut log, 3, 100).unwrap();
    }
    assert!(log.segment_count() > 5, "{}", log.segment_count());
    for offset in 0..180 {
        let bytes = read(&log, Offset(offset), 700).unwrap();
        let first = batches(&bytes).next().unwrap().unwrap();
        assert_eq!(first.header.base_offset.0, offset / 3 * 3, "the batch that holds offset {offset}");
        assert!(bytes.len() <= 700);
    }
    let all: Vec<i64> = (0..60).map(|n| n * 3).collect();
    assert_eq!(base_offsets(&log, Offset::ZERO).unwrap(), all);
}

#[test]
fn a_read_ends_below_upto_and_within_max_bytes_but_gives_one_batch() {
    let disk = disk();
    let (mut log, _) = open(&disk, LogConfig::default(), UNKNOWN);
    for _ in 0..10 {
        append(&mut log, 2, 500).unwrap();
    }
    let request = ReadRequest { offset: Offset(4), upto: Offset(8), max_bytes: 1 << 20, min_one: true };
    let bases = |request| -> Vec<i64> {
        let parts = log.read_view(request).unwrap().read().unwrap();
        parts.iter().flat_map(|part| batches(part)).map(|batch| batch.unwrap().header.base_offset.0).collect()
    };
    assert_eq!(bases(request), [4, 6]);
    assert_eq!(bases(ReadRequest { max_bytes: 10, ..request }), [4]);
    assert_eq!(bases(ReadRequest { max_bytes: 10, min_one: false, ..request }), []);
    assert_eq!(bases(ReadRequest { upto: Offset(4), ..request }), []);
    assert_eq!(bases(ReadRequest { offset: Offset(20), upto: Offset(20), ..request }), []);
}

#[test]
fn a_batch_larger_than_what_is_read_at_once_comes_whole() {
    let disk = disk();
    let (mut log, _) = open(&disk, LogConfig::default(), UNKNOWN);
    append(&mut log, 1, 50_000).unwrap();
    append(&mut log, 1, 70_000).unwrap();
    append(&mut log, 1, 10).unwrap();
    assert_eq!(base_offsets(&log, Offset::ZERO).unwrap(), [0, 1, 2]);
    assert_eq!(base_offsets(&log, Offset(1)).unwrap(), [1, 2]);
}

#[test]
fn offsets_outside_the_log_are_refused() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    append(&mut log, 5, 10).unwrap();
    log.delete_records_before(Offset(2), TimestampMs(0)).unwrap();
    for offset in [-1, 1, 6] {
        let error = read(&log, Offset(offset), 100).unwrap_err();
        let ReadError::OutOfRange { start, end, .. } = error else { panic!("{error}") };
        assert_eq!((start, end), (Offset(2), Offset(5)));
    }
}

#[test]
fn a_batch_before_the_end_is_refused() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    append(&mut log, 5, 10).unwrap();
    let error = log.append(&batch(Offset(4), 0, 0, &[b"x"]), TimestampMs(0)).unwrap_err();
    assert!(matches!(error, AppendError::OutOfOrder { end: Offset(5), .. }), "{error}");
    assert_eq!(log.end_offset(), Offset(5));
}

#[test]
fn a_segment_is_sealed_by_size_and_by_time() {
    let disk = disk();
    let config = LogConfig { segment_ms: 1000, segment_jitter_ms: 100, ..small() };
    let (mut log, _) = open(&disk, config, UNKNOWN);
    let put = |log: &mut klamm_log::Log, time: i64, length: usize| {
        let base = log.end_offset();
        log.append(&batch(base, 0, time, &[&vec![b'x'; length]]), TimestampMs(time)).unwrap().rolled
    };
    assert_eq!(put(&mut log, 5000, 10), None);
    assert_eq!(put(&mut log, 5900, 10), None);
    assert_eq!(put(&mut log, 5901, 10), Some(Offset(2)));
    assert_eq!(put(&mut log, 5902, 3700), None);
    assert_eq!(put(&mut log, 5903, 300), Some(Offset(4)));
    assert_eq!(log.roll_if_due(TimestampMs(6803)).unwrap(), None);
    assert_eq!(log.roll_if_due(TimestampMs(6804)).unwrap(), Some(Offset(5)));
    assert_eq!(log.roll_if_due(TimestampMs(9999)).unwrap(), None, "an empty segment is never old");
}

#[test]
fn a_flush_makes_durable_what_was_appended_before_it_and_no_more() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    assert!(log.begin_flush().is_some(), "the new file's name is not on the disk yet");
    flush(&mut log);
    assert!(log.begin_flush().is_none());
    append(&mut log, 5, 10).unwrap();
    let ticket = log.begin_flush().unwrap();
    append(&mut log, 5, 10).unwrap();
    assert_eq!(log.durable_offset(), Offset(0));
    let result = ticket.run();
    log.finish_flush(ticket, result);
    assert_eq!(log.durable_offset(), Offset(5));
    flush(&mut log);
    assert_eq!(log.durable_offset(), Offset(10));
}

#[test]
fn a_clean_start_finds_the_log_as_it_was_and_writes_nothing() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    for _ in 0..60 {
        append(&mut log, 3, 100).unwrap();
    }
    log.assign_epoch(LeaderEpoch(4), log.end_offset());
    let end = log.close().unwrap();
    let (files, changes) = (disk.snapshot(), disk.changes());
    let (mut log, recovery) = open(&disk, small(), clean(end));
    assert_eq!((log.end_offset(), log.durable_offset()), (end, end));
    assert_eq!((recovery.verified_bytes, recovery.truncated_bytes), (0, 0));
    assert_eq!(log.latest_epoch(), Some(LeaderEpoch(4)));
    assert_eq!(log.epoch_end_offset(LeaderEpoch(0)), Some((LeaderEpoch(0), end)));
    log.close().unwrap();
    assert_eq!(disk.changes(), changes);
    assert_eq!(disk.snapshot(), files);
    assert_eq!(base_offsets(&log, Offset(100)).unwrap().first(), Some(&99));
}

use klamm_log::{Log, LogConfig, TimeQuery, TimestampAndOffset};
use klamm_model::{Offset, TimestampMs};
use klamm_records::Compression;

use crate::fixture::{UNKNOWN, batch_of_times, clean, disk, open, small};

fn put(log: &mut Log, times: &[i64], codec: Compression) {
    let base = log.end_offset();
    let values = vec![&b"some value, not short"[..]; times.len()];
    let batch = batch_of_times(base, 2, times, &values, codec);
    log.append(&batch, TimestampMs(0)).unwrap();
}

fn find(log: &Log, query: TimeQuery, upto: i64) -> Option<(i64, i64)> {
    let found = log.time_view(query, Offset(upto)).find(1 << 20).unwrap();
    found.map(|TimestampAndOffset { timestamp, offset, leader_epoch }| {
        assert_eq!(leader_epoch.0, 2);
        (timestamp.0, offset.0)
    })
}

fn from(log: &Log, time: i64) -> Option<(i64, i64)> {
    find(log, TimeQuery::AtOrAfter(TimestampMs(time)), log.end_offset().0)
}

/// A batch whose first record is deleted, and has its largest time.
#[test]
fn the_newest_record_is_none_that_is_deleted() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    let batch = batch_of_times(Offset(0), 0, &[90, 50, 40], &[b"a", b"b", b"c"], Compression::Lz4);
    log.append(&batch, TimestampMs(0)).unwrap();
    log.append(&batch_of_times(Offset(3), 0, &[45], &[b"d"], Compression::None), TimestampMs(0)).unwrap();
    log.delete_records_before(Offset(1), TimestampMs(0)).unwrap();
    let found = log.time_view(TimeQuery::MaxTimestamp, Offset(4)).find(1 << 20).unwrap().unwrap();
    assert_eq!((found.timestamp, found.offset), (TimestampMs(50), Offset(1)));
}

#[test]
fn a_time_is_found_inside_a_compressed_batch() {
    for codec in
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd]
    {
        let (mut log, _) = open(&disk(), LogConfig::default(), UNKNOWN);
        put(&mut log, &[100, 300, 200, 400], codec);
        put(&mut log, &[350, 500], codec);
        assert_eq!(from(&log, 0), Some((100, 0)));
        assert_eq!(from(&log, 101), Some((300, 1)), "the first in the log, not the next in time");
        assert_eq!(from(&log, 301), Some((400, 3)));
        assert_eq!(from(&log, 401), Some((500, 5)));
        assert_eq!(from(&log, 501), None);
        assert_eq!(find(&log, TimeQuery::MaxTimestamp, 6), Some((500, 5)));
        assert_eq!(find(&log, TimeQuery::MaxTimestamp, 5), Some((400, 3)), "only below the high watermark");
        assert_eq!(find(&log, TimeQuery::AtOrAfter(TimestampMs(401)), 5), None);
        log.delete_records_before(Offset(2), TimestampMs(0)).unwrap();
        assert_eq!(from(&log, 0), Some((200, 2)), "not below the log start offset");
    }
}

/// Times that go up and down, over many segments and index entries; compared with a plain search.
#[test]
fn every_time_is_found_as_a_plain_search_finds_it() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    let mut times = Vec::new();
    for n in 0..400 {
        let batch: Vec<i64> = (0..3).map(|m| 1000 + n * 5 + (n * 7 + m * 13) % 40).collect();
        put(&mut log, &batch, if n % 2 == 0 { Compression::Lz4 } else { Compression::None });
        times.extend(batch);
    }
    assert!(log.segment_count() > 10);
    let check = |log: &Log| {
        for time in (990..3100).step_by(7) {
            let expected = times.iter().position(|&at| at >= time).map(|n| (times[n], n as i64));
            assert_eq!(from(log, time), expected, "time {time}");
        }
        let largest = *times.iter().max().unwrap();
        let first = times.iter().position(|&at| at == largest).unwrap() as i64;
        assert_eq!(find(log, TimeQuery::MaxTimestamp, 1200), Some((largest, first)));
    };
    check(&log);
    let end = log.close().unwrap();
    let (log, _) = open(&disk, small(), clean(end));
    check(&log);
    for path in disk.snapshot().into_keys().filter(|path| path.extension().is_some_and(|e| e == "timeindex"))
    {
        disk.damage(&path, Vec::clear).unwrap();
    }
    let (log, _) = open(&disk, small(), clean(end));
    check(&log);
}

/// Batches of one time stand side by side, so that a wrong entry can be true of another batch than the one it was made
/// for.
#[test]
fn a_time_is_found_whatever_bit_of_its_index_is_wrong() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    let times: Vec<i64> = (0..60).map(|n| 1000 + n / 4 * 10).collect();
    for &time in &times {
        put(&mut log, &[time], Compression::None);
    }
    assert!(log.segment_count() > 1);
    let end = log.close().unwrap();
    let files = disk.snapshot();
    for (path, sound) in files.iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "timeindex")) {
        assert!(sound.len() > 24, "{}", path.display());
        for bit in 0..sound.len() * 8 {
            disk.damage(path, |bytes| bytes[bit / 8] ^= 1 << (bit % 8)).unwrap();
            let (log, _) = open(&disk, small(), clean(end));
            for time in (995..=1150).step_by(5) {
                let expected = times.iter().position(|&at| at >= time).map(|n| (times[n], n as i64));
                assert_eq!(from(&log, time), expected, "time {time}, bit {bit} of {}", path.display());
            }
            disk.damage(path, |bytes| bytes.clone_from(sound)).unwrap();
        }
    }
}

#[test]
fn an_empty_log_has_no_times() {
    let (log, _) = open(&disk(), small(), UNKNOWN);
    assert_eq!(find(&log, TimeQuery::MaxTimestamp, 0), None);
    assert_eq!(from(&log, 0), None);
}

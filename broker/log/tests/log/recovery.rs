use std::path::PathBuf;

use klamm_log::sim::SimDisk;
use klamm_log::{Log, LogConfig, OpenError, ReadError};
use klamm_model::{LeaderEpoch, Offset, TimestampMs};

use crate::fixture::{
    DIR, UNKNOWN, append, base_offsets, batch, clean, disk, flush, open, read, small, try_open, unclean,
    value,
};

fn file(base: i64, kind: &str) -> PathBuf {
    PathBuf::from(format!("{DIR}/{base:020}.{kind}"))
}

/// A log of so many batches of two records, one segment, on the disk but not closed; batches are of one size.
fn one_segment(disk: &SimDisk, batches: i64) -> u64 {
    let (mut log, _) = open(disk, LogConfig::default(), UNKNOWN);
    for _ in 0..batches {
        let base = log.end_offset();
        let values = [value(Offset(base.0 + 1_000_000), 300), value(Offset(base.0 + 1_000_000), 300)];
        log.append(&batch(base, 0, 5, &[&values[0], &values[1]]), TimestampMs(5)).unwrap();
    }
    flush(&mut log);
    log.size_bytes() / batches as u64
}

fn corrupt(error: OpenError) -> (PathBuf, u64, Offset, String) {
    let text = error.to_string();
    let OpenError::Corrupt(corrupt) = error else { panic!("{error}") };
    assert!(text.contains(&corrupt.file.display().to_string()), "{text}");
    assert!(text.contains(&format!("at byte {}", corrupt.position)), "{text}");
    assert!(text.contains("Restore this file from a copy"), "{text}");
    (corrupt.file, corrupt.position, corrupt.offset, corrupt.reason)
}

#[test]
fn a_tail_that_ends_within_a_batch_is_cut() {
    let disk = disk();
    let size = one_segment(&disk, 10);
    disk.damage(&file(0, "log"), |bytes| bytes.truncate(9 * size as usize + 100)).unwrap();
    let (log, recovery) = open(&disk, LogConfig::default(), unclean(Offset(4)));
    assert_eq!(log.end_offset(), Offset(18));
    assert_eq!(recovery.truncated_bytes, 100);
    assert_eq!(recovery.truncated_at, Some((file(0, "log"), 9 * size)));
    assert_eq!(recovery.verified_bytes, 7 * size, "only from the recovery point on");
    let (_, again) = open(&disk, LogConfig::default(), unclean(Offset(4)));
    assert_eq!(again.truncated_bytes, 0);
}

#[test]
fn a_last_batch_with_wrong_bytes_is_cut() {
    let disk = disk();
    let size = one_segment(&disk, 10);
    disk.damage(&file(0, "log"), |bytes| bytes[9 * size as usize + 80] ^= 1).unwrap();
    let (log, recovery) = open(&disk, LogConfig::default(), unclean(Offset(0)));
    assert_eq!((log.end_offset(), recovery.truncated_bytes), (Offset(18), size));
}

#[test]
fn a_flipped_bit_before_whole_batches_is_no_torn_tail() {
    for at in [3, 9, 16, 20, 80, 400] {
        let disk = disk();
        let size = one_segment(&disk, 10);
        disk.damage(&file(0, "log"), |bytes| bytes[5 * size as usize + at] ^= 0x10).unwrap();
        let files = disk.snapshot();
        let (path, position, offset, _) =
            corrupt(try_open(&disk, LogConfig::default(), unclean(Offset(0))).unwrap_err());
        assert_eq!((path, position, offset), (file(0, "log"), 5 * size, Offset(10)), "byte {at}");
        assert_eq!(disk.snapshot(), files, "nothing was changed");
    }
}

#[test]
fn a_hole_that_a_power_cut_left_is_cut_with_what_is_behind_it() {
    let disk = disk();
    let size = one_segment(&disk, 10);
    let hole = 2048..2560;
    assert!(hole.contains(&(3 * size as usize + 1)) || hole.start / size as usize == 3);
    disk.damage(&file(0, "log"), |bytes| bytes[hole.clone()].fill(0)).unwrap();
    let (log, recovery) = open(&disk, LogConfig::default(), unclean(Offset(4)));
    assert_eq!(log.end_offset(), Offset(6));
    assert!(recovery.discarded_behind_hole);
    assert_eq!(recovery.truncated_bytes, 7 * size);
}

#[test]
fn damage_below_the_recovery_point_is_never_cut() {
    let disk = disk();
    let size = one_segment(&disk, 10);
    // A hole, and a file that ends early: both below what was on the disk for sure.
    disk.damage(&file(0, "log"), |bytes| bytes[2048..2560].fill(0)).unwrap();
    let (_, position, ..) = corrupt(try_open(&disk, LogConfig::default(), unclean(Offset(20))).unwrap_err());
    assert_eq!(position, 3 * size);
    disk.damage(&file(0, "log"), |bytes| bytes.truncate(5 * size as usize + 7)).unwrap();
    corrupt(try_open(&disk, LogConfig::default(), unclean(Offset(20))).unwrap_err());
}

#[test]
fn files_that_are_gone_are_missed() {
    let disk = disk();
    let size = one_segment(&disk, 10);
    disk.damage(&file(0, "log"), |bytes| bytes.truncate(5 * size as usize)).unwrap();
    let error = try_open(&disk, LogConfig::default(), unclean(Offset(20))).unwrap_err();
    let OpenError::Missing { end, recovery_point, .. } = &error else { panic!("{error}") };
    assert_eq!((*end, *recovery_point), (Offset(10), Offset(20)));
    assert!(error.to_string().contains("recovery-point-offset-checkpoint"), "{error}");
    // A new partition has nothing to miss, whatever its namesake had.
    let disk = crate::fixture::disk();
    try_open(&disk, LogConfig::default(), unclean(Offset(20))).unwrap();
}

fn many_segments(disk: &SimDisk) -> Log {
    let (mut log, _) = open(disk, small(), UNKNOWN);
    for _ in 0..60 {
        append(&mut log, 3, 100).unwrap();
    }
    flush(&mut log);
    log
}

#[test]
fn a_sealed_segment_that_ends_early_ends_the_log_only_above_the_recovery_point() {
    let disk = disk();
    let log = many_segments(&disk);
    let end = log.end_offset();
    drop(log);
    let bases: Vec<PathBuf> =
        disk.snapshot().into_keys().filter(|path| path.extension().is_some_and(|e| e == "log")).collect();
    let second = bases[1].clone();
    disk.damage(&second, |bytes| bytes.truncate(1500)).unwrap();
    corrupt(try_open(&disk, small(), unclean(end)).map(|_| ()).err().unwrap_or_else(|| {
        // Segments below the recovery point are not walked at the start: the damage is found when it is read.
        let (log, _) = open(&disk, small(), unclean(end));
        let error = base_offsets(&log, Offset(0)).unwrap_err();
        let ReadError::Corrupt(found) = error else { panic!("{error}") };
        assert_eq!(found.file, second);
        found.into()
    }));
    let (log, recovery) = open(&disk, small(), unclean(Offset(3)));
    assert!(log.end_offset() < end && recovery.discarded_behind_hole);
    assert_eq!(base_offsets(&log, Offset(0)).unwrap().last(), Some(&(log.end_offset().0 - 3)));
}

#[test]
fn a_damaged_sealed_segment_harms_only_reads_of_that_place() {
    let disk = disk();
    let mut log = many_segments(&disk);
    let size = read(&log, Offset(0), 1).unwrap().len();
    disk.damage(&file(0, "log"), |bytes| bytes[4 * size..4 * size + 50].fill(0xff)).unwrap();
    let error = base_offsets(&log, Offset(0)).unwrap_err();
    let ReadError::Corrupt(corrupt) = &error else { panic!("{error}") };
    assert_eq!((&corrupt.file, corrupt.position), (&file(0, "log"), 4 * size as u64));
    assert_eq!(read(&log, Offset(0), 800).unwrap()[7], 0, "what stands before it is read");
    let second = base_offsets(&log, Offset(30)).unwrap();
    assert_eq!(second.last(), Some(&177));
    append(&mut log, 1, 10).unwrap();
}

#[test]
fn damaged_indexes_cost_nothing_but_time() {
    for damage in [
        |bytes: &mut Vec<u8>| bytes.clear(),
        |bytes: &mut Vec<u8>| bytes.fill(0),
        |bytes: &mut Vec<u8>| bytes.iter_mut().for_each(|byte| *byte = byte.wrapping_add(3)),
        |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2 + 1),
    ] {
        for is_clean in [true, false] {
            let disk = disk();
            let mut log = many_segments(&disk);
            let end = log.close().unwrap();
            let all = base_offsets(&log, Offset(0)).unwrap();
            for path in disk.snapshot().into_keys() {
                if path.extension().is_some_and(|kind| kind == "index" || kind == "timeindex") {
                    disk.damage(&path, damage).unwrap();
                }
            }
            let state = if is_clean { clean(end) } else { unclean(end) };
            let (log, _) = open(&disk, small(), state);
            assert_eq!(base_offsets(&log, Offset(0)).unwrap(), all);
            for offset in (0..end.0).rev() {
                let bytes = read(&log, Offset(offset), 10).unwrap();
                assert_eq!(i64::from(bytes[7]), offset / 3 * 3, "offset {offset}");
            }
        }
    }
}

#[test]
fn leader_epochs_are_worked_out_from_the_log_if_their_file_is_damaged() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    for epoch in [2, 5, 9] {
        log.append(&batch(log.end_offset(), epoch, 1, &[b"a", b"b"]), TimestampMs(1)).unwrap();
    }
    let end = log.close().unwrap();
    let path = PathBuf::from(format!("{DIR}/leader-epoch-checkpoint"));
    assert_eq!(disk.snapshot()[&path], b"0\n3\n2 0\n5 2\n9 4\n");
    disk.damage(&path, |bytes| bytes.truncate(7)).unwrap();
    let (log, _) = open(&disk, small(), clean(end));
    assert_eq!(log.epoch_end_offset(LeaderEpoch(5)), Some((LeaderEpoch(5), Offset(4))));
    disk.damage(&path, |bytes| *bytes = b"7\n0\n".to_vec()).unwrap();
    let error = try_open(&disk, small(), clean(end)).unwrap_err();
    assert!(error.to_string().contains("format version \"7\""), "{error}");
}

//! Damage to a log that was closed in order: all of it was on the disk, so that nothing may be cut.

use std::path::PathBuf;

use klamm_log::sim::SimDisk;
use klamm_log::{OpenError, OpenState};
use klamm_model::Offset;

use crate::fixture::{DIR, append, base_offsets, clean, disk, open, small, try_open, unclean};

fn file(name: &str) -> PathBuf {
    PathBuf::from(format!("{DIR}/{name}"))
}

/// Seven batches of one record in four segments, closed in order.
fn closed() -> SimDisk {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), clean(Offset(0)));
    for _ in 0..7 {
        append(&mut log, 1, 1900).unwrap();
    }
    assert_eq!(log.close().unwrap(), Offset(7));
    disk
}

#[test]
fn a_changed_bit_in_the_last_batch_is_named_and_nothing_is_cut() {
    let disk = closed();
    let last = file("00000000000000000006.log");
    disk.damage(&last, |bytes| *bytes.last_mut().unwrap() ^= 1).unwrap();
    let before = disk.snapshot();
    for state in [clean(Offset(7)), unclean(Offset(7))] {
        let opened = try_open(&disk, small(), state);
        if state.clean {
            let error = opened.unwrap_err();
            let OpenError::Corrupt(corrupt) = &error else { panic!("{error}") };
            assert_eq!((&corrupt.file, corrupt.position, corrupt.offset), (&last, 0, Offset(6)));
            assert!(error.to_string().contains("Nothing was changed"), "{error}");
        } else {
            // Below the recovery point only the consumer looks.
            assert_eq!(opened.unwrap().0.end_offset(), Offset(7));
        }
        assert_eq!(disk.snapshot()[&last], before[&last]);
    }
}

#[test]
fn a_first_segment_that_is_gone_is_missed() {
    let disk = closed();
    let state = |start| OpenState { log_start_offset: start, ..clean(Offset(7)) };
    let gone = file("00000000000000000000.log");
    klamm_log::Disk::remove_file(&disk, &gone).unwrap();
    let error = try_open(&disk, small(), state(Offset(0))).unwrap_err();
    assert!(matches!(error, OpenError::MissingStart { first: Offset(2), start: Offset(0), .. }), "{error}");
    // Retention removes it too, but writes down the log start before.
    assert_eq!(open(&disk, small(), state(Offset(2))).0.start_offset(), Offset(2));
    assert_eq!(open(&disk, small(), state(Offset::UNKNOWN)).0.start_offset(), Offset(2));
}

#[test]
fn a_log_that_is_longer_than_it_was_is_another_one() {
    let disk = closed();
    let error = try_open(&disk, small(), clean(Offset(6))).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { end: Offset(7), .. }), "{error}");
    assert_eq!(open(&disk, small(), unclean(Offset(6))).0.end_offset(), Offset(7));
}

/// The CRC does not cover the base offset: a reader would take the batch for another one, or pass over it.
#[test]
fn a_changed_base_offset_ends_the_reading() {
    let disk = closed();
    let (log, _) = open(&disk, small(), clean(Offset(7)));
    let first = file("00000000000000000000.log");
    let second = disk.snapshot()[&first].len() / 2;
    disk.damage(&first, |bytes| bytes[second + 6] ^= 1).unwrap();
    assert_eq!(klamm_records::batches(&crate::fixture::read(&log, Offset(0), 9000).unwrap()).count(), 1);
    let error = base_offsets(&log, Offset(1)).unwrap_err().to_string();
    assert!(error.contains(&format!("corrupt at byte {second} (offset 1)")), "{error}");
    assert_eq!(base_offsets(&log, Offset(2)).unwrap(), [2, 3, 4, 5, 6]);
}

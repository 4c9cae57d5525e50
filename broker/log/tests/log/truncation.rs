use klamm_log::ProducerSnapshotEntry;
use klamm_model::{LeaderEpoch, Offset, TimestampMs};

use crate::fixture::{UNKNOWN, append, base_offsets, batch, disk, flush, open, small, unclean};

#[test]
fn a_log_ends_before_the_batch_that_holds_the_offset() {
    for target in [179, 178, 100, 99, 31, 3, 2] {
        let disk = disk();
        let (mut log, _) = open(&disk, small(), UNKNOWN);
        for n in 0..60 {
            append(&mut log, 3, 100).unwrap();
            if n % 10 == 0 {
                log.write_producer_snapshot(log.end_offset(), &[] as &[ProducerSnapshotEntry]).unwrap();
            }
        }
        flush(&mut log);
        let expected = Offset(target / 3 * 3);
        assert_eq!(log.truncate_to(Offset(target), TimestampMs(0)).unwrap(), expected);
        assert_eq!((log.end_offset(), log.durable_offset()), (expected, expected));
        // What comes in place of what went is read, from every offset, also after a crash.
        while log.end_offset() < Offset(240) {
            let base = log.end_offset();
            log.append(&batch(base, 4, 9, &[&[b'y'; 150], &[b'z'; 150]]), TimestampMs(9)).unwrap();
        }
        flush(&mut log);
        let bases: Vec<i64> =
            (0..expected.0).step_by(3).chain((expected.0..log.end_offset().0).step_by(2)).collect();
        assert_eq!(base_offsets(&log, Offset(0)).unwrap(), bases);
        assert_eq!(log.epoch_end_offset(LeaderEpoch(0)).map(|(_, end)| end), Some(expected));
        let end = log.end_offset();
        drop(log);
        disk.cut_power();
        let (log, recovery) = open(&disk, small(), unclean(Offset(0)));
        assert_eq!((log.end_offset(), recovery.truncated_bytes), (end, 0));
        assert_eq!(base_offsets(&log, Offset(0)).unwrap(), bases);
    }
}

#[test]
fn all_of_a_log_can_go() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    for _ in 0..60 {
        append(&mut log, 3, 100).unwrap();
    }
    log.delete_records_before(Offset(50), TimestampMs(0)).unwrap();
    assert_eq!(log.truncate_to(Offset(40), TimestampMs(0)).unwrap(), Offset(40));
    assert_eq!((log.start_offset(), log.end_offset(), log.size_bytes()), (Offset(40), Offset(40), 0));
    append(&mut log, 3, 100).unwrap();
    assert_eq!(base_offsets(&log, Offset(40)).unwrap(), [40]);
}

#[test]
fn a_flush_that_was_under_way_says_nothing_of_what_came_after_the_cut() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), UNKNOWN);
    append(&mut log, 3, 100).unwrap();
    append(&mut log, 3, 100).unwrap();
    let ticket = log.begin_flush().unwrap();
    log.truncate_to(Offset(3), TimestampMs(0)).unwrap();
    append(&mut log, 3, 100).unwrap();
    let result = ticket.run();
    log.finish_flush(ticket, result);
    assert_eq!(log.durable_offset(), Offset(0));
    flush(&mut log);
    assert_eq!(log.durable_offset(), Offset(6));
}

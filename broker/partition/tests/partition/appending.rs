//! Appending: places, sequences, commit and visibility.

use std::sync::Arc;

use klamm_log::sim::{Fault, Operation};
use klamm_model::{Offset, TimestampMs};
use klamm_partition::producers::SequenceError;
use klamm_partition::{AppendError, Appended, Commit};

use crate::support::{Bench, NOW, append_committed, block_on, plain, sequenced, visible_from};

#[test]
fn batches_get_the_next_offsets_and_are_seen_once_they_are_durable() {
    let bench = Bench::new();
    let partition = bench.open();
    let first = partition.append(&plain(3), NOW).unwrap();
    let expected = Appended {
        base_offset: Offset(0),
        last_offset: Offset(2),
        log_append_time: TimestampMs::NONE,
        log_start_offset: Offset(0),
        duplicate: false,
        commit: Commit::Wait,
    };
    assert_eq!(first, expected);
    block_on(partition.committed(first.last_offset)).unwrap();
    assert_eq!(partition.high_watermark(), Offset(3));
    assert_eq!(append_committed(&partition, &plain(2)).base_offset, Offset(3));
    assert_eq!(visible_from(&partition, 0), [0, 3]);
}

#[test]
fn what_is_not_durable_is_not_seen() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &plain(1));
    bench.disk.fail(Fault::always(Operation::SyncData, ".log", std::io::ErrorKind::Other));
    let lost = partition.append(&plain(1), NOW).unwrap();
    block_on(partition.committed(lost.last_offset)).unwrap_err();
    assert_eq!((partition.high_watermark(), partition.log_end_offset()), (Offset(1), Offset(2)));
    assert_eq!(visible_from(&partition, 0), [0]);
}

#[test]
fn page_cache_mode_is_seen_at_once_and_waits_at_the_threshold() {
    let mut bench = Bench::new();
    bench.config.flush_messages = 4;
    let partition = bench.open();
    assert_eq!(partition.append(&plain(3), NOW).unwrap().commit, Commit::Done);
    assert_eq!(partition.high_watermark(), Offset(3));
    assert_eq!(partition.statistics().durable_offset, Offset(0));
    let fourth = partition.append(&plain(1), NOW).unwrap();
    assert_eq!(fourth.commit, Commit::Wait);
    block_on(partition.committed(fourth.last_offset)).unwrap();
    assert_eq!(partition.statistics().durable_offset, Offset(4));
}

#[test]
fn flush_ms_brings_the_rest_to_the_disk() {
    let mut bench = Bench::new();
    bench.config.flush_messages = u64::MAX;
    bench.config.flush_ms = 1000;
    let partition = bench.open();
    let appended = partition.append(&plain(1), NOW).unwrap();
    let later = |ms| TimestampMs(NOW.0 + ms);
    assert!(!partition.housekeep(later(999)).unwrap().flush_asked);
    assert!(partition.housekeep(later(1000)).unwrap().flush_asked);
    block_on(partition.committed(appended.last_offset)).unwrap();
    assert!(!partition.housekeep(later(5000)).unwrap().flush_asked, "nothing is left to flush");
}

#[test]
fn other_settings_count_at_once() {
    let mut bench = Bench::new();
    bench.config.flush_messages = u64::MAX;
    let partition = bench.open();
    partition.append(&plain(1), NOW).unwrap();
    bench.config.flush_messages = 1;
    partition.set_log_config(Arc::new(bench.config.clone()));
    assert_eq!(partition.high_watermark(), Offset(1), "what was seen stays seen");
    assert_eq!(append_committed(&partition, &plain(1)).commit, Commit::Wait);
}

#[test]
fn a_retry_gets_its_first_place_and_is_not_written_again() {
    let bench = Bench::new();
    let partition = bench.open();
    let first = append_committed(&partition, &sequenced(0, 0, 3));
    append_committed(&partition, &sequenced(0, 3, 2));
    let retried = partition.append(&sequenced(0, 0, 3), NOW).unwrap();
    let expected = Appended { duplicate: true, log_append_time: NOW, commit: Commit::Done, ..first };
    assert_eq!(retried, expected);
    assert_eq!(visible_from(&partition, 0), [0, 3]);
}

#[test]
fn a_retry_waits_for_the_disk_like_its_first_try() {
    let bench = Bench::new();
    let partition = bench.open();
    bench.disk.fail(Fault::always(Operation::SyncData, ".log", std::io::ErrorKind::Other));
    let first = partition.append(&sequenced(0, 0, 1), NOW).unwrap();
    match partition.append(&sequenced(0, 0, 1), NOW) {
        Ok(retry) => {
            assert_eq!((retry.duplicate, retry.commit), (true, Commit::Wait));
            block_on(partition.committed(retry.last_offset)).unwrap_err();
        }
        // The flush was faster.
        Err(error) => assert!(matches!(error, AppendError::Stopped(_)), "{error}"),
    }
    block_on(partition.committed(first.last_offset)).unwrap_err();
}

#[test]
fn a_gap_and_an_old_epoch_are_refused_and_write_nothing() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &sequenced(1, 0, 1));
    let gap = partition.append(&sequenced(1, 2, 1), NOW).unwrap_err();
    assert!(matches!(gap, AppendError::Sequence(SequenceError::OutOfOrderSequence { .. })), "{gap}");
    let zombie = partition.append(&sequenced(0, 1, 1), NOW).unwrap_err();
    assert!(matches!(zombie, AppendError::Sequence(SequenceError::InvalidProducerEpoch { .. })), "{zombie}");
    assert_eq!(partition.log_end_offset(), Offset(1));
}

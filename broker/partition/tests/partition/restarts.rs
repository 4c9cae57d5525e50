//! Closing, crashing, and coming back with the same producers.

use std::sync::Arc;

use klamm_model::{Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_partition::Partition;
use klamm_records::{BuildOptions, ProducerStamp};

use crate::support::{Bench, NOW, all_visible, append_committed, built, plain, sequenced, visible_from};

/// What the table of producer 7 is after `count` batches of one record: the last five are known.
fn assert_knows_the_last_five(partition: &Arc<Partition>, count: i32) {
    for sequence in count - 5..count {
        let retried = partition.append(&sequenced(0, sequence, 1), NOW).unwrap();
        assert_eq!((retried.base_offset, retried.duplicate), (Offset(i64::from(sequence)), true));
    }
    assert!(partition.append(&sequenced(0, count - 6, 1), NOW).is_err());
    assert!(partition.append(&sequenced(0, count + 1, 1), NOW).is_err());
    assert!(!partition.append(&sequenced(0, count, 1), NOW).unwrap().duplicate);
}

#[test]
fn a_clean_restart_reads_one_snapshot_and_knows_all_five() {
    let bench = Bench::new();
    let partition = bench.open();
    for i in 0..20 {
        append_committed(&partition, &sequenced(0, i, 1));
    }
    let recovery_point = partition.close().unwrap();
    assert_eq!((recovery_point, bench.snapshots()), (Offset(20), 1));
    let (partition, recovery) = Partition::open(bench.options(true, recovery_point)).unwrap();
    assert_eq!(recovery.replayed_batches, 0);
    assert_knows_the_last_five(&partition, 20);
}

#[test]
fn closing_an_untouched_partition_writes_nothing() {
    let bench = Bench::new();
    let partition = bench.open();
    // Enough for index entries.
    for i in 0..3 {
        append_committed(&partition, &sequenced(0, i * 50, 50));
    }
    let recovery_point = partition.close().unwrap();
    let (partition, _) = Partition::open(bench.options(true, recovery_point)).unwrap();
    let before = bench.disk.changes();
    partition.close().unwrap();
    assert_eq!(bench.disk.changes(), before);
}

#[test]
fn a_crash_replays_what_the_snapshots_lack() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 1000;
    let partition = bench.open();
    for i in 0..20 {
        append_committed(&partition, &sequenced(0, i, 1));
    }
    drop(partition);
    let (partition, recovery) = Partition::open(bench.options(false, Offset::ZERO)).unwrap();
    assert!(bench.snapshots() > 0, "rolls took snapshots");
    assert!(recovery.replayed_batches < 20, "so that not all is read: {recovery:?}");
    assert_knows_the_last_five(&partition, 20);
}

#[test]
fn a_crash_at_any_place_of_a_segment_leaves_the_same_producers() {
    for count in 6..30 {
        let mut bench = Bench::new();
        bench.config.segment_bytes = 1000;
        let partition = bench.open();
        for i in 0..count {
            append_committed(&partition, &sequenced(0, i, 1));
        }
        partition.flush_now().unwrap();
        drop(partition);
        assert_knows_the_last_five(&bench.open(), count);
    }
}

#[test]
fn producers_that_expired_meanwhile_are_forgotten() {
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &sequenced(0, 0, 1));
    partition.close().unwrap();
    let mut options = bench.options(true, Offset(1));
    options.open_state.now = TimestampMs(NOW.0 + options.producer_expiration_ms);
    let (partition, _) = Partition::open(options).unwrap();
    assert_eq!(partition.statistics().producers, 0);
}

#[test]
fn a_producer_of_old_records_is_known_after_a_crash_and_after_a_clean_stop() {
    let stamp = ProducerStamp { id: ProducerId(7), epoch: ProducerEpoch(0), base_sequence: Sequence(0) };
    let options = BuildOptions { producer: Some(stamp), ..BuildOptions::default() };
    let old = built(options, 1, TimestampMs(NOW.0 - 365 * 86_400_000));
    let bench = Bench::new();
    let partition = bench.open();
    append_committed(&partition, &old);
    drop(partition);
    let partition = bench.open();
    assert!(partition.append(&old, NOW).unwrap().duplicate, "after a crash");
    let recovery_point = partition.close().unwrap();
    let (partition, recovery) = Partition::open(bench.options(true, recovery_point)).unwrap();
    assert_eq!(recovery.replayed_batches, 0, "the snapshot tells");
    assert!(partition.append(&old, NOW).unwrap().duplicate, "after a clean stop");
}

#[test]
fn acknowledged_records_and_their_producers_survive_power_cuts() {
    for seed in 0..50 {
        let mut bench = Bench::with_seed(seed);
        bench.config.segment_bytes = 1500;
        let mut acknowledged = 0;
        for _ in 0..4 {
            let partition = bench.open();
            assert!(partition.log_end_offset().0 >= i64::from(acknowledged), "seed {seed}");
            // What was written but not acknowledged may be there too: its producer finds out by its retry.
            for sequence in acknowledged..acknowledged + 7 {
                let appended = append_committed(&partition, &sequenced(0, sequence, 1));
                assert_eq!(appended.base_offset, Offset(i64::from(sequence)), "seed {seed}");
            }
            acknowledged += 7;
            // In flight when the power goes.
            partition.append(&sequenced(0, acknowledged, 1), NOW).unwrap();
            bench.cut_power(partition);
        }
        let partition = bench.open();
        let expected: Vec<i64> = (0..i64::from(acknowledged)).collect();
        assert_eq!(all_visible(&partition)[..acknowledged as usize], expected, "seed {seed}");
    }
}

#[test]
fn what_a_power_cut_took_is_no_duplicate() {
    for seed in 0..50 {
        let mut bench = Bench::with_seed(seed);
        bench.config.segment_bytes = 1000;
        bench.config.flush_messages = u64::MAX;
        let partition = bench.open();
        for i in 0..20 {
            partition.append(&sequenced(0, i, 1), NOW).unwrap();
        }
        bench.cut_power(partition);
        let partition = bench.open();
        let left = partition.log_end_offset().0;
        // The producer's next batch after the cut is the first that is lost: the state must not be ahead of the log.
        let lost = sequenced(0, left as i32, 1);
        let appended = partition.append(&lost, NOW).unwrap();
        assert_eq!((appended.base_offset, appended.duplicate), (Offset(left), false), "seed {seed}");
    }
}

#[test]
fn a_recovered_log_is_visible_and_durable() {
    let mut bench = Bench::new();
    bench.config.flush_messages = u64::MAX;
    let partition = bench.open();
    partition.append(&plain(3), NOW).unwrap();
    // The process dies, the machine does not: the page cache is still there.
    drop(partition);
    bench.config.flush_messages = 1;
    let partition = bench.open();
    assert_eq!(visible_from(&partition, 0), [0]);
    bench.cut_power(partition);
    assert_eq!(visible_from(&bench.open(), 0), [0], "what was shown stays");
}

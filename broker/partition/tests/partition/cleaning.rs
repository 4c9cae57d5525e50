//! Compaction beside producers, crashes and the end.

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use klamm_log::cleaner::{CleanError as LogCleanError, CleanRules};
use klamm_log::sim::{Fault, Operation};
use klamm_model::{Offset, ProducerEpoch, ProducerId, Sequence};
use klamm_partition::{Clean, CleanError, CleanPace, CleanReport, Partition};
use klamm_records::{BatchBuilder, BuildOptions, ProducedBatch, ProducerStamp, batches};

use crate::support::{Bench, NOW, append_committed, fetch, validated, wait_for_the_flush_thread};

const RULES: CleanRules =
    CleanRules { min_dirty_ratio: 0.5, min_lag_ms: 0, max_lag_ms: i64::MAX, delete_retention_ms: 1000 };

/// A batch of one record of this key, from this producer.
fn keyed(key: &str, producer: i64, sequence: i32) -> ProducedBatch {
    let producer = ProducerStamp {
        id: ProducerId(producer),
        epoch: ProducerEpoch(0),
        base_sequence: Sequence(sequence),
    };
    let mut builder = BatchBuilder::new(BuildOptions { producer: Some(producer), ..BuildOptions::default() });
    builder.append(NOW, Some(key.as_bytes()), Some(&[b'x'; 100]), &[]);
    validated(builder)
}

fn small() -> Bench {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 2000;
    bench
}

fn clean(partition: &Partition) -> Result<CleanReport, CleanError> {
    clean_at(partition, &mut |_, _| ControlFlow::Continue(()))
}

fn clean_at(partition: &Partition, pace: &mut CleanPace<'_>) -> Result<CleanReport, CleanError> {
    let cleanable = partition.cleanable(None, &RULES, NOW)?;
    let clean = Clean {
        cleanable,
        delete_retention_ms: RULES.delete_retention_ms,
        now: NOW,
        map_bytes: 1 << 16,
        load_factor: 0.9,
        buffer_bytes: 1 << 16,
    };
    partition.clean(&clean, pace)
}

/// Offsets of all records.
fn offsets(partition: &Partition) -> Vec<i64> {
    let (mut at, mut found) = (0, Vec::new());
    while at < partition.high_watermark().0 {
        for batch in batches(&partition.read(&fetch(at)).unwrap().records.concat()) {
            let batch = batch.unwrap();
            let mut records = batch.records(1 << 20).unwrap();
            while let Some(record) = records.next_record().unwrap() {
                found.push(record.offset.0);
            }
            at = batch.header.next_offset().0;
        }
    }
    found
}

#[test]
fn a_producer_that_sends_again_after_a_restart_is_told_where_its_batch_is() {
    let bench = small();
    let partition = bench.open();
    // What is known of the producers after the restart comes from the log alone.
    bench.disk.fail(Fault::always(Operation::Create, ".snapshot", ErrorKind::Other));
    for n in 0..20 {
        append_committed(&partition, &keyed("k", 7, n));
    }
    for n in 0..20 {
        append_committed(&partition, &keyed("k", 8, n));
    }
    let report = clean(&partition).unwrap();
    assert!(report.cleaned > Offset(20) && report.written_bytes < report.replaced_bytes, "{report:?}");
    assert_eq!(report.keys, 1);
    let left = offsets(&partition);
    assert!(left.len() < 15 && left[0] == report.cleaned.0 - 1, "{left:?}");
    wait_for_the_flush_thread(&bench);
    bench.disk.heal();
    bench.cut_power(partition);
    let partition = bench.open();
    assert_eq!(offsets(&partition), left);
    for n in 15..20 {
        let again = partition.append(&keyed("k", 7, n), NOW).unwrap();
        assert_eq!(again.base_offset, Offset(i64::from(n)), "a duplicate, where the record is long gone");
    }
    assert!(partition.append(&keyed("k", 7, 14), NOW).is_err(), "as without the cleaning: five are known");
    assert_eq!(partition.append(&keyed("k", 7, 20), NOW).unwrap().base_offset, Offset(40));
}

#[test]
fn what_consumers_can_not_see_yet_is_not_cleaned() {
    let bench = small();
    let partition = bench.open();
    for n in 0..30 {
        append_committed(&partition, &keyed("k", 7, n));
    }
    let visible = partition.cleanable(None, &RULES, NOW).unwrap().upto;
    let gate = crate::support::Gate::shut(&bench.group_commit);
    for n in 30..60 {
        partition.append(&keyed("k", 7, n), NOW).unwrap();
    }
    assert!(partition.cleanable(None, &RULES, NOW).unwrap().upto <= Offset(30));
    assert!(clean(&partition).unwrap().cleaned >= visible);
    gate.send(()).unwrap();
}

#[test]
fn appends_go_on_while_the_log_is_cleaned() {
    let bench = small();
    let partition = bench.open();
    for n in 0..40 {
        append_committed(&partition, &keyed("k", 7, n));
    }
    let mut next = 40;
    clean_at(&partition, &mut |_, _| {
        // On this very thread: the lock is free, or this would never end.
        append_committed(&partition, &keyed("k", 7, next));
        next += 1;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(next > 60);
    let left = offsets(&partition);
    assert_eq!(left.last(), Some(&i64::from(next - 1)));
    assert!(left.len() < next as usize - 30, "{left:?}");
}

#[test]
fn the_end_of_a_partition_ends_its_cleaning() {
    let bench = small();
    let partition = bench.open();
    for n in 0..40 {
        append_committed(&partition, &keyed("k", 7, n));
    }
    let (begun, has_begun) = sync_channel(1);
    let cleaner = Arc::clone(&partition);
    let cleaning = std::thread::spawn(move || {
        clean_at(&cleaner, &mut |_, is_closed| {
            let _ = begun.try_send(());
            while !is_closed() {
                std::thread::yield_now();
            }
            ControlFlow::Break(())
        })
    });
    has_begun.recv().unwrap();
    partition.close().unwrap();
    let ended = cleaning.join().unwrap().unwrap_err();
    assert!(matches!(ended, CleanError::Log(LogCleanError::Stopped)), "{ended}");
    assert!(matches!(clean(&partition), Err(CleanError::Stopped(_))));
    assert!(bench.disk.snapshot().keys().all(|path| !path.to_string_lossy().contains("cleaned")));
}

#[test]
fn a_swap_that_fails_stops_the_partition() {
    let bench = small();
    let partition = bench.open();
    for n in 0..40 {
        append_committed(&partition, &keyed("k", 7, n));
    }
    let before = offsets(&partition);
    bench.disk.fail(Fault::always(Operation::Rename, ".swap", ErrorKind::Other));
    assert!(matches!(clean(&partition), Err(CleanError::Stopped(_))));
    assert!(!partition.health().is_healthy());
    assert_eq!(offsets(&partition), before, "reads go on");
    bench.disk.heal();
    drop(partition);
    let partition = bench.open();
    let after = offsets(&partition);
    assert!(after.len() < before.len(), "the start has finished it");
    clean(&partition).unwrap();
    assert_eq!(offsets(&partition).last(), before.last());
}

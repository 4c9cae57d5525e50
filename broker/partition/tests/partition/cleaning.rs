//! Compaction beside producers, crashes and the end.

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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

/// Reads all from some offset on while the log changes underneath: every read works, offsets go up, and no place is passed
/// over.
fn read_through(partition: &Partition, from: i64) {
    let end = partition.high_watermark().0;
    let (mut at, mut last) = (from, -1);
    while at < end {
        let fetched = partition.read(&fetch(at)).unwrap();
        for batch in batches(&fetched.records.concat()) {
            let batch = batch.unwrap();
            batch.verify_crc().unwrap();
            assert!(batch.header.base_offset.0 <= at, "nothing at {at}");
            let mut records = batch.records(1 << 20).unwrap();
            while let Some(record) = records.next_record().unwrap() {
                assert!(record.offset.0 > last);
                last = record.offset.0;
            }
            at = batch.header.next_offset().0;
        }
    }
}

#[test]
fn readers_and_a_producer_notice_nothing_of_a_cleaner_that_never_rests() {
    const BATCHES: i32 = 1500;
    let dir = tempfile::tempdir().unwrap();
    let bench = small();
    let mut options = bench.options(false, Offset::ZERO);
    // So few open files that idle ones are closed all the time.
    options.disk = Arc::new(klamm_log::RealDisk::new(2));
    options.dir = dir.path().join("t-0");
    let config =
        klamm_log::LogConfig { flush_messages: 100, index_interval_bytes: 300, ..bench.config.clone() };
    options.log_config = Arc::new(config);
    let (partition, _) = Partition::open(options).unwrap();
    let done = AtomicBool::new(false);
    let mut cleanings = 0;
    std::thread::scope(|scope| {
        for reader in 0..2 {
            let (partition, done) = (&partition, &done);
            scope.spawn(move || {
                let mut from = reader;
                while !done.load(Ordering::Relaxed) {
                    read_through(partition, from % (partition.high_watermark().0 + 1));
                    from += 37;
                }
            });
        }
        let (cleaned, done) = (&partition, &done);
        let cleaner = scope.spawn(move || {
            let mut count = 0;
            while !done.load(Ordering::Relaxed) {
                clean(cleaned).unwrap();
                count += 1;
            }
            count
        });
        for n in 0..BATCHES {
            partition.append(&keyed(&format!("{}", n % 7), 7, n), NOW).unwrap();
        }
        partition.flush_now().unwrap();
        done.store(true, Ordering::Relaxed);
        cleanings = cleaner.join().unwrap();
    });
    assert!(cleanings > 2);
    clean(&partition).unwrap();
    clean(&partition).unwrap();
    let left = offsets(&partition);
    assert!(left.len() < 60 && left[left.len() - 7..] == (1493..1500).collect::<Vec<_>>(), "{left:?}");
    assert_eq!(partition.log_end_offset(), Offset(i64::from(BATCHES)));
}

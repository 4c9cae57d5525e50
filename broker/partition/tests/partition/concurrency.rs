//! Many threads at once.

use std::sync::Arc;
use std::thread;

use klamm_model::{Offset, ProducerEpoch, ProducerId, Sequence};
use klamm_partition::{FetchWait, Partition};
use klamm_records::{BuildOptions, ProducedBatch, ProducerStamp};

use crate::support::{
    Bench, Gate, NOW, append_committed, base_offsets, block_on, built, fetch, plain,
    wait_for_the_flush_thread,
};

const PRODUCERS: i64 = 4;
const BATCHES: i32 = 150;

fn batch_of(producer: i64, sequence: i32) -> ProducedBatch {
    let producer = ProducerStamp {
        id: ProducerId(producer),
        epoch: ProducerEpoch(0),
        base_sequence: Sequence(sequence),
    };
    built(BuildOptions { producer: Some(producer), ..BuildOptions::default() }, 1, NOW)
}

/// Appends one after the other, every third twice; each acknowledgement must be of a visible record.
fn produce(partition: &Arc<Partition>, producer: i64) {
    for sequence in 0..BATCHES {
        let batch = batch_of(producer, sequence);
        let appended = append_committed(partition, &batch);
        assert!(partition.high_watermark() > appended.last_offset, "acknowledged, so visible");
        if sequence % 3 == 0 {
            let retried = append_committed(partition, &batch);
            assert_eq!((retried.base_offset, retried.duplicate), (appended.base_offset, true));
        }
    }
}

/// Reads to the end, waiting for more whenever there is none; each offset must come once and in order.
fn consume(partition: &Partition, min_bytes: u64) {
    let end = PRODUCERS * i64::from(BATCHES);
    let mut next = 0;
    while next < end {
        let fetched = partition.read(&fetch(next)).unwrap();
        for base_offset in base_offsets(&fetched.records) {
            assert_eq!(base_offset, next);
            next += 1;
        }
        if fetched.records.is_empty() {
            // Towards the end fewer bytes than that may come.
            let left = (end - next) as u64 * 100;
            let wait = FetchWait::on_one_partition(min_bytes.min(left));
            partition.watch(fetched.high_watermark, &wait);
            block_on(wait.ready());
        }
    }
}

#[test]
fn producers_and_consumers_at_once_lose_and_double_nothing() {
    for flush_messages in [1, u64::MAX] {
        let mut bench = Bench::new();
        bench.config.segment_bytes = 20_000;
        bench.config.flush_messages = flush_messages;
        let partition = bench.open();
        // In page cache mode there is nothing to wait for.
        let run = if flush_messages == 1 { produce } else { produce_unwaited };
        thread::scope(|scope| {
            for producer in 0..PRODUCERS {
                let partition = &partition;
                scope.spawn(move || run(partition, producer));
            }
            for min_bytes in [1, 1000, 5000] {
                let partition = &partition;
                scope.spawn(move || consume(partition, min_bytes));
            }
            scope.spawn(|| (0..100).for_each(|_| drop(partition.housekeep(NOW).unwrap())));
        });
        let statistics = partition.statistics();
        assert_eq!(statistics.log_end_offset, Offset(PRODUCERS * i64::from(BATCHES)));
        assert_eq!((statistics.commit_waiters, statistics.fetch_waiters), (0, 0));
        assert_eq!(statistics.producers, PRODUCERS as usize);
    }
}

fn produce_unwaited(partition: &Arc<Partition>, producer: i64) {
    for sequence in 0..BATCHES {
        partition.append(&batch_of(producer, sequence), NOW).unwrap();
    }
}

#[test]
fn one_flush_serves_many_waiters() {
    let bench = Bench::new();
    let partition = bench.open();
    let open = Gate::shut(&bench.group_commit);
    let appended: Vec<_> = (0..100).map(|_| partition.append(&plain(1), NOW).unwrap()).collect();
    assert_eq!(partition.high_watermark(), Offset(0));
    open.send(()).unwrap();
    for appended in appended {
        block_on(partition.committed(appended.last_offset)).unwrap();
    }
    wait_for_the_flush_thread(&bench);
    let counters = bench.group_commit.counters();
    // Two of them are the gates.
    assert_eq!((counters.submitted, partition.high_watermark()), (102, Offset(100)));
    assert!(counters.flushes <= 3, "{counters:?}");
}

#[test]
fn ten_thousand_waits_cost_nothing_until_they_are_served() {
    let bench = Bench::new();
    let partition = bench.open();
    let waits: Vec<_> = (0..10_000).map(|_| FetchWait::on_one_partition(1 << 40)).collect();
    for wait in &waits {
        partition.watch(Offset(0), wait);
    }
    for _ in 0..200 {
        append_committed(&partition, &plain(1));
    }
    assert_eq!(partition.statistics().fetch_waiters, 10_000);
    drop(waits);
    assert_eq!(partition.statistics().fetch_waiters, 0);
}

#[test]
fn a_close_in_the_middle_leaves_nobody_waiting() {
    let bench = Bench::new();
    let partition = bench.open();
    let written = thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut acknowledged = 0_i64;
                    // Every append is either acknowledged or refused; none hangs.
                    while let Ok(appended) = partition.append(&plain(1), NOW) {
                        match block_on(partition.committed(appended.last_offset)) {
                            Ok(()) => acknowledged += 1,
                            Err(_) => break,
                        }
                    }
                    acknowledged
                })
            })
            .collect();
        while partition.high_watermark() < Offset(100) {
            thread::yield_now();
        }
        partition.close().unwrap();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum::<i64>()
    });
    assert_eq!(bench.open().log_end_offset(), Offset(written), "an orderly close acknowledges all it took");
}

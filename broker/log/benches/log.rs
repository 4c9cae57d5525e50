//! What a log costs on the disk of the machine, in its page cache: appending, reading, looking up by time.
#![allow(missing_docs, reason = "criterion's macros make functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark ends where it can't go on")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use klamm_log::{Log, LogConfig, OpenState, ReadRequest, RealDisk, Replay, TimeQuery};
use klamm_model::{Offset, TimestampMs};
use klamm_records::{BatchBuilder, BuildOptions, PlacedBatch};
use tempfile::TempDir;

/// Segments of 64 MiB, two of which are kept, so that the benchmark of appending does not fill the disk.
fn open(dir: &TempDir) -> Log {
    let config = LogConfig {
        segment_bytes: 64 << 20,
        retention_bytes: Some(64 << 20),
        file_delete_delay_ms: 0,
        ..LogConfig::default()
    };
    let state = OpenState {
        clean: false,
        settled: false,
        recovery_point: Offset::ZERO,
        log_start_offset: Offset::ZERO,
        now: TimestampMs(0),
    };
    let dir = dir.path().join("bench-0");
    let disk = Arc::new(RealDisk::new(100));
    Log::open(disk, &dir, Arc::new(config), state, &mut |_: Replay<'_>| {}).unwrap().0
}

fn batch(base: Offset, records: usize) -> PlacedBatch {
    let mut builder = BatchBuilder::new(BuildOptions { base_offset: base, ..BuildOptions::default() });
    for _ in 0..records {
        builder.append(TimestampMs(base.0), None, Some(&[7; 1000]), &[]);
    }
    PlacedBatch::from_bytes(&builder.build().unwrap()).unwrap()
}

/// Building the batch is not measured.
fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    for records in [1, 64] {
        let dir = TempDir::new().unwrap();
        let mut log = open(&dir);
        group.throughput(Throughput::Bytes(records as u64 * 1000));
        group.bench_function(format!("{records} KB"), |bencher| {
            bencher.iter_custom(|times| {
                let mut spent = std::time::Duration::ZERO;
                for _ in 0..times {
                    let batch = batch(log.end_offset(), records);
                    let begun = std::time::Instant::now();
                    log.append(&batch, TimestampMs(0)).unwrap();
                    spent += begun.elapsed();
                    forget_old(&mut log);
                }
                spent
            });
        });
    }
    group.finish();
}

fn forget_old(log: &mut Log) {
    if log.segment_count() > 2 {
        log.enforce_retention(TimestampMs(0), log.end_offset()).unwrap();
        for retired in log.take_retired(TimestampMs(0)) {
            retired.remove().unwrap();
        }
    }
}

fn read(criterion: &mut Criterion) {
    let dir = TempDir::new().unwrap();
    let mut log = open(&dir);
    while log.size_bytes() < 32 << 20 {
        let batch = batch(log.end_offset(), 16);
        log.append(&batch, TimestampMs(0)).unwrap();
    }
    let middle = Offset(log.end_offset().0 / 2);
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Bytes(1 << 20));
    let request = ReadRequest { offset: middle, upto: log.end_offset(), max_bytes: 1 << 20, min_one: true };
    group.bench_function("1 MiB from the middle", |bencher| {
        bencher.iter(|| log.read_view(black_box(request)).unwrap().read().unwrap());
    });
    group.finish();
    criterion.bench_function("look up a time in the middle", |bencher| {
        bencher.iter(|| {
            let query = TimeQuery::AtOrAfter(TimestampMs(middle.0));
            log.time_view(black_box(query), log.end_offset()).find(1 << 20).unwrap()
        });
    });
}

criterion_group!(benches, append, read);
criterion_main!(benches);

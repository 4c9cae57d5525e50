//! What a produced batch costs: its checksum, its validation, its codecs.
#![allow(missing_docs, reason = "criterion's macros make functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark ends where it can't go on")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use klamm_model::TimestampMs;
use klamm_records::{
    BatchBuilder, BuildOptions, Compression, ProduceRules, batches, crc32c, validate_produced,
};

/// 256 records of 1 KiB that compress to about half.
fn batch(compression: Compression) -> Bytes {
    let mut builder = BatchBuilder::new(BuildOptions { compression, ..BuildOptions::default() });
    let mut state = 1_u32;
    for _ in 0..256 {
        let value: Vec<u8> = (0..1024)
            .map(|at| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if at % 2 == 0 { (state >> 24) as u8 } else { b'a' + (at % 16) as u8 }
            })
            .collect();
        builder.append(TimestampMs(1_000), None, Some(&value), &[]);
    }
    builder.build().unwrap()
}

fn checksum(criterion: &mut Criterion) {
    let bytes = batch(Compression::None);
    let mut group = criterion.benchmark_group("crc32c");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("256 KiB", |bencher| bencher.iter(|| crc32c(black_box(&bytes))));
    group.finish();
}

fn validation(criterion: &mut Criterion) {
    let rules = ProduceRules { max_uncompressed_bytes: 128 << 20, ..ProduceRules::anything(TimestampMs(0)) };
    let mut group = criterion.benchmark_group("validate_produced");
    for codec in Compression::ALL {
        let bytes = batch(codec);
        group.throughput(Throughput::Bytes(256 * 1024));
        group.bench_function(BenchmarkId::from_parameter(format!("{codec:?}")), |bencher| {
            bencher.iter(|| validate_produced(black_box(&bytes), &rules).unwrap());
        });
    }
    group.finish();
}

fn iteration(criterion: &mut Criterion) {
    let bytes = batch(Compression::None);
    let mut group = criterion.benchmark_group("records");
    group.throughput(Throughput::Elements(256));
    group.bench_function("of a batch", |bencher| {
        bencher.iter(|| {
            let view = batches(black_box(&bytes)).next().unwrap().unwrap();
            let mut records = view.records(1 << 20).unwrap();
            let mut count = 0;
            while records.next_record().unwrap().is_some() {
                count += 1;
            }
            count
        });
    });
    group.finish();
}

criterion_group!(benches, checksum, validation, iteration);
criterion_main!(benches);

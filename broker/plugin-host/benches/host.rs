//! What a plug-in costs beside what it does itself: a call, a start, and the first call after the broker's.
#![allow(missing_docs, reason = "criterion's macros make functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark ends where it can't go on")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use klamm_plugin_host::guests::{Guest, accepting, on_byte};
use klamm_plugin_host::{Batch, Binding, Budget, Host, HostOptions, Kind, Plugin, Record, Span, Verdict};

const RECORDS: u32 = 64;
const VALUE_BYTES: u32 = 1024;
const KEY_BYTES: u32 = 16;

fn bound(guest: &Guest, kind: Kind) -> Plugin {
    let host = Host::new(HostOptions::default()).unwrap();
    let artefact = host.compile(&guest.component()).unwrap();
    host.bind(&artefact, Binding::new(kind, "bench", "1.0.0", "orders")).unwrap()
}

/// 64 records of 1 KiB, with keys.
fn records() -> (Vec<u8>, Vec<Record>) {
    let each = KEY_BYTES + VALUE_BYTES;
    let record = |number| Record {
        offset_delta: number,
        timestamp: 0,
        key: Span { off: number * each, len: KEY_BYTES as i32 },
        value: Span { off: number * each + KEY_BYTES, len: VALUE_BYTES as i32 },
    };
    (vec![b'a'; (RECORDS * each) as usize], (0..RECORDS).map(record).collect())
}

fn calls(criterion: &mut Criterion) {
    let (blob, records) = records();
    let batch = Batch { topic: "orders", partition: 0, blob: &blob, records: &records, headers: &[] };
    let mut group = criterion.benchmark_group("64 records of 1 KiB");
    group.throughput(Throughput::Elements(u64::from(RECORDS)));
    let filters = [
        ("filter: nothing", accepting()),
        ("filter: nothing, keys only", accepting().wants(true, false, false)),
        (
            "filter: first byte of each value",
            on_byte('p', "(call $act (local.get $out) (local.get $i) (i32.const 1))"),
        ),
    ];
    for (name, guest) in filters {
        let plugin = bound(&guest, Kind::Filter);
        group.bench_function(name, |bencher| {
            bencher.iter(|| plugin.check(black_box(&batch), Budget::Full).unwrap());
        });
    }
    let plugin =
        bound(&Guest::partitioner("(call $partitions_out)").wants(true, false, false), Kind::Partitioner);
    group.bench_function("partitioner: nothing, keys only", |bencher| {
        bencher.iter(|| plugin.assign(black_box(&batch), 12, Budget::Full).unwrap());
    });
    let plugin = bound(&Guest::serializer("(call $changes)"), Kind::Serializer);
    group.bench_function("serializer: nothing", |bencher| {
        bencher.iter(|| plugin.encode(black_box(&batch), Budget::Full).unwrap());
    });
    group.finish();
}

fn starts(criterion: &mut Criterion) {
    let host = Host::new(HostOptions::default()).unwrap();
    let artefact = host.compile(&accepting().component()).unwrap();
    criterion.bench_function("start of an instance, with init", |bencher| {
        bencher
            .iter(|| host.bind(&artefact, Binding::new(Kind::Filter, "bench", "1.0.0", "orders")).unwrap());
    });
    let (blob, records) = records();
    let poisoned: Vec<u8> = { [b"p".repeat(VALUE_BYTES as usize + 2 * KEY_BYTES as usize), blob].concat() };
    let batch = Batch { topic: "orders", partition: 0, blob: &poisoned, records: &records, headers: &[] };
    let plugin = bound(&on_byte('p', "unreachable"), Kind::Filter);
    criterion.bench_function("a record of 64 that traps, isolated", |bencher| {
        bencher.iter(|| {
            let verdicts = plugin.check(black_box(&batch), Budget::Full).unwrap();
            assert!(verdicts[1..].iter().all(|verdict| *verdict == Verdict::Accept));
        });
    });
}

fn compiled(dir: &Path, wasm: &[u8]) -> (Arc<Host>, Plugin) {
    let cache_dir = Some(dir.to_owned());
    let host = Host::new(HostOptions { cache_dir, ..HostOptions::default() }).unwrap();
    let artefact = host.compile(wasm).unwrap();
    let plugin = host.bind(&artefact, Binding::new(Kind::Filter, "bench", "1.0.0", "orders")).unwrap();
    (host, plugin)
}

/// A new host each time, as after a restart; the engine is part of it.
fn first_call(criterion: &mut Criterion) {
    let (blob, records) = records();
    let batch = Batch { topic: "orders", partition: 0, blob: &blob, records: &records, headers: &[] };
    let wasm = accepting().padded(1 << 20).component();
    let dir = tempfile::tempdir().unwrap();
    drop(compiled(dir.path(), &wasm));
    let mut group = criterion.benchmark_group("after a restart");
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    group.bench_function(format!("first call of a cached plug-in of {} KiB", wasm.len() >> 10), |bencher| {
        bencher.iter(|| {
            let (_host, plugin) = compiled(dir.path(), &wasm);
            assert!(plugin.artefact().from_cache());
            plugin.check(&batch, Budget::Full).unwrap()
        });
    });
    group.sample_size(10);
    group.bench_function("compile the same", |bencher| {
        bencher.iter(|| {
            let host = Host::new(HostOptions::default()).unwrap();
            host.compile(&wasm).unwrap()
        });
    });
    group.finish();
}

criterion_group!(benches, calls, starts, first_call);
criterion_main!(benches);

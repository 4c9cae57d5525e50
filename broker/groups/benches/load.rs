//! What it costs to read committed offsets back: a million commits, of which every tenth is the last of its partition.
#![allow(missing_docs, reason = "criterion's macros make functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark ends where it can't go on")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use klamm_groups::records::{EncodedRecord, GroupRecord, OffsetKey, OffsetValue};
use klamm_groups::{Coordinator, Now, Tick};
use klamm_model::{TimestampMs, TopicId};

const COMMITS: i64 = 1_000_000;
/// Groups that read a topic of a hundred partitions each.
const GROUPS: i64 = 1_000;
const PARTITIONS: i64 = 100;
const NOW: Now = Now { time: TimestampMs(1), tick: Tick(1) };

fn commits() -> Vec<EncodedRecord> {
    let commit = |number: i64| {
        let place = number % (GROUPS * PARTITIONS);
        let key = OffsetKey {
            group: format!("group-{}", place / PARTITIONS),
            topic: "orders".to_owned(),
            partition: (place % PARTITIONS) as i32,
        };
        let value = OffsetValue {
            offset: number,
            commit_timestamp: number,
            topic_id: TopicId::from_bytes([7; 16]),
            ..OffsetValue::default()
        };
        GroupRecord::Offset { key, value: Some(value) }.encode().unwrap()
    };
    (0..COMMITS).map(commit).collect()
}

fn load(records: &[EncodedRecord]) -> Coordinator {
    let mut coordinator = Coordinator::default();
    for record in records {
        let record = GroupRecord::decode(&record.key, record.value.as_ref()).unwrap();
        coordinator.replay(record.unwrap(), NOW);
    }
    coordinator.loaded(NOW);
    coordinator
}

fn benches(criterion: &mut Criterion) {
    let records = commits();
    let mut group = criterion.benchmark_group("groups");
    group.sample_size(10).throughput(Throughput::Elements(COMMITS as u64));
    group.bench_function("load 1,000,000 commits", |bencher| {
        bencher.iter(|| black_box(load(&records)));
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);

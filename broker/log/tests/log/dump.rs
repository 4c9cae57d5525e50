use std::path::PathBuf;

use klamm_log::LogConfig;
use klamm_log::dump::{self, DumpError, PartitionFile};
use klamm_log::producer_snapshot::{self, SnapshotError};
use klamm_log::sim::SimDisk;
use klamm_model::Offset;

use crate::compaction::support::{Batch, Cleaning, append_batch, clean, keyed};
use crate::fixture::{DIR, UNKNOWN, append, disk, flush, open};

fn file(kind: &str) -> PathBuf {
    PathBuf::from(format!("{DIR}/{:020}.{kind}", 0))
}

fn closed() -> SimDisk {
    let disk = disk();
    let (mut log, _) = open(&disk, LogConfig { index_interval_bytes: 500, ..LogConfig::default() }, UNKNOWN);
    for _ in 0..30 {
        append(&mut log, 2, 100).unwrap();
    }
    log.close().unwrap();
    disk
}

#[test]
fn files_that_are_right_have_no_problems() {
    let disk = closed();
    let batches: Vec<_> = dump::segment(&disk, &file("log")).unwrap().map(Result::unwrap).collect();
    assert_eq!(batches.len(), 30);
    assert!(batches.iter().all(|batch| batch.problem.is_none()));
    let offsets = dump::offset_index(&disk, &file("index")).unwrap();
    assert_eq!(offsets.problems, []);
    for entry in &offsets.entries {
        let batch = batches.iter().find(|batch| batch.position == u64::from(entry.position)).unwrap();
        assert_eq!(batch.header.last_offset(), entry.offset);
    }
    let times = dump::time_index(&disk, &file("timeindex")).unwrap();
    assert_eq!(times.problems, []);
    assert_eq!(
        (times.entries.last().unwrap().offset, times.entries.last().unwrap().timestamp.0),
        (Offset(59), 1058)
    );
    assert_eq!(dump::file_kind(&file("timeindex")), Some((Offset(0), PartitionFile::TimeIndex)));
}

#[test]
fn a_compacted_segment_has_no_problems() {
    let disk = disk();
    let small = LogConfig { segment_bytes: 4000, index_interval_bytes: 200, ..LogConfig::default() };
    let (mut log, _) = open(&disk, small, UNKNOWN);
    for n in 0..200 {
        let own = format!("own {}", n % 40);
        append_batch(
            &mut log,
            &Batch { time: 1000 + n, ..keyed(&[("k", Some("value")), (&own, Some("value"))]) },
        );
    }
    flush(&mut log);
    clean(&mut log, &Cleaning::default()).unwrap();
    log.close().unwrap();
    let mut seen = 0;
    for path in disk.snapshot().into_keys() {
        let problems = match dump::file_kind(&path) {
            Some((_, PartitionFile::Segment)) => {
                let problem = |batch: Result<dump::DumpedBatch, _>| batch.unwrap().problem.is_some();
                dump::segment(&disk, &path).unwrap().filter_map(|batch| problem(batch).then_some(())).count()
            }
            Some((_, PartitionFile::OffsetIndex)) => dump::offset_index(&disk, &path).unwrap().problems.len(),
            Some((_, PartitionFile::TimeIndex)) => dump::time_index(&disk, &path).unwrap().problems.len(),
            _ => continue,
        };
        assert_eq!(problems, 0, "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 9, "{seen}");
}

#[test]
fn room_for_more_entries_is_no_damage() {
    let disk = closed();
    let entries = dump::time_index(&disk, &file("timeindex")).unwrap().entries;
    for (kind, entry_bytes) in [("index", 8), ("timeindex", 12)] {
        disk.damage(&file(kind), |bytes| bytes.resize(bytes.len() + 100 * entry_bytes, 0)).unwrap();
    }
    let offsets = dump::offset_index(&disk, &file("index")).unwrap();
    assert_eq!((offsets.room, offsets.problems), (100, vec![]));
    let times = dump::time_index(&disk, &file("timeindex")).unwrap();
    assert_eq!((times.room, times.problems, times.entries), (100, vec![], entries));
    // Zeros between entries are none.
    disk.damage(&file("index"), |bytes| bytes[..8].fill(0)).unwrap();
    assert_eq!(dump::offset_index(&disk, &file("index")).unwrap().problems[0].entry, 0);
}

#[test]
fn damage_is_told_with_its_place() {
    let disk = closed();
    disk.damage(&file("log"), |bytes| {
        let size = bytes.len() / 30;
        bytes[3 * size + 70] ^= 1;
        bytes[20 * size + 16] = 9;
    })
    .unwrap();
    let mut batches: Vec<_> = dump::segment(&disk, &file("log")).unwrap().collect();
    let last = batches.pop().unwrap().unwrap_err();
    let DumpError::NoBatch { position, .. } = last else { panic!("{last}") };
    assert_eq!(batches.len(), 20);
    let bad: Vec<i64> = batches
        .into_iter()
        .map(Result::unwrap)
        .filter(|batch| batch.problem.is_some())
        .map(|batch| batch.header.base_offset.0)
        .collect();
    assert_eq!(bad, [6]);
    let offsets = dump::offset_index(&disk, &file("index")).unwrap();
    let wrong = offsets.entries.iter().position(|entry| u64::from(entry.position) == position);
    assert_eq!(
        offsets.problems.iter().map(|problem| problem.entry).collect::<Vec<_>>(),
        Vec::from_iter(wrong)
    );
}

#[test]
fn any_bytes_are_told_of_without_a_panic() {
    let disk = closed();
    let mut random = klamm_log::sim::Random::new(7);
    for kind in ["log", "index", "timeindex", "snapshot"] {
        for length in 0..200 {
            let bytes: Vec<u8> = (0..length).map(|_| random.next_u64() as u8 & 3).collect();
            if kind == "snapshot" {
                let path = file("log");
                disk.damage(&path, |there| *there = bytes).unwrap();
                let error = producer_snapshot::read(&disk, &path).unwrap_err();
                assert!(matches!(error, SnapshotError::Damaged { .. } | SnapshotError::Version { .. }));
                continue;
            }
            disk.damage(&file(kind), |there| *there = bytes).unwrap();
            let _ = dump::segment(&disk, &file("log")).unwrap().count();
            dump::offset_index(&disk, &file("index")).unwrap();
            dump::time_index(&disk, &file("timeindex")).unwrap();
        }
    }
}

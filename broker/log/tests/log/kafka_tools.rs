//! Kafka's own DumpLogSegments as a judge of the files. Skipped, by name, where Kafka's jars or a JVM are absent:
//! `KLAMM_KAFKA_JARS` names the directory of the jars.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use klamm_log::{Log, LogConfig, ProducerSnapshotEntry, RealDisk};
use klamm_model::{Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_records::Compression;

use crate::compaction::support::{Batch, Cleaning, append_batch, clean, headers, keyed, records};
use crate::fixture::{UNKNOWN, batch_of_times, flush, open_on, value};

fn jars() -> Option<PathBuf> {
    let Some(jars) = std::env::var_os("KLAMM_KAFKA_JARS").map(PathBuf::from).filter(|jars| jars.is_dir())
    else {
        println!("skipped: KLAMM_KAFKA_JARS does not name the directory of Kafka's jars");
        return None;
    };
    Some(jars)
}

fn dump(jars: &Path, arguments: &[&str], files: &[PathBuf]) -> String {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let output = Command::new("java")
        .args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp"])
        .arg(format!("{}/*", jars.display()))
        .args(["org.apache.kafka.tools.DumpLogSegments", "--files", &files.join(",")])
        .args(arguments)
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    text
}

fn files(dir: &Path, kind: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == kind))
        .collect();
    files.sort();
    files
}

/// Three segments on a real disk, with times that go up and down.
fn fill(dir: &Path) -> Log {
    let config = LogConfig { segment_bytes: 60_000, ..LogConfig::default() };
    let (mut log, _) = open_on(Arc::new(RealDisk::new(100)), dir, config, UNKNOWN).unwrap();
    for n in 0..300 {
        let base = log.end_offset();
        let values = [value(base, 200), value(base.next(), 200), value(base.plus(2), 200)];
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        let time = 1_700_000_000_000 + n * 10 - (n % 7) * 25;
        let codec = if n % 3 == 0 { Compression::Lz4 } else { Compression::None };
        let batch = batch_of_times(base, 3, &[time, time + 3, time - 4], &values, codec);
        log.append(&batch, TimestampMs(time)).unwrap();
    }
    let entry = |id: i64, open: Option<Offset>| ProducerSnapshotEntry {
        producer_id: ProducerId(id),
        epoch: ProducerEpoch(5),
        last_sequence: Sequence(17),
        last_offset: Offset(899),
        offset_delta: 2,
        timestamp: TimestampMs(1_700_000_000_123),
        coordinator_epoch: -1,
        current_txn_first_offset: open,
    };
    let entries = [entry(4000, None), entry(4001, Some(Offset(880)))];
    log.write_producer_snapshot(log.end_offset(), &entries).unwrap();
    log.close().unwrap();
    log
}

/// A log of three segments that is compacted: with batches that lost records, batches without any, and what stands for
/// those that are gone.
fn fill_and_clean(dir: &Path) -> Log {
    let config = LogConfig { segment_bytes: 40_000, index_interval_bytes: 200, ..LogConfig::default() };
    let (mut log, _) = open_on(Arc::new(RealDisk::new(100)), dir, config, UNKNOWN).unwrap();
    for n in 0..500_i64 {
        let (own, value) = (format!("own {}", n % 150), format!("value {n} ").repeat(10));
        let pairs = [("shared", Some(&*value)), (&*own, (n % 4 > 0).then_some(&*value))];
        let time = 1_700_000_000_000 + n * 10 - (n % 7) * 25;
        let codec = Compression::ALL[n as usize % 5];
        let producer = Some((7 + n % 3, 0, n as i32));
        append_batch(&mut log, &Batch { codec, time, producer, ..keyed(&pairs) });
    }
    flush(&mut log);
    let remembered = (100..130).map(|n| Offset(n * 2 + 1)).collect::<Vec<_>>();
    let remembered = (7..10).map(|id| (ProducerId(id), remembered.clone())).collect();
    let cleaning = Cleaning { now: 1_700_000_100_000, remembered, ..Cleaning::default() };
    clean(&mut log, &cleaning).unwrap();
    log.close().unwrap();
    log
}

#[test]
fn dump_log_segments_reads_what_was_compacted() {
    let Some(jars) = jars() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log_dir = dir.path().join("orders-0");
    let log = fill_and_clean(&log_dir);
    let all = headers(&log);
    assert!(all.iter().any(klamm_records::BatchHeader::is_filler));
    assert!(all.iter().any(|header| header.record_count == 0 && !header.is_filler()));
    assert!(all.iter().any(|header| header.delete_horizon().is_some()));
    let text = dump(&jars, &["--print-data-log"], &files(&log_dir, "log"));
    assert_eq!(text.matches("isvalid: true").count(), all.len(), "{text}");
    assert_eq!(text.matches(" key: ").count(), records(&log).len(), "{text}");
    let horizons = all.iter().filter(|header| header.delete_horizon().is_some()).count();
    assert_eq!(text.matches("deleteHorizonMs: OptionalLong[1700000101000]").count(), horizons, "{text}");
    let indexes = files(&log_dir, "index");
    assert!(indexes.len() > 1);
    let text = dump(&jars, &["--index-sanity-check"], &indexes);
    assert_eq!(text.matches("passed sanity check").count(), indexes.len(), "{text}");
    let text = dump(&jars, &["--verify-index-only"], &[indexes, files(&log_dir, "timeindex")].concat());
    for complaint in ["Mismatch", "Found", "not found", "Exception", "corrupt"] {
        assert!(!text.contains(complaint), "{text}");
    }
}

#[test]
fn dump_log_segments_reads_every_file_without_complaint() {
    let Some(jars) = jars() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log_dir = dir.path().join("orders-0");
    let log = fill(&log_dir);
    let logs = files(&log_dir, "log");
    assert!(logs.len() >= 3 && logs.len() == log.segment_count());
    let text = dump(&jars, &["--print-data-log"], &logs);
    assert_eq!(text.matches("isvalid: true").count(), 300, "{text}");
    assert!(text.contains("payload: record 899 record 899"), "{text}");
    let indexes = files(&log_dir, "index");
    let text = dump(&jars, &["--index-sanity-check"], &indexes);
    assert_eq!(text.matches("passed sanity check").count(), logs.len(), "{text}");
    let text = dump(&jars, &["--verify-index-only"], &[indexes, files(&log_dir, "timeindex")].concat());
    for complaint in ["Mismatch", "Found", "not found", "Exception", "corrupt"] {
        assert!(!text.contains(complaint), "{text}");
    }
    let text = dump(&jars, &[], &files(&log_dir, "index"));
    assert!(text.matches("offset: ").count() > 20, "{text}");
    let text = dump(&jars, &[], &files(&log_dir, "timeindex"));
    assert!(text.matches("timestamp: ").count() > 20, "{text}");
    let text = dump(&jars, &[], &files(&log_dir, "snapshot"));
    for expected in [
        "producerId: 4000 producerEpoch: 5",
        "lastSequence=17",
        "lastOffset=899",
        "currentTxnFirstOffset=OptionalLong[880]",
    ] {
        let bare = |text: &str| text.replace([' ', ':', '='], "");
        assert!(bare(&text).contains(&bare(expected)), "{expected} in {text}");
    }
}

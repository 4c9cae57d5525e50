//! The change of files, beside others' work and crashes.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use klamm_log::cleaner::{CleanError, Cleaned, CleaningRun, OffsetMap, Remembered};
use klamm_log::sim::SimDisk;
use klamm_log::{Disk, Log, LogConfig, ReadRequest};
use klamm_model::{Offset, TimestampMs};

use crate::compaction::support::{Cleaning, NEVER, append_batch, clean, keyed, records};
use crate::fixture::{DIR, UNKNOWN, disk, flush, open, open_on, read, small, try_open, unclean};

fn fill(log: &mut Log) {
    for n in 0..200 {
        append_batch(log, &keyed(&[(&format!("{}", n % 3), Some("some value of it"))]));
    }
    flush(log);
}

/// The first group, copied and not swapped.
fn first_group(log: &Log) -> Cleaned {
    let mut pace = |_| ControlFlow::Continue(());
    let view = log.cleaning_view(log.end_offset());
    let cleanable = view.assess(None, &NEVER, TimestampMs(0)).unwrap();
    let keys = view.map_keys(cleanable, OffsetMap::new(1 << 20, 0.9), 1 << 20, &mut pace).unwrap();
    let run = CleaningRun {
        map: &keys.map,
        remembered: &Remembered::new(),
        delete_retention_ms: 0,
        now: TimestampMs(0),
        max_uncompressed_bytes: 1 << 20,
        buffer_bytes: 0,
    };
    let mut copying = view.copying(&run, &keys);
    let groups = view.groups(keys.map.upto()).unwrap();
    copying.group(&groups[0], &mut pace).unwrap().unwrap()
}

#[test]
fn a_segment_that_is_deleted_meanwhile_is_not_replaced() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    fill(&mut log);
    let cleaned = first_group(&log);
    let second = log.cleaning_view(Offset(150)).assess(None, &NEVER, TimestampMs(0)).unwrap().upto;
    log.delete_records_before(second, TimestampMs(0)).unwrap();
    assert!(log.begin_swap(&cleaned).is_none());
    cleaned.discard().unwrap();
    assert!(disk.snapshot().keys().all(|path| !path.to_string_lossy().contains("cleaned")));
}

#[test]
fn a_segment_that_is_being_replaced_is_not_deleted_and_the_log_not_cut_there() {
    let disk = disk();
    let config = LogConfig { retention_bytes: Some(1), ..small() };
    let (mut log, _) = open(&disk, config, unclean(Offset::ZERO));
    fill(&mut log);
    let cleaned = first_group(&log);
    let ticket = log.begin_swap(&cleaned).unwrap();
    log.delete_records_before(Offset(100), TimestampMs(0)).unwrap();
    assert_eq!(log.enforce_retention(TimestampMs(0), Offset(200)).unwrap(), []);
    assert_eq!(log.start_offset(), Offset(100), "what can't be read needs no file");
    assert!(log.truncate_to(Offset(50), TimestampMs(0)).is_err());
    let swapped = ticket.run();
    log.finish_swap(ticket, swapped);
    assert!(!log.enforce_retention(TimestampMs(0), Offset(200)).unwrap().is_empty());
}

#[test]
fn a_read_that_began_before_goes_on_with_the_old_segment() {
    let dir = tempfile::tempdir().unwrap();
    // So few open files that any idle one is closed.
    let real = Arc::new(klamm_log::RealDisk::new(1));
    let (mut log, _) = open_on(real, &dir.path().join("orders-0"), small(), UNKNOWN).unwrap();
    fill(&mut log);
    let request = ReadRequest { offset: Offset(7), upto: Offset(200), max_bytes: 300, min_one: true };
    let (expected, view) = (read(&log, Offset(7), 300).unwrap(), log.read_view(request).unwrap());
    clean(&mut log, &Cleaning::default()).unwrap();
    records(&log);
    assert_eq!(view.read().unwrap().concat(), expected);
    assert!(records(&log).len() < 150);
}

/// All that can be seen of a log.
fn look(disk: &SimDisk) -> (Vec<crate::compaction::support::Record>, Offset, Offset) {
    let (log, _) = try_open(disk, small(), unclean(Offset::ZERO)).unwrap();
    (records(&log), log.start_offset(), log.end_offset())
}

/// All segments become one.
fn clean_at_once(log: &mut Log) -> Result<Offset, CleanError> {
    log.set_config(Arc::new(LogConfig { segment_bytes: 1 << 20, ..small() }));
    clean(log, &Cleaning::default())
}

#[test]
fn a_crash_at_any_step_leaves_the_old_segments_or_the_new_one() {
    let (before, after, steps) = {
        let disk = disk();
        let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
        fill(&mut log);
        log.close().unwrap();
        let (before, from) = (records(&log), disk.changes());
        clean_at_once(&mut log).unwrap();
        (before, records(&log), disk.changes() - from)
    };
    assert!(steps > 10 && after.len() < before.len());
    let mut seen = [0; 2];
    for step in 1..=steps {
        for seed in 0..6 {
            let disk = SimDisk::new(seed);
            disk.create_dir_all(Path::new("/data")).unwrap();
            disk.sync_dir(Path::new("/")).unwrap();
            let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
            fill(&mut log);
            log.close().unwrap();
            disk.fail_power_at(step);
            let cleaned = clean_at_once(&mut log);
            assert!(cleaned.is_err() || step == steps);
            drop(log);
            disk.cut_power();
            let (found, start, end) = look(&disk);
            assert_eq!((start, end), (Offset(0), Offset(200)), "step {step}, seed {seed}");
            assert!(found == before || found == after, "step {step}, seed {seed}: {} records", found.len());
            seen[usize::from(found == after)] += 1;
            let left: Vec<_> = disk.snapshot().into_keys().filter(|path| is_left_over(path)).collect();
            assert_eq!(left, Vec::<std::path::PathBuf>::new(), "step {step}, seed {seed}");
            assert_eq!(look(&disk).0, found, "another start finds the same");
        }
    }
    assert!(seen.iter().all(|&times| times > 10), "{seen:?}");
}

fn is_left_over(path: &Path) -> bool {
    [".cleaned", ".swap", ".tmp", ".deleted"].iter().any(|end| path.to_string_lossy().ends_with(end))
}

#[test]
fn a_swap_that_is_damaged_is_told_of() {
    let disk = disk();
    let (mut log, _) = open(&disk, small(), unclean(Offset::ZERO));
    fill(&mut log);
    log.close().unwrap();
    let _cleaned = first_group(&log);
    drop(log);
    let name = |suffix: &str| Path::new(DIR).join(format!("00000000000000000000.log{suffix}"));
    disk.rename(&name(".cleaned"), &name(".swap")).unwrap();
    disk.damage(&name(".swap"), |bytes| bytes[40] ^= 4).unwrap();
    let before = disk.snapshot().len();
    let refused = try_open(&disk, small(), unclean(Offset::ZERO)).unwrap_err().to_string();
    assert!(refused.contains("00000000000000000000.log.swap is corrupt at byte 0"), "{refused}");
    assert!(disk.snapshot().len() + 2 >= before, "but for its unfinished indexes all is there");
}

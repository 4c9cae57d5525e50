//! Power cuts at any change of the disk, by seed. `run(seed)` tells what was lost or invented.

mod compacting;
mod model;
mod planted;

use klamm_log::sim::{Random, Seeds, SimDisk, first_failing};

use crate::power_loss::model::{Machine, Violation};
use crate::power_loss::planted::{Bug, Planted};

/// Lives of one machine: some work, the power fails, it starts again, in which the power may fail too, and everything is
/// compared.
fn run(seed: u64, bug: Option<Bug>) -> Result<SimDisk, Violation> {
    live(seed, bug, false)
}

fn live(seed: u64, bug: Option<Bug>, compacts: bool) -> Result<SimDisk, Violation> {
    let disk = SimDisk::new(seed);
    let mut random = Random::new(seed ^ 0x5eed);
    let mut machine = Machine::new(Planted::new(disk.clone(), bug), compacts);
    for _ in 0..4 {
        disk.fail_power_at(1 + random.below(if compacts { 400 } else { 150 }));
        machine.live(&mut random);
        disk.cut_power();
        for _ in 0..random.below(4) {
            machine.start_in_vain(&mut random)?;
        }
        machine.start(&mut random)?;
    }
    Ok(disk)
}

/// `KLAMM_LOG_SEEDS` asks for more than there is time for in every run of the tests.
#[test]
fn no_acknowledged_record_is_lost_and_none_is_invented() {
    Seeds::of("KLAMM_LOG_SEEDS", 400).check(|seed| run(seed, None));
}

#[test]
fn a_seed_always_does_the_same() {
    for seed in 0..20 {
        let once = || run(seed, None).map(|disk| (disk.trace(), disk.snapshot())).unwrap();
        assert_eq!(once(), once(), "seed {seed}");
    }
    assert_ne!(run(0, None).unwrap().trace(), run(1, None).unwrap().trace());
}

/// Whether the checks notice a bug within so many seeds.
#[track_caller]
fn is_found_out(bug: Bug, within: u64) {
    assert!(first_failing(within, |seed| run(seed, Some(bug))).is_some(), "{bug:?} passes {within} seeds");
}

#[test]
fn a_log_that_does_not_sync_contents_is_found_out() {
    is_found_out(Bug::NoSyncData, 50);
}

#[test]
fn a_log_that_acknowledges_before_the_fsync_is_found_out() {
    is_found_out(Bug::AcknowledgeBeforeSync, 50);
}

#[test]
fn a_log_that_does_not_sync_names_is_found_out() {
    is_found_out(Bug::NoSyncDir, 200);
}

#[test]
fn a_rename_without_a_sync_of_its_directory_is_found_out() {
    is_found_out(Bug::NoSyncAfterRename, 200);
}

#[test]
fn an_index_that_is_trusted_without_a_sync_is_found_out() {
    is_found_out(Bug::NoSyncIndexes, 200);
}

#[test]
fn a_stop_of_many_logs_that_syncs_nothing_is_found_out() {
    is_found_out(Bug::NoSyncFileSystem, 200);
}

#[test]
fn a_start_that_takes_a_crash_for_a_clean_stop_is_found_out() {
    is_found_out(Bug::SkipRecovery, 100);
}

#[test]
fn a_log_that_skips_its_epoch_checkpoint_is_found_out() {
    is_found_out(Bug::SkipEpochCheckpoint, 200);
}

/// The same with a cleaner at work: of each key the newest record is there, wherever the power fails.
#[test]
fn compaction_loses_no_newest_record_and_brings_no_old_one_back() {
    Seeds::of("KLAMM_LOG_SEEDS", 150).check(|seed| live(seed, None, true));
}

#[track_caller]
fn is_found_out_by_compaction(bug: Bug, within: u64) {
    let found = first_failing(within, |seed| live(seed, Some(bug), true));
    assert!(found.is_some(), "{bug:?} passes {within} seeds");
}

#[test]
fn a_cleaned_segment_that_is_not_synced_is_found_out() {
    is_found_out_by_compaction(Bug::NoSyncCleaned, 200);
}

#[test]
fn old_segments_that_go_before_the_new_one_is_there_for_good_are_found_out() {
    is_found_out_by_compaction(Bug::RemoveBeforeSwap, 200);
}

#[test]
fn a_new_segment_that_stands_beside_old_ones_is_found_out() {
    is_found_out_by_compaction(Bug::SwapBeforeRemove, 300);
}

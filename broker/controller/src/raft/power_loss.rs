//! Power cuts at any write and sync of the metadata log, by seed: its file lies on the simulated disk, which tears,
//! reorders and forgets what was not synced.

mod backend;
mod model;

use klamm_log::sim::{Random, Seeds, SimDisk, first_failing};

use backend::Bug;
use model::{Machine, Violation};

/// Lives of one store: some work, the power fails, it opens again, in which the power may fail too, and everything is
/// compared.
fn run(seed: u64, bug: Option<Bug>) -> Result<SimDisk, Violation> {
    let disk = SimDisk::new(seed);
    let mut random = Random::new(seed ^ 0x5eed);
    let mut machine = Machine::new(disk.clone(), bug);
    for _ in 0..4 {
        disk.fail_power_at(1 + random.below(120));
        machine.live(&mut random)?;
        disk.cut_power();
        for _ in 0..random.below(4) {
            machine.start_in_vain(&mut random)?;
        }
        machine.start()?;
    }
    Ok(disk)
}

/// `KLAMM_METADATA_SEEDS` asks for more than there is time for in every run of the tests.
#[test]
fn no_committed_command_is_lost_and_none_is_half_there() {
    Seeds::of("KLAMM_METADATA_SEEDS", 40).check(|seed| run(seed, None));
}

#[test]
fn a_seed_always_does_the_same() {
    for seed in 0..3 {
        let once = || run(seed, None).map(|disk| disk.trace()).unwrap();
        assert_eq!(once(), once(), "seed {seed}");
    }
    assert_ne!(run(0, None).unwrap().trace(), run(1, None).unwrap().trace());
}

#[track_caller]
fn is_found_out(bug: Bug, within: u64) {
    assert!(first_failing(within, |seed| run(seed, Some(bug))).is_some(), "{bug:?} passes {within} seeds");
}

#[test]
fn a_store_that_never_syncs_is_found_out() {
    is_found_out(Bug::NoSync, 20);
}

#[test]
fn a_store_that_answers_before_the_fsync_is_found_out() {
    is_found_out(Bug::AcknowledgeBeforeSync, 20);
}

#[test]
fn a_store_that_forgets_its_vote_is_found_out() {
    is_found_out(Bug::ForgetVote, 20);
}

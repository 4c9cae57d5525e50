//! Power cuts and kills at any change of the disk under a partition and its idempotent producers, by seed.

mod model;
mod producer;

use klamm_log::sim::{Random, Seeds, SimDisk, first_failing};

use crate::power_loss::model::{Bug, Machine, Violation};

/// Lives of one machine: producers send, the power fails or the process is killed, it starts again, in which the power
/// may fail too, and everything is compared; then the producers send again what they have no answer for.
fn run(seed: u64, bug: Option<Bug>) -> Result<SimDisk, Violation> {
    let mut random = Random::new(seed ^ 0x5eed);
    let mut machine = Machine::new(seed, bug);
    let disk = machine.disk().clone();
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

/// `KLAMM_PARTITION_SEEDS` asks for more than there is time for in every run of the tests.
#[test]
fn acknowledged_batches_are_there_once_and_retries_get_their_old_offsets() {
    Seeds::of("KLAMM_PARTITION_SEEDS", 300).check(|seed| run(seed, None));
}

/// A crash between the checkpoint of the log's start and the snapshot that lets segments go.
#[test]
fn a_seed_that_found_a_forgotten_producer_stays_mended() {
    run(783, None).unwrap();
}

#[test]
fn a_seed_always_does_the_same() {
    for seed in 0..20 {
        let once = || run(seed, None).map(|disk| (disk.trace(), disk.snapshot())).unwrap();
        assert_eq!(once(), once(), "seed {seed}");
    }
}

#[track_caller]
fn is_found_out(bug: Bug, within: u64) {
    assert!(first_failing(within, |seed| run(seed, Some(bug))).is_some(), "{bug:?} passes {within} seeds");
}

#[test]
fn an_acknowledgement_before_the_fsync_is_found_out() {
    is_found_out(Bug::AcknowledgeBeforeSync, 50);
}

#[test]
fn a_producer_that_takes_another_id_for_its_retries_is_found_out() {
    is_found_out(Bug::ForgetProducers, 50);
}

#[test]
fn a_log_start_that_is_not_checkpointed_is_found_out() {
    is_found_out(Bug::SkipLogStart, 100);
}

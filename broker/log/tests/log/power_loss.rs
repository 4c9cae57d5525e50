//! Power cuts at any change of the disk, by seed. `run(seed)` tells what was lost or invented.

mod model;
mod planted;

use klamm_log::sim::{Random, SimDisk};

use crate::power_loss::model::{Machine, Violation};
use crate::power_loss::planted::{Bug, Planted};

/// Lives of one machine: some work, the power fails, it starts again, and everything is compared.
fn run(seed: u64, bug: Option<Bug>) -> Result<SimDisk, Violation> {
    let disk = SimDisk::new(seed);
    let mut random = Random::new(seed ^ 0x5eed);
    let mut machine = Machine::new(Planted::new(disk.clone(), bug));
    for _ in 0..4 {
        disk.fail_power_at(1 + random.below(150));
        machine.live(&mut random);
        disk.cut_power();
        machine.start(&mut random)?;
    }
    Ok(disk)
}

/// How many seeds to try; `KLAMM_LOG_SEEDS` asks for more than there is time for in every run of the tests.
fn seeds() -> u64 {
    std::env::var("KLAMM_LOG_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(1500)
}

#[test]
fn no_acknowledged_record_is_lost_and_none_is_invented() {
    for seed in 0..seeds() {
        if let Err(violation) = run(seed, None) {
            panic!("seed {seed}: {violation}");
        }
    }
}

#[test]
fn a_seed_always_does_the_same() {
    for seed in 0..20 {
        let files = || run(seed, None).unwrap().snapshot();
        assert_eq!(files(), files(), "seed {seed}");
    }
}

#[test]
fn a_broker_that_does_not_sync_contents_is_found_out() {
    assert!((0..50).any(|seed| run(seed, Some(Bug::NoSyncData)).is_err()));
}

#[test]
fn a_broker_that_does_not_sync_names_is_found_out() {
    assert!((0..200).any(|seed| run(seed, Some(Bug::NoSyncDir)).is_err()));
}

//! Power cuts and kills at any change of the disk under a partition of `__consumer_offsets`, its cleaner and the groups in
//! it, by seed: what clients were told is there, and a load gives the groups that were.

mod claims;
mod client;
mod events;
mod ledger;
mod machine;
mod requests;
mod world;

use std::io::ErrorKind;

use client::look;
use klamm_log::Flush;
use klamm_log::sim::{Fault, Operation, Random, Seeds, SimDisk, first_failing};
use klamm_model::ErrorCode;
use machine::{Bug, Machine};
use world::caller;

/// What went wrong, in words.
type Violation = String;

/// Lives of one machine: members come, commit and go, the power fails or the process is killed, it starts again, in which the
/// power may fail too, and everything is compared.
fn run(seed: u64, bug: Option<Bug>) -> Result<SimDisk, Violation> {
    let mut random = Random::new(seed ^ 0x6047_05fe);
    let mut machine = Machine::new(seed, bug, &mut random);
    let disk = machine.disk().clone();
    for _ in 0..4 {
        disk.fail_power_at(1 + random.below(250));
        machine.live(&mut random)?;
        disk.cut_power();
        for _ in 0..random.below(3) {
            machine.start_in_vain(&mut random)?;
        }
        machine.start()?;
    }
    Ok(disk)
}

/// `KLAMM_GROUP_SEEDS` asks for more than there is time for in every run of the tests.
#[test]
fn what_groups_were_told_is_there_after_power_cuts() {
    Seeds::of("KLAMM_GROUP_SEEDS", 200).check(|seed| run(seed, None));
}

#[test]
fn a_seed_always_does_the_same() {
    for seed in 0..20 {
        let once = || run(seed, None).map(|disk| (disk.trace(), disk.snapshot())).unwrap();
        assert_eq!(once(), once(), "seed {seed}");
    }
}

/// The disk is full for a moment, and the groups are read again from a log whose last batch is not on the disk yet: who asks
/// for what is in it has no answer before it is.
#[test]
fn what_is_read_again_is_not_told_before_it_is_durable() {
    let mut machine = Machine::new(1, None, &mut Random::new(1));
    machine.start().unwrap();
    let shard = machine.shard.clone().unwrap();
    let (reach, partition) = (machine.reach(&shard), shard.partition());
    let commit = |number| reach.run(|groups, turn| groups.commit(turn, &caller(), events::commit_of(number)));
    let mut first = commit(1).unwrap();
    machine.disk().fail(Fault::once(Operation::Write, ".log", ErrorKind::StorageFull));
    assert_eq!(commit(2).err(), Some(ErrorCode::CoordinatorNotAvailable));
    machine.ledger.note(partition).unwrap();
    shard.activate(machine.load(partition).unwrap());
    let mut fetched = reach.answer(shard.look(|groups| groups.offsets().count()).unwrap());
    assert!(
        look(&mut first).is_none() && look(&mut fetched).is_none(),
        "told, and a power cut takes it back"
    );
    partition.flush();
    assert_eq!((look(&mut first), look(&mut fetched)), (Some(Ok(Ok(vec![ErrorCode::None]))), Some(Ok(1))));
}

#[track_caller]
fn is_found_out(bug: Bug, within: u64) {
    assert!(first_failing(within, |seed| run(seed, Some(bug))).is_some(), "{bug:?} passes {within} seeds");
}

#[test]
fn an_answer_before_the_fsync_is_found_out() {
    is_found_out(Bug::AnswerBeforeSync, 50);
}

#[test]
fn a_load_without_the_last_batch_is_found_out() {
    is_found_out(Bug::LoadWithoutTheLastBatch, 50);
}

/// Tombstones go in what counts as clean, while older records of their keys are still there.
#[test]
fn a_tombstone_that_is_dropped_too_early_is_found_out() {
    is_found_out(Bug::CheckpointBeforeCleaning, 200);
}

//! Plug-ins that mean harm, in a broker that works for others meanwhile.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what a test can't do without fails it"
)]

mod corpus;
mod pressure;
mod refused;
mod rules;
mod wear;
mod world;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use klamm_hostility::{Process, SteadyProducer};
use klamm_rpc::plugin::OnFailure;

/// Each with its name as a part of a topic's.
const RULES: [(OnFailure, &str); 3] =
    [(OnFailure::DeadLetter, "dead-letter"), (OnFailure::Reject, "reject"), (OnFailure::Pass, "pass")];
/// No request of a well-behaved producer takes so long, on any machine.
const SANE: Duration = Duration::from_secs(5);
/// What hostile plug-ins may cost of memory beside what the broker had, with the instances that are kept.
const GROWTH_KIB: u64 = 256 << 10;

static ALONE: Mutex<()> = Mutex::new(());

/// Tests of this program run one after the other, so that the latencies they print are of their own doing.
fn alone() -> MutexGuard<'static, ()> {
    // One that failed does not fail the others.
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints what the steady producer and the memory say, and fails if they are beyond what is sane.
fn settle(steady: SteadyProducer, names: &[&str], process: &Process<'_>, before_kib: u64) {
    let phases = steady.finish();
    assert_eq!(phases.len(), names.len());
    for (name, latencies) in names.iter().zip(&phases) {
        println!("steady producer, {name}: {latencies}");
        assert!(latencies.max() < SANE, "{name}: {latencies}");
    }
    let (now, peak) = (process.memory_kib(), process.peak_kib());
    println!("memory: {before_kib} KiB before, {now} KiB after, {peak} KiB at most");
    assert!(peak < before_kib + GROWTH_KIB, "{peak} KiB");
    process.check_log();
}

#[expect(clippy::disallowed_methods, reason = "a load lasts as long as it is told to")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

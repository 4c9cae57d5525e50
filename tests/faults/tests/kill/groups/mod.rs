//! Consumer groups in both protocols, whose members commit all the time, come and go.

mod classic;
mod consumer;
mod group;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use klamm_faults::{Client, EndOnPanic, PATIENCE, Random, pause};

pub use classic::ClassicMember;
pub use consumer::ConsumerMember;
pub use group::Group;

/// No member is ever given up because the machine is slow: whoever is lost was lost by the broker.
pub const SESSION_TIMEOUT_MS: i32 = 600_000;
/// A member goes, and comes back, once in so many turns.
const LEAVES_ONCE_IN: u64 = 150;

/// A member of a group, in one of the protocols.
pub trait Member: Send + 'static {
    /// Its group.
    fn group(&self) -> &Arc<Group>;

    /// Joins, or gives a sign of life, until it knows what it reads.
    fn live(&mut self, client: &mut Client) -> io::Result<()>;

    /// Goes. What it read, it reads no more from the beginning of the call on.
    fn leave(&mut self, client: &mut Client) -> io::Result<()>;

    /// Its id and its generation or epoch.
    fn identity(&self) -> (&str, i32);

    /// The partitions that it reads.
    fn assigned(&self) -> &[i32];
}

/// Starts a member that lives until it is told to stop; then it leaves.
pub fn start(bootstrap: &str, mut member: impl Member, seed: u64, stop: &Arc<AtomicBool>) -> JoinHandle<()> {
    let (bootstrap, stop) = (bootstrap.to_owned(), Arc::clone(stop));
    let mut random = Random::new(seed);
    let end_on_panic = EndOnPanic(Arc::clone(member.group().progress()));
    std::thread::spawn(move || {
        let _end_on_panic = end_on_panic;
        while spend_connection(&bootstrap, &mut member, &mut random, &stop).is_err() {
            pause(Duration::from_millis(5));
        }
    })
}

/// One connection's life.
fn spend_connection(
    bootstrap: &str,
    member: &mut impl Member,
    random: &mut Random,
    stop: &AtomicBool,
) -> io::Result<()> {
    let mut client = Client::connect(bootstrap)?;
    let mut known = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        if random.one_in(LEAVES_ONCE_IN) {
            member.leave(&mut client)?;
        }
        member.live(&mut client)?;
        // As a consumer does: what it reads from now on, it reads from where the group has committed.
        if known != member.assigned() {
            known = member.assigned().to_vec();
            member.group().look(&mut client, &known)?;
        }
        let group = Arc::clone(member.group());
        if let Some(&partition) = known.get(random.below(known.len().max(1) as u64) as usize) {
            group.commit(&mut client, member.identity(), partition)?;
        }
    }
    member.leave(&mut client)
}

/// Asks until the group's coordinator is there.
pub fn settled(client: &mut Client, mut ask: impl FnMut(&mut Client) -> io::Result<()>) {
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = ask(client) {
        assert!(Instant::now() < deadline, "the coordinator does not come back: {error}");
        pause(Duration::from_millis(5));
    }
}

//! Clients that mean harm, or don't know better, against a real Klamm process.
//!
//! What it is: what the tests beside it share: a client that sends any bytes, well-behaved clients whose every request
//! must succeed meanwhile, a producer of broken frames, and what the process took of the machine.
//!
//! What it is not: a fuzzer of decoders; `tests/fuzz` is.
//!
//! ```text
//!   tests/*.rs -- Client (hostile) ------> klamm server (a process)
//!           \---- GoodClient, SteadyProducer ---^      `-- Process: memory, panics, connections
//! ```

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test's harness fails the test")]

mod client;
mod frames;
mod good;
mod latencies;
mod process;
mod random;
mod requests;
mod steady;

pub use client::{Answer, Client};
pub use frames::{Frames, well_formed};
pub use good::GoodClient;
pub use latencies::Latencies;
pub use process::Process;
pub use random::Random;
pub use requests::{create_topic, create_topics, error, fetch, produce, value_batch};
pub use steady::SteadyProducer;

/// A number from the environment, or `short`: the long form of a test is the same test with larger numbers.
pub fn amount(variable: &str, short: usize) -> usize {
    std::env::var(variable).map_or(short, |text| text.parse().unwrap())
}

//! Partitions over a simulated disk.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod appending;
mod cleaning;
mod concurrency;
mod failures;
mod fetching;
mod offsets;
mod power_loss;
mod restarts;
mod retention;
mod support;

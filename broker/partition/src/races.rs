//! Waiting, flushing, failing and closing under many orders of their threads: see `klamm_log::sync`.
//!
//! `cargo test -p klamm-partition --features shuttle --lib races`. A wait that nobody ends is a deadlock, which fails.
//! The tests that expect a panic plant a bug, so that the search is seen to find it.

mod bench;
mod commits;
mod failures;
mod fetches;
mod model_disk;

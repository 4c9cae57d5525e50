//! A real broker process is killed (SIGKILL) at random moments, and what it had promised still holds.
//!
//! In `cargo test` a few times; the full form: `KLAMM_KILLS=80 cargo test -p klamm-faults --test kill -- --nocapture`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can't go on fails at the line that says why"
)]

mod groups;
mod keyed;
mod load;
mod metadata;
mod requests;
mod retries;
mod topics;
mod upkeep;

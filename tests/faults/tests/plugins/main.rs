//! A real broker process with plug-ins bound is killed (SIGKILL) at random moments, and what it had promised still holds.
//!
//! In `cargo test` a few times; the full form: `KLAMM_KILLS=80 cargo test -p klamm-faults --test plugins -- --nocapture`.

mod bound;
mod load;

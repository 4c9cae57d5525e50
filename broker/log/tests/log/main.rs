//! The log by its effects, on a simulated disk and on a real one.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs, reason = "tests")]

mod after_a_stop;
mod append_and_read;
mod compaction;
mod data_dir;
mod dump;
mod failures;
mod fixture;
mod kafka_tools;
mod power_loss;
mod recovery;
mod retention;
mod room_ahead;
mod time;
mod truncation;

//! What Klamm promises, while a real process is killed again and again.
//!
//! What it is: producers of librdkafka that keep a record of what was acknowledged, readers that keep a record of what they
//! saw, a schedule of kills, and a checker that says whether the two records agree with what a broker promises. The checker is
//! pure: its own tests show it histories that a broken broker would leave.
//!
//! What it is not: a model of the broker. Nothing here knows how a record is kept, only what its producer was told.
//!
//! ```text
//!   ProducerUnderTest --acknowledgements--\
//!   Follower, read_to_end --what was read--> History --check--> Verdict: violations, figures
//!   KillSchedule --how many crashes-------/
//! ```
//!
//! Committed offsets, members of groups and keys of compacted topics are checked while it goes on, by small models of what is
//! known of them: [`Register`], [`Generations`], [`Ownership`], [`KeyedLog`].
//!
//! Topics with plug-ins have a model of where each record belongs, and a checker of their own: [`PluggedTopic`], [`check_plugged`].
//!
//! `KLAMM_KILLS` says how often the broker is killed, `KLAMM_SEED` when; both are printed.

#![expect(clippy::panic, reason = "a test's harness fails the test")]

mod checker;
#[cfg(test)]
mod checker_tests;
mod client;
mod content;
mod group_model;
mod history;
mod keyed_log;
mod killing;
mod own_producer;
mod pause;
mod plugged;
mod producer;
mod progress;
mod reader;
mod register;
mod schedule;
mod topic_model;
mod violation;

pub use checker::{Figures, Verdict, check};
pub use client::Client;
pub use content::{Content, Digest, HEADER, RecordId};
pub use group_model::{Generations, GroupViolation, Ownership};
pub use history::{Acknowledgement, Guarantee, History, Partition, ProducerHistory, ReadRecord, Reading};
pub use keyed_log::{KeyedLog, KeyedRecord, KeyedViolation, KeyedWrite};
pub use killing::kill_all;
pub use klamm_log::sim::Random;
pub use pause::pause;
pub use plugged::{
    Destiny, Kinds, Letter, Order, PluggedFigures, PluggedHistory, PluggedTopic, PluggedVerdict,
    PluggedViolation, Retrier, TopicReading, check_plugged, read_topic,
};
pub use producer::{CODECS, ProducerUnderTest};
pub use progress::{EndOnPanic, Progress};
pub use reader::{Follower, read_to_end};
pub use register::{Register, Stale};
pub use schedule::{Kill, KillSchedule, kills, seed};
pub use topic_model::{Impossible, TopicModel, TopicState};
pub use violation::Violation;

use std::time::Duration;

/// How long anything may take before a test fails: a debug build on a busy machine, whose disk may stall.
pub const PATIENCE: Duration = Duration::from_mins(3);

/// The timeout in a request: none of them passes because of a slow disk, since it would be sent again without a crash.
pub const REQUEST_TIMEOUT_MS: i32 = 300_000;

//! Runs plug-ins: WebAssembly components that choose partitions, rewrite values and stop poison pills.
//!
//! What it is: everything between the bytes of a plug-in and a verdict on a record. It checks what is uploaded, compiles it once, starts
//! instances and keeps them, calls them within limits, believes nothing that they return, finds the record that makes a plug-in fail, and
//! counts. What an answer means for a log, a producer or a quarantine is decided above.
//!
//! What it is not: it knows no topic's settings, no metadata, no network and no async runtime. A call runs on the thread that makes it.
//!
//! ```text
//!   wasm --> inspect --> compile (or cache) --> Artefact --> bind: init --> Plugin
//!                                                                              |
//!   Batch --> breaker --> attempt --> pool: Instance --> contract: guest       |
//!                            |  halves what failed  |                          |
//!                            |                      v                          |
//!   verdicts <-- on_failure <+-- answers: checked <-+        statistics, logs <+
//! ```
//!
//! **Invariant:** every record that goes in gets exactly one answer, in order, whatever the plug-in does. It is the plug-in's, checked, or
//! what the binding's `on_failure` says.
//!
//! **Invariant:** a call ends. Time is counted in ticks of the epoch, memory by the limiter, what comes back by fuel before it is read, and
//! what a component costs to compile by what [`Host::compile`] counts before.
//!
//! **Invariant:** answers depend on parameters and records alone. No clock, no randomness, no files and no network are granted; floats are
//! canonical; and instances come and go.
//!
//! # Without a broker
//!
//! `klamm plugin test` and `bench` use the same few calls as the broker:
//!
//! ```
//! use klamm_plugin_host::{Batch, Binding, Budget, Host, HostOptions, Kind, Record, Span, Verdict};
//!
//! # let wasm = klamm_plugin_host::guests::accepting().component();
//! let host = Host::new(HostOptions::default())?;
//! let artefact = host.compile(&wasm)?;
//! let mut binding = Binding::new(Kind::Filter, "json-guard", "1.0.0", "orders");
//! binding.parameters.insert("required".to_owned(), "id".to_owned());
//! let plugin = host.bind(&artefact, binding)?;
//!
//! let blob = br#"{"id": 1}"#;
//! let value = Span { off: 0, len: blob.len() as i32 };
//! let records = [Record { offset_delta: 0, timestamp: 0, key: Span::NULL, value }];
//! let batch = Batch { topic: "orders", partition: 0, blob, records: &records, headers: &[] };
//! assert_eq!(plugin.check(&batch, Budget::Full)?, [Verdict::Accept]);
//! println!("{:?}", plugin.statistics().snapshot());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! On an event loop, call with [`Budget::Inline`] while [`Plugin::pace`] is [`Pace::Fast`], and go to another thread with [`Budget::Full`]
//! when it isn't or when [`OverBudget`] comes back.

pub mod answers;
mod artefact;
mod attempt;
mod batch;
mod binding;
mod breaker;
mod budget;
mod cache;
mod clock;
mod contract;
mod counters;
mod digest;
mod engine;
mod failure;
mod guest_state;
#[cfg(feature = "guests")]
pub mod guests;
mod host;
mod input;
mod inspect;
mod instance;
mod job;
mod kind;
mod logs;
mod plugin;
mod pool;
mod refused;
mod statistics;
mod tempo;
mod text;
mod ticker;
mod verdict;

pub use artefact::Artefact;
pub use batch::{Batch, Header, Record, Span};
pub use binding::{Binding, Limits, OnFailure};
pub use breaker::BreakerState;
pub use budget::{Budget, OverBudget, Pace};
pub use contract::ContractVersion;
pub use digest::{Digest, NotADigest};
pub use failure::Cause;
pub use host::{Host, HostError, HostOptions};
pub use input::Wants;
pub use kind::{Kind, NotAKind};
pub use logs::{Level, LogLine};
pub use plugin::Plugin;
pub use refused::{BindError, Refused};
pub use statistics::{Snapshot, Statistics, TIME_BUCKETS_US, VerdictCounts};
pub use verdict::{Assignment, Change, Edit, Encoded, Op, Verdict};

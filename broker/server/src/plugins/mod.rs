//! Plug-ins on the way of a produced record.
//!
//! ```text
//!   push --> library: store (bytes, durable) --> metadata (name, version, digest)
//!   klamm.filters=... --> trial: compile, init --> metadata --> hosting: what a topic binds, loaded -> chain of bound plug-ins
//!
//!   batch -> work -> chain (pieces to each plug-in, verdicts back) -> decision -> divide -> commit -> logs
//!                      |
//!                      +-- offload: where that takes long
//! ```

pub(crate) mod binding;
mod bound;
pub(crate) mod chain;
pub(crate) mod commit;
pub(crate) mod dead_letters;
pub(crate) mod decision;
pub(crate) mod divide;
mod hosting;
pub(crate) mod library;
mod offload;
mod pieces;
pub(crate) mod rebinding;
pub(crate) mod rollback;
pub(crate) mod signatures;
pub mod store;
pub(crate) mod trial;
mod turns;
pub(crate) mod unfinished;
pub(crate) mod work;

pub(crate) use bound::Bound;
pub(crate) use hosting::{Plugins, TopicPlugins};
pub(crate) use library::Library;

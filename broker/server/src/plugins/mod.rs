//! Plug-ins on the way of a produced record.
//!
//! ```text
//!   hosting: what a topic binds, loaded -> chain of bound plug-ins
//!   batch -> work -> chain (pieces to each plug-in, verdicts back) -> decision -> divide -> commit -> logs
//!                      |
//!                      +-- offload: where that takes long
//! ```

mod bound;
pub(crate) mod chain;
pub(crate) mod commit;
pub(crate) mod dead_letters;
pub(crate) mod decision;
pub(crate) mod divide;
mod hosting;
mod offload;
mod pieces;
pub mod store;
mod turns;
pub(crate) mod work;

pub(crate) use bound::Bound;
pub(crate) use hosting::{LoadError, Plugins, TopicPlugins, binding, kind_of};

//! Plug-ins inside the broker.
//!
//! ```text
//!   push --> library: store (bytes, durable) --> metadata (name, version, digest)
//!   klamm.filters=... --> trial: compile, init --> metadata --> registry: what is bound and runs
//! ```

pub(crate) mod binding;
pub(crate) mod library;
pub mod registry;
pub(crate) mod signatures;
pub mod store;
pub(crate) mod trial;

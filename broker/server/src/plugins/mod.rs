//! Plug-ins inside the broker.

pub mod store;

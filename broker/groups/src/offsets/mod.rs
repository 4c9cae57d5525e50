//! Committed offsets: how far each group has read each partition.

mod expiry;
mod store;

pub use expiry::Expiry;
pub use store::Offsets;

//! The locks, threads and counters of what many threads do at once: parking_lot's and std's.
//!
//! With the feature `shuttle` they are models that hand the turn to another thread wherever that could happen, as a
//! seeded scheduler wants it (shuttle), so that the tests called `races` find lost wake-ups and wrong orders by search
//! instead of by luck, and find them again by seed. Without the feature this module is nothing but names.
//!
//! Shuttle and not loom: loom tries every order and every value that a relaxed load may see, but only of a handful of
//! steps; a partition that appends, flushes and wakes takes hundreds, under locks that leave no relaxed loads to see.
//!
//! The partition's locks come from here too, so that its waiting is searched together with the group commit's.

#[cfg(feature = "shuttle")]
mod model;
#[cfg(feature = "shuttle")]
pub mod search;

#[cfg(feature = "shuttle")]
pub use model::{Condvar, Mutex, MutexGuard};
#[cfg(not(feature = "shuttle"))]
pub use parking_lot::{Condvar, Mutex, MutexGuard};
#[cfg(feature = "shuttle")]
pub use shuttle::{sync::atomic, thread};
#[cfg(not(feature = "shuttle"))]
pub use std::{sync::atomic, thread};

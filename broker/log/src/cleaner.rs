//! Log compaction: of the records with one key, the newest stays (`LogCleaner`, `Cleaner`).
//!
//! What it is: the cleaning of one log's sealed segments, in steps of which none holds the log while it reads or
//! writes. What it is not: it has no thread, no clock and no choice of logs: those are the server's.
//!
//! ```text
//!   Log::cleaning_view -> assess (how dirty, up to where) -> map_keys (key -> newest offset)
//!        -> groups -> copy each (.cleaned, synced) -> Log::begin_swap -> SwapTicket::run -> Log::finish_swap
//! ```
//!
//! Offsets never change, and a log's batches still follow each other without a gap, which is how damage to an offset is
//! found out: where batches went, one without records and without a producer stands for all their offsets. Kafka leaves
//! a gap there; its clients and tools pass over both.

mod copy;
mod error;
mod filter;
mod keys;
mod offset_map;
mod output;
mod policy;
mod swap;
mod transactions;
mod view;

use std::collections::HashMap;
use std::ops::ControlFlow;

use klamm_model::{Offset, ProducerId, TimestampMs};

pub use copy::{Cleaned, Copying};
pub use error::CleanError;
pub use keys::MappedKeys;
pub use offset_map::OffsetMap;
pub use policy::{CleanRules, Cleanable, dirtiest};
pub(crate) use swap::{SwapLeft, settle_swap};
pub use swap::{SwapTicket, Swapped};
pub use view::{CleaningView, Group};

/// Asked before so many more bytes are read or written: waits as long as it has to, or ends the cleaning.
pub type Pace<'a> = dyn FnMut(usize) -> ControlFlow<()> + 'a;

/// The batches that must go on telling of their producers, as their last offsets: those that a partition's producer
/// table remembers.
pub type Remembered = HashMap<ProducerId, Vec<Offset>>;

/// What all groups of one cleaning have in common.
#[derive(Debug)]
pub struct CleaningRun<'a> {
    /// The newest offset of each key.
    pub map: &'a OffsetMap,
    /// Batches that stay, if without records.
    pub remembered: &'a Remembered,
    /// `delete.retention.ms`.
    pub delete_retention_ms: i64,
    /// The time.
    pub now: TimestampMs,
    /// The most bytes that a batch may have uncompressed.
    pub max_uncompressed_bytes: usize,
    /// Bytes that are gathered before they are written.
    pub buffer_bytes: usize,
}

fn go_on(pace: &mut Pace<'_>, bytes: usize) -> Result<(), CleanError> {
    match pace(bytes) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(CleanError::Stopped),
    }
}

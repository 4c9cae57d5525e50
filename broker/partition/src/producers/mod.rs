//! What the partition remembers of idempotent and transactional producers (KIP-98, KIP-360, KIP-890).
//!
//! ```text
//!   header of a batch -> check -> Fresh      -> (written to the log) -> record
//!                             \-> Duplicate  -> answered with the place of the first time
//!                             \-> refused    -> SequenceError
//!   table <-> snapshot entries (a `.snapshot` file), then `record` for each batch behind the snapshot
//! ```
//!
//! The rules are those of Kafka's `ProducerAppendInfo`, `ProducerStateEntry` and `ProducerStateManager` (4.3).

mod check;
mod entry;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;
mod transactions;

pub use check::{Check, SequenceError, SequencedBatch};
pub use entry::{ProducerEntry, RETAINED_BATCHES, StoredBatch};
pub use table::ProducerTable;
pub use transactions::TransactionRange;

//! Consumer groups: who reads which partition, and how far each group has read.
//!
//! What it is: pure state machines. A request and `now` come in; the answer, answers to requests that waited, and the
//! records that make the change last come out. Requests and answers are Kafka's messages; the records are those of
//! Kafka's `__consumer_offsets`.
//!
//! What it is not: it has no clock, no sockets, no log and no randomness of its own. Who runs it appends
//! [`Effects::records`] to the group's partition of `__consumer_offsets` in their order, and sends no answer before what was
//! appended until then is safe. If an append fails, the state is thrown away and read again from the log.
//!
//! ```text
//!   request, Caller, Now --> ClassicGroup | ConsumerGroup | Offsets --> Effects: records, answers
//!   a tick at next_deadline ------------^                  ^------------ records (at the start)
//! ```

pub mod classic;
mod config;
pub mod consumer;
mod coordinator;
mod deadlines;
mod effects;
mod embedded;
mod migration;
pub mod offsets;
#[cfg(test)]
mod random_histories;
pub mod records;
mod topics;
mod turn;

pub use config::{GroupConfig, MigrationPolicy};
pub use coordinator::{Commit, Coordinator, OffsetToCommit, not_described};
pub use effects::{Effects, Reply, Ticket};
pub use migration::{MigrationRefused, NotDowngraded, NotJoined, WhyRefused};
pub use topics::Topics;
pub use turn::{Caller, MemberIds, Now, Tick, Turn};

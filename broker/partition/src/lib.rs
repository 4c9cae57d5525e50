//! One replica of one partition: what may be appended, what may be read, and who is told when that changes.
//!
//! What it is: the rules of a partition's leader (idempotent producers, high watermark, last stable offset,
//! leader epochs, waiting) in pure modules, and [`Partition`], the shell that applies them to a
//! `klamm_log::Log` under one lock. Appends and reads are plain calls that never wait for a disk's fsync;
//! waiting is done in futures that need no particular runtime.
//!
//! What it is not: it knows no wire protocol, no connections and no clock; `now` is an argument. It validates no
//! records (`klamm_records` has done so at the door) and owns no files (`klamm_log` does).
//!
//! ```text
//!   ProducedBatch -> append: producers.check -> log.append -> producers.record -> watermarks.appended
//!                       |                                                             |
//!                       v                                                             v
//!               GroupCommit -> flush (no lock) -> watermarks.flushed -> CommitQueue   FetchWaiters
//!                                                                           |             |
//!                                                                       Committed     FetchWait
//!   Fetch -> fetch_view (lock) -> FetchView::read (no lock) -> Fetched
//!     \\-> fetch: from RecentBatches, if they are there -------^
//! ```
//!
//! Locks, in the order in which they may be held together: flushing, files or cleaning, then state; the waiters' locks
//! and that of the recent batches are leaves. Only flushing, files and cleaning are held while the disk works.

mod active_producers;
mod append;
mod clean;
mod close;
mod commit;
#[cfg(test)]
mod counting_waker;
mod delete_records;
mod error;
mod fetch;
mod fetch_wait;
mod flush;
mod health;
mod housekeep;
mod list_offsets;
mod open;
mod partition;
pub mod producers;
#[cfg(test)]
#[cfg(feature = "shuttle")]
mod races;
mod recent;
mod snapshot;
mod statistics;
pub mod waiters;
pub mod watermarks;

pub use active_producers::ActiveProducer;
pub use append::{Appended, Commit};
pub use clean::{Clean, CleanPace, CleanReport};
pub use commit::{CommitError, Committed};
pub use error::{
    AppendError, CheckpointError, CleanError, CloseError, DeleteRecordsError, FetchError, FlushError,
    HousekeepError, LeaderEpochError, ListOffsetsError, OpenError,
};
pub use fetch::{Fetch, FetchView, Fetched, Isolation};
pub use fetch_wait::{FetchReady, FetchWait};
pub use health::{Health, StopReason};
pub use housekeep::HousekeepReport;
pub use list_offsets::{ListedOffset, OffsetQuery, TimestampQuery};
pub use open::PartitionOptions;
pub use partition::{EpochEnd, Partition};
pub use recent::RecentBatches;
pub use statistics::Statistics;

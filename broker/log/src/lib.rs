//! One partition's log on disk.
//!
//! What it is: segments in Kafka's files and formats (`.log`, `.index`, `.timeindex`, leader epochs, producer
//! snapshots), with appending, reading, lookup by offset and by time, recovery after a crash, retention, compaction
//! ([`cleaner`]), and group commit; and the files beside the logs: checkpoints, the data directory's lock and identity.
//!
//! What it is not: it knows nothing of high watermarks, producers' sequences or replicas, which are the
//! partition's. It has no clock: `now` comes in as an argument. It never touches a file but through [`Disk`], so
//! that tests can fail, tear, reorder and forget writes ([`sim`]).
//!
//! ```text
//!   append --> active segment --(segment.bytes, segment.ms)--> sealed segments --(retention)--> deleted
//!                 |    \                                           |
//!      group commit     `--> index entries (memory, then .index)   |
//!                 |                                                |
//!           durable offset            read_view (under the lock) --+--> ReadView::read (outside it)
//! ```
//!
//! A [`Log`] is changed by one owner at a time (the partition's lock); what is slow is split in two, so that it
//! happens outside that lock: [`Log::read_view`] then [`ReadView::read`], [`Log::begin_flush`] then
//! [`FlushTicket::run`] then [`Log::finish_flush`], [`Log::cleaning_view`] and all of a cleaning but [`Log::begin_swap`]
//! and [`Log::finish_swap`].

pub mod checkpoint;
pub mod cleaner;
pub mod data_dir;
pub mod disk;
pub mod dump;
pub mod group_commit;
pub mod producer_snapshot;
#[cfg(any(test, feature = "simulation"))]
pub mod sim;
pub mod sync;

mod config;
mod index;
mod leader_epochs;
mod log;
mod read_view;
mod scanner;
mod segment;
mod segment_files;
mod time_lookup;

pub use config::LogConfig;
pub use disk::{Disk, DiskError, DiskFile, RealDisk};
pub use group_commit::{Flush, FlushSlot, GroupCommit};
pub use log::{
    AppendError, Appended, CheckpointTicket, CloseError, CorruptLog, DeleteRecordsError, Deleted,
    DeletedBecause, FlushError, FlushTicket, Log, OpenError, OpenState, Recovery, Replay, RetiredSegment,
    SnapshotTicket, StopReason,
};
pub use producer_snapshot::ProducerSnapshotEntry;
pub use read_view::{ReadError, ReadRequest, ReadView};
pub use time_lookup::{TimeQuery, TimeView, TimestampAndOffset};

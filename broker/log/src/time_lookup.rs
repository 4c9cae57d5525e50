//! Finding records by time.

use klamm_model::{LeaderEpoch, Offset, TimestampMs};

use crate::read_view::ReadError;

/// Which record is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeQuery {
    /// The first record whose timestamp is this or later.
    AtOrAfter(TimestampMs),
    /// The first record with the largest timestamp (KIP-734).
    MaxTimestamp,
}

/// A record's place in time and log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampAndOffset {
    /// Its timestamp.
    pub timestamp: TimestampMs,
    /// Its offset.
    pub offset: Offset,
    /// The leader epoch of its batch.
    pub leader_epoch: LeaderEpoch,
}

/// A lookup that is prepared.
#[derive(Debug)]
pub struct TimeView;

impl TimeView {
    /// Looks; reads from the disk, and decompresses at most one batch of at most `max_uncompressed_bytes`.
    pub fn find(self, max_uncompressed_bytes: usize) -> Result<Option<TimestampAndOffset>, ReadError> {
        let _ = max_uncompressed_bytes;
        todo!()
    }
}

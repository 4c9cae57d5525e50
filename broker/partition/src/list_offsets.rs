//! Offsets by time, as ListOffsets asks for them.

use klamm_log::TimeQuery;
use klamm_model::{LeaderEpoch, Offset, TimestampMs};

use crate::error::{LeaderEpochError, ListOffsetsError};
use crate::fetch::Isolation;
use crate::partition::Partition;

/// What is asked for; the numbers are ListOffsets' special timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampQuery {
    /// The end of what the reader may see (`-1`).
    Latest,
    /// The log start (`-2`).
    Earliest,
    /// The record with the largest timestamp (`-3`, KIP-734).
    MaxTimestamp,
    /// The first offset on local disks (`-4`, KIP-405): the log start, without tiered storage.
    EarliestLocal,
    /// The last offset in tiered storage (`-5`, KIP-1005): none, without it.
    LatestTiered,
    /// The first offset that is not in tiered storage yet (`-6`, KIP-1023): none, without it.
    EarliestPendingUpload,
    /// The first record with this timestamp or a larger one.
    At(TimestampMs),
}

impl TimestampQuery {
    /// The query of a timestamp on the wire; `None` for a negative number without a meaning.
    pub fn from_wire(timestamp: i64) -> Option<TimestampQuery> {
        match timestamp {
            -1 => Some(TimestampQuery::Latest),
            -2 => Some(TimestampQuery::Earliest),
            -3 => Some(TimestampQuery::MaxTimestamp),
            -4 => Some(TimestampQuery::EarliestLocal),
            -5 => Some(TimestampQuery::LatestTiered),
            -6 => Some(TimestampQuery::EarliestPendingUpload),
            0.. => Some(TimestampQuery::At(TimestampMs(timestamp))),
            _ => None,
        }
    }
}

/// A question for one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetQuery {
    /// Which offset.
    pub timestamp: TimestampQuery,
    /// What the asker may see.
    pub isolation: Isolation,
    /// The leader epoch that the asker believes in; `None` if it doesn't say.
    pub current_leader_epoch: Option<LeaderEpoch>,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedOffset {
    /// The offset.
    pub offset: Offset,
    /// The record's timestamp; [`TimestampMs::NONE`] when the answer is not about a record.
    pub timestamp: TimestampMs,
    /// The leader epoch of the record at the offset; [`LeaderEpoch::UNKNOWN`] if the log doesn't know it.
    pub leader_epoch: LeaderEpoch,
}

impl Partition {
    /// Finds an offset; `None` if there is no such record that the asker may see.
    ///
    /// A query by time reads the disk; all others are answered from memory.
    pub fn list_offsets(&self, query: &OffsetQuery) -> Result<Option<ListedOffset>, ListOffsetsError> {
        let state = self.state.lock();
        state.readable().map_err(ListOffsetsError::Closed)?;
        LeaderEpochError::check(query.current_leader_epoch, state.leader_epoch)?;
        let limit = state.visible_end(query.isolation);
        let time_query = match query.timestamp {
            TimestampQuery::Latest => {
                let leader_epoch = state.leader_epoch;
                return Ok(Some(ListedOffset { offset: limit, timestamp: TimestampMs::NONE, leader_epoch }));
            }
            TimestampQuery::Earliest | TimestampQuery::EarliestLocal => {
                let offset = state.log.start_offset();
                let leader_epoch = state.log.epoch_of(offset).unwrap_or(LeaderEpoch::UNKNOWN);
                return Ok(Some(ListedOffset { offset, timestamp: TimestampMs::NONE, leader_epoch }));
            }
            TimestampQuery::LatestTiered | TimestampQuery::EarliestPendingUpload => return Ok(None),
            TimestampQuery::MaxTimestamp => TimeQuery::MaxTimestamp,
            TimestampQuery::At(timestamp) => TimeQuery::AtOrAfter(timestamp),
        };
        let view = state.log.time_view(time_query, limit);
        drop(state);
        let found = view.find(self.max_uncompressed_bytes)?;
        Ok(found.map(|found| ListedOffset {
            offset: found.offset,
            timestamp: found.timestamp,
            leader_epoch: found.leader_epoch,
        }))
    }
}

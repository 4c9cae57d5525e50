//! What can go wrong, one enum an operation.

use std::sync::Arc;

use klamm_model::{LeaderEpoch, Offset};

use crate::health::StopReason;
use crate::producers::SequenceError;

/// The request names a leader epoch other than this leader's (KIP-320).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeaderEpochError {
    /// An older one: the client's metadata is stale (FENCED_LEADER_EPOCH).
    #[error("leader epoch {requested} is older than this leader's {current}")]
    Fenced {
        /// The request's epoch.
        requested: LeaderEpoch,
        /// The leader's epoch.
        current: LeaderEpoch,
    },
    /// A newer one: this broker has not heard of it yet (UNKNOWN_LEADER_EPOCH).
    #[error("leader epoch {requested} is newer than this leader's {current}")]
    Unknown {
        /// The request's epoch.
        requested: LeaderEpoch,
        /// The leader's epoch.
        current: LeaderEpoch,
    },
}

impl LeaderEpochError {
    /// Checks the epoch of a request; a request without one is never refused.
    pub fn check(requested: Option<LeaderEpoch>, current: LeaderEpoch) -> Result<(), LeaderEpochError> {
        match requested {
            Some(requested) if requested < current => Err(LeaderEpochError::Fenced { requested, current }),
            Some(requested) if requested > current => Err(LeaderEpochError::Unknown { requested, current }),
            _ => Ok(()),
        }
    }
}

/// Why a partition can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The log can't be opened.
    #[error(transparent)]
    Log(#[from] klamm_log::OpenError),
}

/// Why a batch is not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The producer's epoch or sequence is not the next one.
    #[error(transparent)]
    Sequence(#[from] SequenceError),
    /// The partition takes no records any more.
    #[error("{0}")]
    Stopped(Arc<StopReason>),
    /// The log refuses the batch; after a full disk, later appends may succeed again.
    #[error(transparent)]
    Log(#[from] klamm_log::AppendError),
}

/// Why nothing can be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The leader epoch is not this leader's.
    #[error(transparent)]
    LeaderEpoch(#[from] LeaderEpochError),
    /// The offset is before the log start or after the log end (OFFSET_OUT_OF_RANGE).
    #[error("offset {offset} is not within {log_start_offset} to {log_end_offset}")]
    OffsetOutOfRange {
        /// The offset asked for.
        offset: Offset,
        /// The first offset there is.
        log_start_offset: Offset,
        /// The offset of the next record.
        log_end_offset: Offset,
    },
    /// The last fetched epoch is newer than any in the log, so that where the logs part can't be told
    /// (OFFSET_OUT_OF_RANGE, as in Kafka).
    #[error("the log knows no leader epoch {last_fetched_epoch} or later")]
    UnknownLastFetchedEpoch {
        /// The epoch of the last record that the client has.
        last_fetched_epoch: LeaderEpoch,
        /// The first offset there is.
        log_start_offset: Offset,
    },
    /// The partition is closed.
    #[error("{0}")]
    Closed(Arc<StopReason>),
    /// The log can't be read.
    #[error(transparent)]
    Log(#[from] klamm_log::ReadError),
}

/// Why offsets can't be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListOffsetsError {
    /// The leader epoch is not this leader's.
    #[error(transparent)]
    LeaderEpoch(#[from] LeaderEpochError),
    /// The partition is closed.
    #[error("{0}")]
    Closed(Arc<StopReason>),
    /// The log can't be read.
    #[error(transparent)]
    Log(#[from] klamm_log::ReadError),
}

/// Why records can't be deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteRecordsError {
    /// The offset is negative or above the high watermark (OFFSET_OUT_OF_RANGE).
    #[error("records can be deleted up to the high watermark {high_watermark}, not up to {offset}")]
    OffsetOutOfRange {
        /// The offset asked for.
        offset: Offset,
        /// The high watermark.
        high_watermark: Offset,
    },
    /// The partition is stopped or closed.
    #[error("{0}")]
    Stopped(Arc<StopReason>),
    /// The log refuses.
    #[error(transparent)]
    Log(#[from] klamm_log::DeleteRecordsError),
}

/// Why retention and the like could not be applied; it is tried again the next time.
#[derive(Debug, thiserror::Error)]
pub enum HousekeepError {
    /// The partition is stopped or closed.
    #[error("{0}")]
    Stopped(Arc<StopReason>),
    /// The log refuses.
    #[error(transparent)]
    Log(#[from] klamm_log::AppendError),
}

/// Why no checkpoint could be written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The partition is stopped or closed.
    #[error("{0}")]
    Stopped(Arc<StopReason>),
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] klamm_log::DiskError),
}

/// Why the log is not cleaned, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// The partition is stopped or closed.
    #[error("{0}")]
    Stopped(Arc<StopReason>),
    /// The cleaning failed, was stopped, or came upon damage.
    #[error(transparent)]
    Log(#[from] klamm_log::cleaner::CleanError),
}

/// Why what is written could not be brought to the disk.
#[derive(Debug, thiserror::Error)]
pub enum FlushError {
    /// The partition has stopped, by this flush or before it.
    #[error("{0}")]
    Stopped(Arc<StopReason>),
}

/// Why a partition could not be closed cleanly; it is closed all the same, and recovers when it is opened.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// The last flush failed, or the partition had stopped before.
    #[error("{0}")]
    Stopped(Arc<StopReason>),
    /// The producer snapshot or the indexes can't be written.
    #[error(transparent)]
    Log(#[from] klamm_log::CloseError),
}

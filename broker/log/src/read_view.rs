//! Reading in two steps: a view under the partition's lock, the disk outside it.

use std::path::PathBuf;

use bytes::Bytes;
use klamm_model::Offset;

use crate::disk::DiskError;
use crate::log::CorruptLog;

/// What to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRequest {
    /// The first wanted record; the batch that holds it is returned whole.
    pub offset: Offset,
    /// Only batches below this are returned.
    pub upto: Offset,
    /// At most so many bytes.
    pub max_bytes: usize,
    /// The first batch is returned even if it is larger than `max_bytes` (KIP-74).
    pub min_one: bool,
}

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The offset is not in the log.
    #[error("offset {offset} is not in the log, which covers {start} to {end}")]
    OutOfRange {
        /// The asked offset.
        offset: Offset,
        /// The log's start.
        start: Offset,
        /// The log's end.
        end: Offset,
    },
    /// The segment was deleted meanwhile: ask again.
    #[error("{} was deleted while it was read", file.display())]
    Gone {
        /// The deleted file.
        file: PathBuf,
    },
    /// The file is damaged there.
    #[error(transparent)]
    Corrupt(#[from] CorruptLog),
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// A read that is prepared.
#[derive(Debug)]
pub struct ReadView;

impl ReadView {
    /// Reads whole batches, the one with the asked offset first; empty if there are none.
    pub fn read(self) -> Result<Vec<Bytes>, ReadError> {
        todo!()
    }
}

//! Why a log is not cleaned.

use std::path::PathBuf;

use crate::disk::DiskError;
use crate::log::CorruptLog;

/// Why a cleaning ended early. The log is as it was, but for groups of segments that were done.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// The operating system refused something; it can be tried again.
    #[error(transparent)]
    Disk(DiskError),
    /// The log can't be read there: cleaning would spread the damage, so it has to wait until that is mended.
    #[error("{0}")]
    Corrupt(CorruptLog),
    /// What stays of a group of segments doesn't fit into one: batches can grow a little when they are packed again.
    #[error("{} would be larger than a segment can be", file.display())]
    TooLarge {
        /// The new file.
        file: PathBuf,
    },
    /// Whoever asked for it wants it to end.
    #[error("the cleaning was stopped")]
    Stopped,
    /// Segments were deleted or cut meanwhile; it can be tried again.
    #[error("the log has changed while it was cleaned")]
    Changed,
}

impl From<CorruptLog> for CleanError {
    fn from(corrupt: CorruptLog) -> CleanError {
        CleanError::Corrupt(corrupt)
    }
}

impl From<DiskError> for CleanError {
    fn from(error: DiskError) -> CleanError {
        match error.source.kind() {
            // Retention takes segments away while they are read.
            std::io::ErrorKind::NotFound => CleanError::Changed,
            _ => CleanError::Disk(error),
        }
    }
}

//! Reading a partition's files one by one, for `klamm log dump`: what is in them and whether it is right. Nothing is
//! changed, and nothing that is in a file makes this panic.

mod entries;
mod segment;

use std::path::Path;

use klamm_model::{LeaderEpoch, Offset};

pub use entries::{IndexDump, IndexProblem, OffsetIndexEntry, TimeIndexEntry, offset_index, time_index};
pub use segment::{DumpError, DumpedBatch, SegmentDump, segment};

use crate::checkpoint::CheckpointError;
use crate::disk::Disk;
use crate::leader_epochs::LeaderEpochs;
use crate::segment_files::{self, FileKind};

/// The file of a partition's leader epochs.
pub const LEADER_EPOCH_FILE: &str = crate::leader_epochs::LEADER_EPOCH_FILE;

/// The leader epochs in the partition directory `dir`, each with the offset at which it begins; none without a file.
///
/// # Errors
/// If the file can't be read, or says what can't be.
pub fn leader_epochs(disk: &dyn Disk, dir: &Path) -> Result<Vec<(LeaderEpoch, Offset)>, CheckpointError> {
    let epochs = LeaderEpochs::read(disk, dir)?;
    Ok(epochs.map(|epochs| epochs.entries().to_vec()).unwrap_or_default())
}

/// The kinds of a partition's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionFile {
    /// `.log`: batches.
    Segment,
    /// `.index`: offsets to positions.
    OffsetIndex,
    /// `.timeindex`: times to offsets.
    TimeIndex,
    /// `.txnindex`: aborted transactions.
    TransactionIndex,
    /// `.snapshot`: producers' state; [`crate::producer_snapshot::read`].
    ProducerSnapshot,
}

/// Which kind of file this is by its name, and the offset in it; `None` if it has none of a partition's names.
pub fn file_kind(path: &Path) -> Option<(Offset, PartitionFile)> {
    let (offset, kind) = segment_files::parse(path.file_name()?.to_str()?)?;
    let kind = match kind {
        FileKind::Log => PartitionFile::Segment,
        FileKind::OffsetIndex => PartitionFile::OffsetIndex,
        FileKind::TimeIndex => PartitionFile::TimeIndex,
        FileKind::TransactionIndex => PartitionFile::TransactionIndex,
        FileKind::Snapshot => PartitionFile::ProducerSnapshot,
    };
    Some((offset, kind))
}

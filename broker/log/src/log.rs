//! One partition's log.

mod append;
mod checkpointing;
mod deletion;
mod flush;
mod open;
mod recovery;
mod truncation;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use klamm_model::{LeaderEpoch, Offset, TimestampMs};

use crate::config::LogConfig;
use crate::disk::Disk;
use crate::leader_epochs::LeaderEpochs;
use crate::read_view::{ReadError, ReadRequest, ReadView};
use crate::segment::{ActiveSegment, SealedSegment};
use crate::time_lookup::{TimeQuery, TimeView};

pub use append::{AppendError, Appended};
pub use checkpointing::CloseError;
pub use deletion::{DeleteRecordsError, Deleted, DeletedBecause, RetiredSegment};
pub use flush::{FlushError, FlushTicket, StopReason};
pub use open::{CorruptLog, OpenError, OpenState, Recovery, Replay};

/// One partition's log: a chain of segments, of which the last is appended to.
///
/// Invariants: `start <= end`, `durable <= end`; the segments cover `start..end` without a gap; a stopped log is
/// never written again.
#[derive(Debug)]
pub struct Log {
    disk: Arc<dyn Disk>,
    dir: Arc<Path>,
    config: Arc<LogConfig>,
    /// Oldest first; shared with the views, copied when it changes.
    sealed: Arc<Vec<Arc<SealedSegment>>>,
    active: ActiveSegment,
    start: Offset,
    durable: flush::Durable,
    epochs: LeaderEpochs,
    stopped: Option<Arc<StopReason>>,
    retired: Vec<RetiredSegment>,
}

impl Log {
    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The first offset that can be read.
    pub fn start_offset(&self) -> Offset {
        self.start
    }

    /// The offset of the next record.
    pub fn end_offset(&self) -> Offset {
        todo!()
    }

    /// All below this is on the disk.
    pub fn durable_offset(&self) -> Offset {
        self.durable.offset
    }

    /// Bytes of all segments.
    pub fn size_bytes(&self) -> u64 {
        todo!()
    }

    /// How many segments there are: 1 or more.
    pub fn segment_count(&self) -> usize {
        self.sealed.len() + 1
    }

    /// The settings.
    pub fn config(&self) -> &Arc<LogConfig> {
        &self.config
    }

    /// Other settings from now on.
    pub fn set_config(&mut self, config: Arc<LogConfig>) {
        self.config = config;
    }

    /// Prepares a read; cheap.
    pub fn read_view(&self, request: ReadRequest) -> Result<ReadView, ReadError> {
        let _ = request;
        todo!()
    }

    /// Prepares a lookup by time among the records below `upto`; cheap.
    pub fn time_view(&self, query: TimeQuery, upto: Offset) -> TimeView {
        let _ = (query, upto);
        todo!()
    }
}

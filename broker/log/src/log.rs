//! One partition's log.

mod append;
mod checkpointing;
mod cleaning;
mod damage;
mod deletion;
mod flush;
mod open;
mod recovery;
mod replay;
mod truncation;

use std::path::Path;
use std::sync::Arc;

use klamm_model::Offset;

use crate::config::LogConfig;
use crate::disk::Disk;
use crate::leader_epochs::LeaderEpochs;
use crate::read_view::{ReadError, ReadRequest, ReadView, Span, Start};
use crate::segment::{ActiveSegment, Place, SealedSegment};
use crate::time_lookup::{TimeQuery, TimeView};

pub use append::{AppendError, Appended};
pub use checkpointing::{CheckpointTicket, CloseError, SnapshotTicket};
pub use deletion::{DeleteRecordsError, Deleted, DeletedBecause, RetiredSegment};
pub use flush::{FlushError, FlushTicket, StopReason};
pub use open::{CorruptLog, OpenError, OpenState, Recovery};
pub use replay::Replay;

/// One partition's log: a chain of segments, of which the last is appended to.
///
/// Invariants: `start <= end`, `durable <= end`; the segments cover `start..end` without a gap; a stopped log is
/// never written again.
#[derive(Debug)]
pub struct Log {
    disk: Arc<dyn Disk>,
    dir: Arc<Path>,
    config: Arc<LogConfig>,
    /// Oldest first; shared with the views, copied when it changes while one is about.
    sealed: Arc<Vec<Arc<SealedSegment>>>,
    active: ActiveSegment,
    start: Offset,
    durability: flush::Durability,
    epochs: LeaderEpochs,
    stopped: Option<Arc<StopReason>>,
    /// A failed write may have left bytes behind the end.
    tail_is_uncertain: bool,
    /// Deleted segments whose files are still there, oldest first.
    retired: Vec<RetiredSegment>,
    /// The first offset, and that after the last, of the segments that a cleaned one is about to replace.
    swapping: Option<(Offset, Offset)>,
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
        self.active.end
    }

    /// All below this is on the disk.
    pub fn durable_offset(&self) -> Offset {
        self.durability.offset
    }

    /// Bytes of all segments.
    pub fn size_bytes(&self) -> u64 {
        self.sealed.iter().map(|segment| segment.size).sum::<u64>() + self.active.size
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
        let (start, end) = (self.start, self.active.end);
        if request.offset < start || request.offset > end {
            return Err(ReadError::OutOfRange { offset: request.offset, start, end });
        }
        if request.offset >= request.upto.min(end) {
            return Ok(ReadView::nothing());
        }
        Ok(ReadView::of_disk(Arc::clone(&self.disk), request, self.span_at(request.offset)))
    }

    /// Prepares a lookup by time among the records below `upto`; cheap.
    pub fn time_view(&self, query: TimeQuery, upto: Offset) -> TimeView {
        TimeView::new(self, query, upto)
    }

    pub(crate) fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    pub(crate) fn sealed(&self) -> &Arc<Vec<Arc<SealedSegment>>> {
        &self.sealed
    }

    pub(crate) fn active(&self) -> &ActiveSegment {
        &self.active
    }

    /// The part of the log to read `offset` from, which is in the log.
    fn span_at(&self, offset: Offset) -> Span {
        if offset >= self.active.segment.base {
            return self.active_span_at(offset);
        }
        let next = self.sealed.partition_point(|sealed| sealed.segment.base <= offset);
        let sealed = &self.sealed[next.saturating_sub(1)];
        Span {
            segment: Arc::clone(&sealed.segment),
            limit: sealed.size,
            end: sealed.end,
            start: Start::InIndexFile(None),
        }
    }

    fn active_span_at(&self, offset: Offset) -> Span {
        let active = &self.active;
        let relative = active.segment.relative(offset);
        let hint = active.segment.hints.position_of(relative);
        let entry = || active.offset_index.last_in_memory(|entry| entry.relative <= relative);
        let start = match hint {
            Some(position) => Start::At(Place { position, offset }),
            None => entry().map_or(Start::InIndexFile(Some(active.offset_index.written())), Start::Entry),
        };
        Span { segment: Arc::clone(&active.segment), limit: active.size, end: active.end, start }
    }
}

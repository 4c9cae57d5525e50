//! Telling what the producers did, after a log was opened.

use std::sync::Arc;

use klamm_model::Offset;
use klamm_records::BatchHeader;

use super::open::OpenError;
use super::{CorruptLog, Log};
use crate::disk::{Action, Disk, DiskError};
use crate::producer_snapshot::{self, ProducerSnapshotEntry};
use crate::scanner::{Scanner, Step};
use crate::segment::Segment;
use crate::segment_files::{self, FileKind};

/// What [`Log::open`] tells about the producers, in this order: at most one snapshot, then every batch after it.
#[derive(Debug)]
pub enum Replay<'a> {
    /// The newest usable producer snapshot; it holds the state of all batches below `offset`.
    Snapshot {
        /// The snapshot's offset.
        offset: Offset,
        /// Its entries.
        entries: Vec<ProducerSnapshotEntry>,
    },
    /// A batch that the snapshot does not cover.
    Batch(&'a BatchHeader),
}

impl Log {
    fn first_base(&self) -> Offset {
        self.sealed.first().map_or(self.active.segment.base, |first| first.segment.base)
    }

    /// Gives the newest snapshot that can be read, and the batches after it; the number of batches. Snapshots beyond
    /// the log's end tell of batches that are lost, and go for good before others can take their offsets.
    pub(super) fn replay(
        &mut self,
        mut snapshots: Vec<Offset>,
        replay: &mut dyn FnMut(Replay<'_>),
    ) -> Result<u64, OpenError> {
        snapshots.sort_unstable();
        let end = self.active.end;
        let beyond = snapshots.split_off(snapshots.partition_point(|&offset| offset <= end));
        for &offset in &beyond {
            self.remove_snapshot(offset)?;
        }
        // From the first batch that there is, even if it was deleted: its producer may ask for its answer again.
        let mut from = self.first_base();
        while let Some(offset) = snapshots.pop() {
            match producer_snapshot::read(&*self.disk, &self.snapshot_path(offset)) {
                Ok(entries) => {
                    replay(Replay::Snapshot { offset, entries });
                    from = from.max(offset);
                    break;
                }
                Err(error) => {
                    tracing::warn!(%error, "producer snapshot is not used");
                    self.remove_snapshot(offset)?;
                }
            }
        }
        let mut count = 0;
        self.walk_headers(from, &mut |header| {
            count += 1;
            replay(Replay::Batch(header));
        })?;
        Ok(count)
    }

    pub(super) fn snapshot_path(&self, offset: Offset) -> std::path::PathBuf {
        segment_files::path(&self.dir, offset, FileKind::Snapshot)
    }

    fn remove_snapshot(&mut self, offset: Offset) -> Result<(), DiskError> {
        let path = self.snapshot_path(offset);
        self.disk.remove_file(&path).map_err(DiskError::of(Action::Remove, &path))?;
        self.disk.sync_dir(&self.dir).map_err(DiskError::of(Action::Sync, &self.dir))
    }

    /// Visits the headers of all batches that reach to `from` or beyond.
    pub(super) fn walk_headers(
        &self,
        from: Offset,
        visit: &mut dyn FnMut(&BatchHeader),
    ) -> Result<(), OpenError> {
        if from >= self.active.end {
            return Ok(());
        }
        let disk = &*self.disk;
        for sealed in self.sealed.iter().filter(|sealed| sealed.end > from) {
            let position = start_position(disk, &sealed.segment, from, None)?;
            walk_segment(&sealed.segment, position, sealed.size, from, visit)?;
        }
        let active = &self.active;
        let position = start_position(disk, &active.segment, from, Some(active.offset_index.written()))?;
        walk_segment(&active.segment, position, active.size, from, visit)
    }
}

fn start_position(
    disk: &dyn Disk,
    segment: &Arc<Segment>,
    from: Offset,
    entries: Option<usize>,
) -> Result<u64, DiskError> {
    if from <= segment.base { Ok(0) } else { segment.position_before(disk, from, entries) }
}

fn walk_segment(
    segment: &Segment,
    position: u64,
    size: u64,
    from: Offset,
    visit: &mut dyn FnMut(&BatchHeader),
) -> Result<(), OpenError> {
    let mut scanner = Scanner::new(segment, position, size);
    loop {
        match scanner.next_batch()? {
            Step::Batch { header, .. } if header.next_offset() > from => visit(&header),
            Step::Batch { .. } => {}
            Step::End => return Ok(()),
            Step::Bad { position, reason } => {
                let file = segment.path(FileKind::Log);
                let reason = reason.to_string();
                return Err(CorruptLog { file, position, offset: from, reason }.into());
            }
        }
    }
}

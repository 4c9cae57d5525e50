//! Telling what the producers did, after a log was opened.

use std::sync::Arc;

use klamm_model::Offset;
use klamm_records::BatchHeader;

use super::open::OpenError;
use super::{CorruptLog, Log};
use crate::disk::{Action, Disk, DiskError};
use crate::producer_snapshot::{self, ProducerSnapshotEntry};
use crate::scanner::{Scanner, Step};
use crate::segment::{Place, Segment};
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
                Ok(entries) if !self.has_written(&entries)? => {
                    let file = self.snapshot_path(offset);
                    tracing::warn!(file = %file.display(), "producer snapshot is of another log, and not used");
                    self.remove_snapshot(offset)?;
                }
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

    /// Whether the newest batch that a snapshot tells of is in this log: its CRC says nothing of whose it is. A batch that
    /// was cleaned away says nothing either, and the next one is asked.
    fn has_written(&self, entries: &[ProducerSnapshotEntry]) -> Result<bool, OpenError> {
        let mut entries: Vec<&ProducerSnapshotEntry> = entries.iter().collect();
        entries.sort_unstable_by_key(|entry| entry.last_offset);
        for newest in entries.into_iter().rev() {
            if newest.last_offset < self.start {
                return Ok(true);
            }
            let header = self.header_at(newest.last_offset)?;
            if header.as_ref().is_some_and(BatchHeader::is_filler) {
                continue;
            }
            return Ok(header.is_some_and(|header| {
                header.producer_id == newest.producer_id && header.last_offset() == newest.last_offset
            }));
        }
        Ok(true)
    }

    /// The header of the batch that holds an offset; `None` if it is not in the log, or can't be read.
    pub(super) fn header_at(&self, offset: Offset) -> Result<Option<BatchHeader>, DiskError> {
        if offset < self.start || offset >= self.active.end {
            return Ok(None);
        }
        let sealed = self.sealed.iter().rfind(|sealed| sealed.segment.base <= offset);
        let (segment, size, entries) = match sealed {
            Some(sealed) if offset < self.active.segment.base => (&sealed.segment, sealed.size, None),
            _ => (&self.active.segment, self.active.size, Some(self.active.offset_index.written())),
        };
        let place = segment.place_before(&*self.disk, offset, entries)?;
        let mut scanner = Scanner::from(segment, place, size);
        while let Step::Batch { header, .. } = scanner.next_batch()? {
            if header.last_offset() >= offset {
                return Ok(Some(header));
            }
        }
        Ok(None)
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
            let place = start_place(disk, &sealed.segment, from, None)?;
            walk_segment(&sealed.segment, place, sealed.size, from, visit)?;
        }
        let active = &self.active;
        let place = start_place(disk, &active.segment, from, Some(active.offset_index.written()))?;
        walk_segment(&active.segment, place, active.size, from, visit)
    }
}

fn start_place(
    disk: &dyn Disk,
    segment: &Arc<Segment>,
    from: Offset,
    entries: Option<usize>,
) -> Result<Place, DiskError> {
    if from <= segment.base { Ok(segment.beginning()) } else { segment.place_before(disk, from, entries) }
}

fn walk_segment(
    segment: &Segment,
    place: Place,
    size: u64,
    from: Offset,
    visit: &mut dyn FnMut(&BatchHeader),
) -> Result<(), OpenError> {
    let mut scanner = Scanner::from(segment, place, size);
    loop {
        match scanner.next_batch()? {
            Step::Batch { header, .. } if header.next_offset() > from => visit(&header),
            Step::Batch { .. } => {}
            Step::End => return Ok(()),
            Step::Bad { position, reason } => {
                let file = segment.path(FileKind::Log);
                return Err(CorruptLog { file, position, offset: from, reason }.into());
            }
        }
    }
}

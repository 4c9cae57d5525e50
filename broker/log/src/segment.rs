//! Segments: a part of the log with its file and its indexes.

mod active;
mod hints;
mod room_ahead;
mod sealed;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use klamm_model::{Offset, TimestampMs};
use klamm_records::{BatchHeader, HEADER_BYTES};

use crate::disk::{Action, Disk, DiskError, DiskFile, OpenMode};
use crate::index::{OffsetEntry, TimeEntry, last_in_file};
use crate::scanner::{Scanner, Step};
use crate::segment_files::{self, FileKind};

pub(crate) use active::ActiveSegment;
pub(crate) use hints::Hints;
pub(crate) use sealed::SealedSegment;

/// What readers need of a segment, sealed or not.
#[derive(Debug)]
pub(crate) struct Segment {
    /// All its offsets are this or above.
    pub base: Offset,
    pub dir: Arc<Path>,
    pub file: Arc<dyn DiskFile>,
    pub hints: Hints,
    /// How the names of its files end, behind what tells their kind: empty for a segment in its place.
    suffix: &'static str,
}

impl Segment {
    pub(crate) fn new(base: Offset, dir: Arc<Path>, file: Arc<dyn DiskFile>) -> Segment {
        Segment { base, dir, file, hints: Hints::default(), suffix: "" }
    }

    /// As [`Segment::open`], of a segment that has not taken its place.
    pub(crate) fn open_named(
        disk: &dyn Disk,
        dir: &Arc<Path>,
        base: Offset,
        suffix: &'static str,
    ) -> Result<Arc<Segment>, DiskError> {
        let path = segment_files::named(dir, base, FileKind::Log, suffix);
        let file = disk.open(&path, OpenMode::Write).map_err(DiskError::of(Action::Open, &path))?;
        Ok(Arc::new(Segment { suffix, ..Segment::new(base, Arc::clone(dir), file) }))
    }

    /// As [`Segment::create`], of a segment that has not taken its place.
    pub(crate) fn create_named(
        disk: &dyn Disk,
        dir: &Arc<Path>,
        base: Offset,
        suffix: &'static str,
    ) -> Result<Arc<Segment>, DiskError> {
        for kind in [FileKind::OffsetIndex, FileKind::TimeIndex] {
            remove_if_there(disk, &segment_files::named(dir, base, kind, suffix))?;
        }
        let path = segment_files::named(dir, base, FileKind::Log, suffix);
        let file = disk.open(&path, OpenMode::Create).map_err(DiskError::of(Action::Create, &path))?;
        Ok(Arc::new(Segment { suffix, ..Segment::new(base, Arc::clone(dir), file) }))
    }

    /// Opens the file of a segment that is there.
    pub(crate) fn open(disk: &dyn Disk, dir: &Arc<Path>, base: Offset) -> Result<Arc<Segment>, DiskError> {
        Segment::open_named(disk, dir, base, "")
    }

    /// Makes an empty segment. Indexes of one that began at the same offset once are removed: their entries would be
    /// taken for this one's.
    pub(crate) fn create(disk: &dyn Disk, dir: &Arc<Path>, base: Offset) -> Result<Arc<Segment>, DiskError> {
        Segment::create_named(disk, dir, base, "")
    }

    pub(crate) fn path(&self, kind: FileKind) -> PathBuf {
        segment_files::named(&self.dir, self.base, kind, self.suffix)
    }

    /// An offset of this segment as its files have it.
    pub(crate) fn relative(&self, offset: Offset) -> u32 {
        u32::try_from(offset.0 - self.base.0).unwrap_or(u32::MAX)
    }

    /// The offset that the files have as `relative`.
    pub(crate) fn absolute(&self, relative: u32) -> Offset {
        self.base.plus(i64::from(relative))
    }

    /// Makes the index files durable; those that are absent stay so.
    pub(crate) fn sync_indexes(&self, disk: &dyn Disk) -> Result<(), DiskError> {
        for kind in [FileKind::OffsetIndex, FileKind::TimeIndex] {
            let path = self.path(kind);
            match disk.open(&path, OpenMode::Write) {
                Ok(file) => file.sync_data().map_err(DiskError::of(Action::Sync, &path))?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(DiskError::of(Action::Open, &path)(error)),
            }
        }
        Ok(())
    }

    /// Where the segment begins.
    pub(crate) fn beginning(&self) -> Place {
        Place { position: 0, offset: self.base }
    }

    /// Where a batch begins that is not behind the one with `offset`, from the first `entries` entries of the index
    /// file; `None` for `entries` takes all. The start of the file if the index does not know better, or is wrong.
    pub(crate) fn place_before(
        &self,
        disk: &dyn Disk,
        offset: Offset,
        entries: Option<usize>,
    ) -> Result<Place, DiskError> {
        let relative = self.relative(offset);
        if let Some(position) = self.hints.position_of(relative) {
            return Ok(Place { position, offset });
        }
        self.place_of_entry(disk, offset, entries)
    }

    /// As [`Segment::place_before`], by the index alone.
    pub(crate) fn place_of_entry(
        &self,
        disk: &dyn Disk,
        offset: Offset,
        entries: Option<usize>,
    ) -> Result<Place, DiskError> {
        let relative = self.relative(offset);
        let path = self.path(FileKind::OffsetIndex);
        let entry = last_in_file::<OffsetEntry>(disk, &path, entries, |entry| entry.relative <= relative)?;
        entry.map_or(Ok(self.beginning()), |(_, entry)| self.place_of(entry))
    }

    /// The batch that an index entry tells of; the segment's beginning if there is none such, since an index is not
    /// checked when it is read and may be damaged.
    pub(crate) fn place_of(&self, entry: OffsetEntry) -> Result<Place, DiskError> {
        let position = u64::from(entry.position);
        let bytes = self.file.read_at(position, HEADER_BYTES).map_err(|source| DiskError {
            action: Action::Read,
            path: self.path(FileKind::Log),
            source,
        })?;
        match BatchHeader::read(&bytes) {
            Ok(header) if header.last_offset() == self.absolute(entry.relative) => {
                Ok(Place { position, offset: header.base_offset })
            }
            _ => {
                tracing::warn!(file = %self.path(FileKind::OffsetIndex).display(), ?entry, "an index entry is wrong: the segment is read from its start");
                Ok(self.beginning())
            }
        }
    }
}

impl Segment {
    /// Whether a time entry tells the truth of its batch, which is looked for from `place` on.
    pub(crate) fn has_time(&self, entry: TimeEntry, place: Place, size: u64) -> Result<bool, DiskError> {
        let offset = self.absolute(entry.relative);
        let mut scanner = Scanner::from(self, place, size);
        while let Step::Batch { header, .. } = scanner.next_batch()? {
            if header.last_offset() >= offset {
                let is_its = header.newest().is_some_and(|newest| newest.0 == entry.timestamp_ms);
                let right = header.last_offset() == offset && is_its;
                if !right {
                    tracing::warn!(file = %self.path(FileKind::TimeIndex).display(), ?entry, "a time index entry is wrong: it is not used");
                }
                return Ok(right);
            }
        }
        Ok(false)
    }

    /// The largest timestamp from `place` on, with the last offset of the first batch that has it, if it is larger than
    /// `newest`; else `newest`.
    pub(crate) fn newest_from(
        &self,
        place: Place,
        size: u64,
        mut newest: Option<TimeEntry>,
    ) -> Result<Option<TimeEntry>, DiskError> {
        let mut scanner = Scanner::from(self, place, size);
        while let Step::Batch { header, .. } = scanner.next_batch()? {
            let Some(TimestampMs(timestamp_ms)) = header.newest() else { continue };
            if newest.is_none_or(|newest| newest.timestamp_ms < timestamp_ms) {
                newest = Some(TimeEntry { timestamp_ms, relative: self.relative(header.last_offset()) });
            }
        }
        Ok(newest)
    }
}

/// Where a batch begins, and with which offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// In bytes.
    pub position: u64,
    /// The batch's base offset.
    pub offset: Offset,
}

/// Removes a file that may be absent.
pub(crate) fn remove_if_there(disk: &dyn Disk, path: &Path) -> Result<(), DiskError> {
    match disk.remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(DiskError::of(Action::Remove, path)),
    }
}

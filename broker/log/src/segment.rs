//! Segments: a part of the log with its file and its indexes.

mod active;
mod hints;
mod sealed;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use klamm_model::Offset;

use crate::disk::{Action, Disk, DiskError, DiskFile, OpenMode};
use crate::index::{OffsetEntry, last_in_file};
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
}

impl Segment {
    pub(crate) fn new(base: Offset, dir: Arc<Path>, file: Arc<dyn DiskFile>) -> Segment {
        Segment { base, dir, file, hints: Hints::default() }
    }

    /// Opens the file of a segment that is there.
    pub(crate) fn open(disk: &dyn Disk, dir: &Arc<Path>, base: Offset) -> Result<Arc<Segment>, DiskError> {
        let path = segment_files::path(dir, base, FileKind::Log);
        let file = disk.open(&path, OpenMode::Write).map_err(DiskError::of(Action::Open, &path))?;
        Ok(Arc::new(Segment::new(base, Arc::clone(dir), file)))
    }

    /// Makes an empty segment. Indexes of one that began at the same offset once are removed: their entries would be
    /// taken for this one's.
    pub(crate) fn create(disk: &dyn Disk, dir: &Arc<Path>, base: Offset) -> Result<Arc<Segment>, DiskError> {
        for kind in [FileKind::OffsetIndex, FileKind::TimeIndex] {
            remove_if_there(disk, &segment_files::path(dir, base, kind))?;
        }
        let path = segment_files::path(dir, base, FileKind::Log);
        let file = disk.open(&path, OpenMode::Create).map_err(DiskError::of(Action::Create, &path))?;
        Ok(Arc::new(Segment::new(base, Arc::clone(dir), file)))
    }

    pub(crate) fn path(&self, kind: FileKind) -> PathBuf {
        segment_files::path(&self.dir, self.base, kind)
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

    /// Where a batch begins that is not behind the one with `offset`, from the first `entries` entries of the index
    /// file; `None` for `entries` takes all. The start of the file if the index does not know better.
    pub(crate) fn position_before(
        &self,
        disk: &dyn Disk,
        offset: Offset,
        entries: Option<usize>,
    ) -> Result<u64, DiskError> {
        let relative = self.relative(offset);
        if let Some(position) = self.hints.position_of(relative) {
            return Ok(position);
        }
        let path = self.path(FileKind::OffsetIndex);
        let entry = last_in_file::<OffsetEntry>(disk, &path, entries, |entry| entry.relative <= relative)?;
        Ok(entry.map_or(0, |(_, entry)| u64::from(entry.position)))
    }
}

/// Removes a file that may be absent.
pub(crate) fn remove_if_there(disk: &dyn Disk, path: &Path) -> Result<(), DiskError> {
    match disk.remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(DiskError::of(Action::Remove, path)),
    }
}

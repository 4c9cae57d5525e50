//! Putting a cleaned segment in the place of those it was made of, such that a crash at any step leaves the old ones or
//! the new one.
//!
//! ```text
//!   .log.cleaned, .index.cleaned, .timeindex.cleaned   written and synced
//!   .log.cleaned -> .log.swap, directory synced        from here on the new one counts
//!   old files removed, indexes renamed, directory synced
//!   .log.swap -> .log, directory synced
//! ```
//!
//! A start that finds a `.log.swap` finishes the work from the second line on; `.cleaned` files it removes. These are
//! Kafka's names and its order (`LocalLog.replaceSegments`, `LogLoader`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use klamm_model::{Offset, TimestampMs};

use super::copy::Cleaned;
use crate::disk::{Action, Disk, DiskError};
use crate::log::{CorruptLog, OpenError};
use crate::scanner::{Scanner, Step};
use crate::segment::{ActiveSegment, SealedSegment, Segment, remove_if_there};
use crate::segment_files::{self, FileKind};

/// How the names of what a cleaning writes end.
pub(super) const CLEANED: &str = ".cleaned";
/// How the name of a cleaned segment ends that takes the place of others.
const SWAP: &str = ".swap";

const INDEXES: [FileKind; 2] = [FileKind::OffsetIndex, FileKind::TimeIndex];

/// The part of a swap that waits for the disk; from [`crate::Log::begin_swap`].
#[derive(Debug)]
#[must_use = "nothing is swapped before the ticket is run and given back"]
pub struct SwapTicket {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: Arc<Path>,
    pub(crate) old: Vec<Arc<SealedSegment>>,
    pub(crate) size: u64,
    pub(crate) end: Offset,
}

/// A segment that is in its place.
#[derive(Debug)]
pub struct Swapped(pub(crate) Arc<SealedSegment>);

impl SwapTicket {
    pub(crate) fn of(cleaned: &Cleaned) -> SwapTicket {
        SwapTicket {
            disk: Arc::clone(&cleaned.disk),
            dir: Arc::clone(&cleaned.dir),
            old: cleaned.old.clone(),
            size: cleaned.new.size,
            end: cleaned.end(),
        }
    }

    pub(crate) fn base(&self) -> Offset {
        self.old.first().map_or(self.end, |first| first.segment.base)
    }

    /// Swaps the files. Blocks; not under the partition's lock. Reads of the old segments go on: their files stay open.
    pub fn run(&self) -> Result<Swapped, DiskError> {
        let disk = &*self.disk;
        for old in &self.old {
            let kept = old.segment.file.keep_open();
            kept.map_err(DiskError::of(Action::Open, &old.segment.path(FileKind::Log)))?;
        }
        let place = Place { disk, dir: &self.dir, base: self.base() };
        rename(disk, &place.path(FileKind::Log, CLEANED), &place.path(FileKind::Log, SWAP))?;
        sync(disk, &self.dir)?;
        let others = self.old.iter().skip(1).map(|old| old.segment.base);
        place.take(&others.collect::<Vec<_>>(), CLEANED)?;
        let segment = Segment::open(disk, &self.dir, self.base())?;
        Ok(Swapped(Arc::new(SealedSegment::new(segment, self.size, self.end, None))))
    }
}

/// Removes what a cleaning has written.
pub(super) fn remove_cleaned(disk: &dyn Disk, dir: &Path, base: Offset) -> Result<(), DiskError> {
    let place = Place { disk, dir, base };
    for kind in INDEXES.into_iter().chain([FileKind::Log]) {
        remove_if_there(disk, &place.path(kind, CLEANED))?;
    }
    Ok(())
}

/// What a swap leaves when it is cut short, by a file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SwapLeft {
    /// A segment that is to take its place.
    Segment(Offset),
    /// Something that is made anew, or was never finished.
    Waste,
}

impl SwapLeft {
    pub(crate) fn parse(name: &str) -> Option<SwapLeft> {
        if name.ends_with(CLEANED) {
            return Some(SwapLeft::Waste);
        }
        let name = name.strip_suffix(SWAP)?;
        Some(match segment_files::parse(name) {
            Some((base, FileKind::Log)) => SwapLeft::Segment(base),
            _ => SwapLeft::Waste,
        })
    }
}

/// Finishes the swap that a crash has cut short, among the segments with these base offsets. The indexes are made anew:
/// how far they had come is not known.
pub(crate) fn settle_swap(
    (disk, dir): (&dyn Disk, &Arc<Path>),
    base: Offset,
    segments: &[Offset],
    index_interval_bytes: u32,
) -> Result<(), OpenError> {
    let segment = Segment::open_named(disk, dir, base, SWAP)?;
    let path = segment.path(FileKind::Log);
    let size = segment.file.size().map_err(DiskError::of(Action::Read, &path))?;
    for kind in INDEXES {
        remove_if_there(disk, &segment.path(kind))?;
    }
    let mut active = ActiveSegment::empty(Arc::clone(&segment), TimestampMs(0));
    let mut scanner = Scanner::from(&segment, segment.beginning(), size);
    loop {
        let corrupt =
            |position, reason| CorruptLog { file: path.clone(), position, offset: active.end, reason };
        match scanner.next_batch()? {
            Step::End => break,
            Step::Bad { position, reason } => return Err(corrupt(position, reason).into()),
            Step::Batch { position, header } => {
                let verdict = scanner.verify(position, &header)?;
                verdict.map_err(|error| corrupt(position, error.to_string()))?;
                active.note(&header, index_interval_bytes);
            }
        }
    }
    active.write_final_indexes(disk)?;
    active.sync_indexes(disk)?;
    let end = active.end;
    tracing::info!(file = %path.display(), %end, "a compaction that a crash has cut short is finished");
    let others: Vec<Offset> = segments.iter().copied().filter(|&other| other > base && other < end).collect();
    Place { disk, dir, base }.take(&others, SWAP)?;
    Ok(())
}

/// Where a cleaned segment belongs.
struct Place<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    base: Offset,
}

impl Place<'_> {
    fn path(&self, kind: FileKind, suffix: &str) -> PathBuf {
        segment_files::named(self.dir, self.base, kind, suffix)
    }

    /// Gives the `.log.swap` its place, from which it takes the `others` away too; its indexes have the `suffix`.
    fn take(&self, others: &[Offset], suffix: &str) -> Result<(), DiskError> {
        for &other in others.iter().rev() {
            for kind in
                [FileKind::Log, FileKind::OffsetIndex, FileKind::TimeIndex, FileKind::TransactionIndex]
            {
                remove_if_there(self.disk, &segment_files::path(self.dir, other, kind))?;
            }
        }
        for kind in INDEXES {
            let (from, to) = (self.path(kind, suffix), self.path(kind, ""));
            match self.disk.rename(&from, &to) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    remove_if_there(self.disk, &to)?;
                }
                result => result.map_err(DiskError::of(Action::Rename, &from))?,
            }
        }
        // Before this, an old segment could come back beside the one that has its records.
        sync(self.disk, self.dir)?;
        rename(self.disk, &self.path(FileKind::Log, SWAP), &self.path(FileKind::Log, ""))?;
        sync(self.disk, self.dir)
    }
}

fn rename(disk: &dyn Disk, from: &Path, to: &Path) -> Result<(), DiskError> {
    disk.rename(from, to).map_err(DiskError::of(Action::Rename, from))
}

fn sync(disk: &dyn Disk, dir: &Path) -> Result<(), DiskError> {
    disk.sync_dir(dir).map_err(DiskError::of(Action::Sync, dir))
}

#[cfg(test)]
mod tests {
    use klamm_model::Offset;

    use super::SwapLeft;

    #[test]
    fn what_a_swap_leaves_is_known_by_its_name() {
        let at = |suffix: &str| SwapLeft::parse(&format!("00000000000000000042{suffix}"));
        assert_eq!(at(".log.swap"), Some(SwapLeft::Segment(Offset(42))));
        assert_eq!(at(".index.swap"), Some(SwapLeft::Waste));
        assert_eq!(at(".log.cleaned"), Some(SwapLeft::Waste));
        assert_eq!(at(".log"), None);
        assert_eq!(at(".log.deleted"), None);
    }
}

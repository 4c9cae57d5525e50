//! The index of a segment that is appended to.

use std::path::Path;

use super::entry::Entry;
use super::lookup::is_empty;
use crate::disk::{Action, Disk, DiskError, OpenMode};

/// Entries that are collected before they are written: one page.
const UNWRITTEN_BYTES: usize = 4096;

/// A growing index: most entries in the file, the newest in memory. A 1 GiB segment's index costs a page.
#[derive(Debug)]
pub(crate) struct GrowingIndex<E> {
    /// Entries in the file that count; what follows them in the file does not.
    written: usize,
    last_written: Option<E>,
    unwritten: Vec<E>,
    /// Whether the file may be longer than `written`, or absent.
    file_differs: bool,
}

impl<E: Entry> GrowingIndex<E> {
    /// An index without entries. A file of another one's entries is emptied when the first are written.
    pub(crate) fn new() -> GrowingIndex<E> {
        GrowingIndex { written: 0, last_written: None, unwritten: Vec::new(), file_differs: false }
    }

    /// An index without entries, of a segment whose index file can't be relied on.
    pub(crate) fn instead_of(disk: &dyn Disk, path: &Path) -> Result<GrowingIndex<E>, DiskError> {
        Ok(GrowingIndex { file_differs: !is_empty(disk, path)?, ..GrowingIndex::new() })
    }

    /// An index of the first `written` entries in its file, of which `last` is the last; `is_all` if the file has no
    /// more than them.
    pub(crate) fn of_file(written: usize, last: Option<E>, is_all: bool) -> GrowingIndex<E> {
        GrowingIndex { written, last_written: last, unwritten: Vec::new(), file_differs: !is_all }
    }

    pub(crate) fn len(&self) -> usize {
        self.written + self.unwritten.len()
    }

    pub(crate) fn written(&self) -> usize {
        self.written
    }

    /// Whether the file has entries that do not count.
    pub(crate) fn differs_from_file(&self) -> bool {
        self.file_differs
    }

    /// The entries in memory, which follow those in the file.
    pub(crate) fn unwritten(&self) -> &[E] {
        &self.unwritten
    }

    pub(crate) fn last(&self) -> Option<E> {
        self.unwritten.last().copied().or(self.last_written)
    }

    /// Adds an entry, unless it does not follow the last.
    pub(crate) fn push(&mut self, entry: E) {
        if entry.is_possible() && self.last().is_none_or(|last| last.precedes(entry)) {
            self.unwritten.push(entry);
        }
    }

    /// Whether it is time to write.
    pub(crate) fn is_page_full(&self) -> bool {
        self.unwritten.len() * E::BYTES >= UNWRITTEN_BYTES
    }

    /// The last entry in memory for which `holds` is true; `None` if it must be looked for in the file.
    pub(crate) fn last_in_memory(&self, holds: impl Fn(&E) -> bool) -> Option<E> {
        let count = self.unwritten.partition_point(holds);
        self.unwritten.get(count.checked_sub(1)?).copied()
    }

    /// Writes what is not in the file yet, and cuts what does not belong there; the file is made if it is absent.
    /// Whether there was something to do.
    pub(crate) fn write(&mut self, disk: &dyn Disk, path: &Path) -> Result<bool, DiskError> {
        if self.unwritten.is_empty() && !self.file_differs {
            return Ok(false);
        }
        let mode = if self.written == 0 { OpenMode::Create } else { OpenMode::Write };
        let file = disk.open(path, mode).map_err(DiskError::of(Action::Open, path))?;
        let position = (self.written * E::BYTES) as u64;
        if self.file_differs && self.written > 0 {
            file.truncate(position).map_err(DiskError::of(Action::Truncate, path))?;
        }
        let mut bytes = Vec::with_capacity(self.unwritten.len() * E::BYTES);
        for entry in &self.unwritten {
            entry.encode(&mut bytes);
        }
        // A failed write may leave a part there: the next one begins at the same place.
        self.file_differs = true;
        file.write_at(position, &[&bytes]).map_err(DiskError::of(Action::Write, path))?;
        self.last_written = self.last();
        self.written += self.unwritten.len();
        self.unwritten = Vec::new();
        self.file_differs = false;
        Ok(true)
    }
}

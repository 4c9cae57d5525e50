//! Looking into an index file without keeping it open or in memory: a binary search of small reads, which the page
//! cache answers.

use std::path::Path;

use super::entry::Entry;
use crate::disk::{Action, Disk, DiskError, OpenMode};

/// The last of the first `count` entries in the file for which `holds` is true; it is true for a first part of the
/// file and false for the rest. `None` if it is false for all, or the file is shorter than it should be.
pub(crate) fn last_in_file<E: Entry>(
    disk: &dyn Disk,
    path: &Path,
    count: usize,
    holds: impl Fn(&E) -> bool,
) -> Result<Option<(usize, E)>, DiskError> {
    if count == 0 {
        return Ok(None);
    }
    let file = disk.open(path, OpenMode::Read).map_err(DiskError::of(Action::Open, path))?;
    let entry_at = |index: usize| -> Result<Option<E>, DiskError> {
        let bytes =
            file.read_at((index * E::BYTES) as u64, E::BYTES).map_err(DiskError::of(Action::Read, path))?;
        Ok((bytes.len() == E::BYTES).then(|| E::decode(&bytes)))
    };
    let (mut low, mut high) = (0, count);
    let mut found = None;
    while low < high {
        let middle = low + (high - low) / 2;
        match entry_at(middle)? {
            Some(entry) if holds(&entry) => {
                found = Some((middle, entry));
                low = middle + 1;
            }
            _ => high = middle,
        }
    }
    Ok(found)
}

/// All whole entries of the file, up to the first that does not follow the one before it; none if there is no file.
pub(crate) fn read_all<E: Entry>(disk: &dyn Disk, path: &Path) -> Result<Vec<E>, DiskError> {
    let file = match disk.open(path, OpenMode::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(DiskError::of(Action::Open, path)(error)),
    };
    let size = file.size().map_err(DiskError::of(Action::Read, path))?;
    let bytes = file.read_at(0, size as usize).map_err(DiskError::of(Action::Read, path))?;
    let mut entries: Vec<E> = Vec::with_capacity(bytes.len() / E::BYTES);
    for entry in bytes.chunks_exact(E::BYTES).map(E::decode) {
        if entries.last().is_some_and(|last| !last.precedes(entry)) {
            break;
        }
        entries.push(entry);
    }
    Ok(entries)
}

//! Looking into an index file without keeping it open or in memory: a binary search of small reads, which the page
//! cache answers.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::entry::Entry;
use crate::checkpoint::read_file;
use crate::disk::{Action, Disk, DiskError, DiskFile, OpenMode};

/// The last of the first `count` entries in the file (`None`: of all) for which `holds` is true, with its number; it
/// is true for a first part of the file and false for the rest. `None` if it is false for all, or there is no file.
pub(crate) fn last_in_file<E: Entry>(
    disk: &dyn Disk,
    path: &Path,
    count: Option<usize>,
    holds: impl Fn(&E) -> bool,
) -> Result<Option<(usize, E)>, DiskError> {
    if count == Some(0) {
        return Ok(None);
    }
    let Some((file, in_file)) = open::<E>(disk, path)? else { return Ok(None) };
    let (mut low, mut high) = (0, count.unwrap_or(in_file).min(in_file));
    let mut found = None;
    while low < high {
        let middle = low + (high - low) / 2;
        match entry_at(&*file, path, middle)? {
            Some(entry) if holds(&entry) => {
                found = Some((middle, entry));
                low = middle + 1;
            }
            _ => high = middle,
        }
    }
    Ok(found)
}

/// The last entry of the file; `None` if there is none.
pub(crate) fn read_last<E: Entry>(disk: &dyn Disk, path: &Path) -> Result<Option<E>, DiskError> {
    let Some((file, in_file)) = open::<E>(disk, path)? else { return Ok(None) };
    let Some(last) = in_file.checked_sub(1) else { return Ok(None) };
    Ok(entry_at(&*file, path, last)?.filter(|entry: &E| entry.is_possible()))
}

/// All whole entries of the file, up to the first that does not follow the one before it, and the file's size; none if
/// there is no file.
pub(crate) fn read_all<E: Entry>(disk: &dyn Disk, path: &Path) -> Result<(Vec<E>, usize), DiskError> {
    let bytes = read_file(disk, path)?.unwrap_or_default();
    let mut entries: Vec<E> = Vec::with_capacity(bytes.len() / E::BYTES);
    for entry in bytes.chunks_exact(E::BYTES).map(E::decode) {
        if !entry.is_possible() || entries.last().is_some_and(|last| !last.precedes(entry)) {
            break;
        }
        entries.push(entry);
    }
    Ok((entries, bytes.len()))
}

/// Whether there is nothing in the file, or no file.
pub(crate) fn is_empty(disk: &dyn Disk, path: &Path) -> Result<bool, DiskError> {
    match disk.open(path, OpenMode::Read) {
        Ok(file) => Ok(file.size().map_err(DiskError::of(Action::Read, path))? == 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(DiskError::of(Action::Open, path)(error)),
    }
}

type Counted = (Arc<dyn DiskFile>, usize);

/// The file and the number of whole entries in it; `None` if there is no file.
fn open<E: Entry>(disk: &dyn Disk, path: &Path) -> Result<Option<Counted>, DiskError> {
    let file = match disk.open(path, OpenMode::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(DiskError::of(Action::Open, path)(error)),
    };
    let size = file.size().map_err(DiskError::of(Action::Read, path))?;
    Ok(Some((file, size as usize / E::BYTES)))
}

fn entry_at<E: Entry>(file: &dyn DiskFile, path: &Path, index: usize) -> Result<Option<E>, DiskError> {
    let bytes =
        file.read_at((index * E::BYTES) as u64, E::BYTES).map_err(DiskError::of(Action::Read, path))?;
    Ok((bytes.len() == E::BYTES).then(|| E::decode(&bytes)))
}

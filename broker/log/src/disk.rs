//! The disk as the log needs it: the one door to files, so that tests can stand behind it.

mod fd_cache;
mod late;
mod real;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

pub use late::LateDisk;
pub use real::RealDisk;

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntry {
    /// The name within its directory.
    pub name: String,
    /// Whether it is a directory.
    pub is_dir: bool,
    /// The file's size in bytes; 0 for a directory.
    pub size_bytes: u64,
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// An existing file, to be read.
    Read,
    /// An existing file, to be read and written.
    Write,
    /// To be read and written; made, or emptied if it is there.
    Create,
}

/// Directories and names.
///
/// An implementation MUST NOT report success of [`sync_dir`](Disk::sync_dir) or
/// [`sync_data`](DiskFile::sync_data) before what they cover survives a power cut, and MAY lose anything else at
/// one. Names made, renamed or removed survive only after `sync_dir` of their directory.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Opens the file at `path`.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>>;
    /// Makes a directory and those above it; it may be there already.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;
    /// Gives a file or directory another name, replacing a file of that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes a directory and all in it.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;
    /// What is in a directory, by name.
    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>>;
    /// Makes the names in this directory durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Makes everything that was written and named in the file system of `path` durable, at once: cheaper than one by one
    /// where it is much.
    fn sync_file_system(&self, path: &Path) -> io::Result<()>;
    /// Bytes that can still be written to the file system of `path`.
    fn free_space(&self, path: &Path) -> io::Result<u64>;
    /// The size of the file system of `path`, in bytes; the largest number where it isn't known.
    fn total_space(&self, _path: &Path) -> io::Result<u64> {
        Ok(u64::MAX)
    }
    /// Takes the lock file at `path` for this process, and writes `owner` into it. `Ok(Err(text))` if another
    /// has it, with what the other wrote.
    fn lock(&self, path: &Path, owner: &str) -> io::Result<Result<Box<dyn DiskLock>, String>>;
}

/// A lock that is given up when dropped.
pub trait DiskLock: Send + Sync + fmt::Debug {}

/// One file; positions and sizes in bytes.
pub trait DiskFile: Send + Sync + fmt::Debug {
    /// Up to `length` bytes from `position`: fewer only where the file ends.
    fn read_at(&self, position: u64, length: usize) -> io::Result<Bytes>;
    /// Writes all parts, one after the other, from `position` on. After an error any part of them may be there.
    fn write_at(&self, position: u64, parts: &[&[u8]]) -> io::Result<()>;
    /// Cuts the file to `size` bytes, or extends it with zeros.
    fn truncate(&self, size: u64) -> io::Result<()>;
    /// Asks the file system for blocks for `length` bytes from `position` on, behind the file's end too. Neither size nor
    /// contents change; a file system that can't do it is as good as one that did.
    fn reserve(&self, _position: u64, _length: u64) -> io::Result<()> {
        Ok(())
    }
    /// Makes the contents durable (fdatasync). After an error the contents since the last success are lost for
    /// sure: it MUST NOT be tried again as if that would help.
    fn sync_data(&self) -> io::Result<()>;
    /// The file's size.
    fn size(&self) -> io::Result<u64>;
    /// From now on the handle does not need the file's name any more: it stays the same file when the name is removed or
    /// given to another.
    fn keep_open(&self) -> io::Result<()> {
        Ok(())
    }
}

/// What was being done when a disk operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Opening a file.
    Open,
    /// Making a file or directory.
    Create,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Changing a file's size.
    Truncate,
    /// Making contents or names durable.
    Sync,
    /// Renaming.
    Rename,
    /// Removing.
    Remove,
    /// Listing a directory.
    List,
    /// Locking.
    Lock,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Action::Open => "open",
            Action::Create => "create",
            Action::Read => "read",
            Action::Write => "write",
            Action::Truncate => "truncate",
            Action::Sync => "sync",
            Action::Rename => "rename",
            Action::Remove => "remove",
            Action::List => "list",
            Action::Lock => "lock",
        })
    }
}

/// An operating system's error with what was tried on which file.
#[derive(Debug, thiserror::Error)]
#[error("can't {action} {}: {source}", path.display())]
pub struct DiskError {
    /// What was tried.
    pub action: Action,
    /// On which file or directory.
    pub path: PathBuf,
    /// The operating system's answer.
    pub source: io::Error,
}

impl DiskError {
    /// For `map_err`: an error of `action` on `path`.
    pub fn of(action: Action, path: &Path) -> impl FnOnce(io::Error) -> DiskError + '_ {
        move |source| DiskError { action, path: path.to_owned(), source }
    }

    /// Whether there is no room (ENOSPC, EDQUOT): it passes when there is.
    pub fn is_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

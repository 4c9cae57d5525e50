//! Failures that a test asks for.

use std::io;
use std::path::Path;

/// What a disk is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Opening a file that is there.
    Open,
    /// Making a file.
    Create,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Changing a file's size.
    Truncate,
    /// Making contents durable.
    SyncData,
    /// Making names durable.
    SyncDir,
    /// Renaming.
    Rename,
    /// Removing.
    Remove,
}

/// A failure: of operations of a kind on paths that contain a text.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Which operations.
    pub operation: Operation,
    /// Only on paths that contain this; empty for all.
    pub path_contains: String,
    /// So many of them pass before.
    pub after: u64,
    /// So many fail then.
    pub times: u64,
    /// With this.
    pub error: io::ErrorKind,
}

impl Fault {
    /// All operations of this kind on paths that contain a text fail with this error.
    pub fn always(operation: Operation, path_contains: &str, error: io::ErrorKind) -> Fault {
        Fault { operation, path_contains: path_contains.to_owned(), after: 0, times: u64::MAX, error }
    }

    /// The next operation of this kind on a path that contains a text fails with this error.
    pub fn once(operation: Operation, path_contains: &str, error: io::ErrorKind) -> Fault {
        Fault { times: 1, ..Fault::always(operation, path_contains, error) }
    }

    /// What the fault makes of an operation.
    pub(super) fn judge(&mut self, operation: Operation, path: &Path) -> Result<(), io::Error> {
        if operation != self.operation || !path.to_string_lossy().contains(&self.path_contains) {
            return Ok(());
        }
        if self.after > 0 {
            self.after -= 1;
            return Ok(());
        }
        if self.times == 0 {
            return Ok(());
        }
        self.times -= 1;
        Err(self.error.into())
    }
}

//! Sparse indexes: files of entries of a fixed size, and entries that are not in the file yet.

mod entry;
mod growing;
mod lookup;

pub(crate) use entry::{Entry, OffsetEntry, TimeEntry};
pub(crate) use growing::GrowingIndex;
pub(crate) use lookup::{last_in_file, read_all, read_last};

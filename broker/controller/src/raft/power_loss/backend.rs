//! A file of the simulated disk as redb wants it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use klamm_log::disk::DiskFile;
use redb::StorageBackend;

/// A bug that somebody could write into the store, or into what lies below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bug {
    /// Nothing is ever synced.
    NoSync,
    /// A commit is reported before its fsync, which comes with the next write.
    AcknowledgeBeforeSync,
    /// A vote is promised and never written.
    ForgetVote,
}

#[derive(Debug)]
pub(super) struct Backend {
    pub file: Arc<dyn DiskFile>,
    pub bug: Option<Bug>,
    /// A sync was reported that was not made.
    pub owes: AtomicBool,
}

impl Backend {
    fn pay(&self) -> io::Result<()> {
        if self.owes.swap(false, Ordering::Relaxed) { self.file.sync_data() } else { Ok(()) }
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let bytes = self.file.read_at(offset, out.len())?;
        if bytes.len() < out.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        out.copy_from_slice(&bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.pay()?;
        self.file.truncate(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        match self.bug {
            Some(Bug::NoSync) => Ok(()),
            Some(Bug::AcknowledgeBeforeSync) => {
                self.owes.store(true, Ordering::Relaxed);
                Ok(())
            }
            Some(Bug::ForgetVote) | None => self.file.sync_data(),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.pay()?;
        self.file.write_at(offset, &[data])
    }
}

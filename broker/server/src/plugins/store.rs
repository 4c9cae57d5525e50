//! The bytes of plug-ins, by their SHA-256.
//!
//! ```text
//!   klamm-data/plugins/sha256/<64 hexadecimal digits>.wasm
//!                             <64 hexadecimal digits>.wasm.new     being written
//! ```
//!
//! Bytes are durable before the metadata names them, and removed after the metadata forgot them: a crash between the two
//! leaves bytes that nobody needs, which the next start removes.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use klamm_log::Disk;
use klamm_log::disk::{Action, DirEntry, DiskError, OpenMode};
use klamm_model::PluginDigest;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use crate::room;

/// What the file names of complete plug-ins end with.
const COMPLETE: &str = ".wasm";
/// What those of plug-ins end with that are being written.
const NEW: &str = ".wasm.new";

/// The plug-ins' bytes in the data directory. Blocks: not for a thread that serves clients.
#[derive(Debug)]
pub struct BlobStore {
    disk: Arc<dyn Disk>,
    data_dir: PathBuf,
    quota_bytes: u64,
    /// Held while files come and go, so that the quota holds.
    changing: Mutex<()>,
}

/// Why bytes could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// All plug-ins together would be too large.
    #[error(
        "there is no room for {size} more bytes of plug-ins: {used} of {quota} are used (klamm.plugins.max.bytes); \
         delete versions that no topic binds"
    )]
    Quota {
        /// How many bytes should be stored.
        size: u64,
        /// How many are stored.
        used: u64,
        /// How many may be.
        quota: u64,
    },
    /// The disk is full.
    #[error("the disk of {} is full: {size} bytes of a plug-in have no room; free some space", dir.display())]
    Full {
        /// The data directory.
        dir: PathBuf,
        /// How many bytes should be stored.
        size: u64,
    },
    /// The bytes are not there.
    #[error("the bytes of plug-in sha-256 {0} are not in the data directory; push it again")]
    Missing(PluginDigest),
    /// The bytes are not those that were stored.
    #[error("{} is damaged: its sha-256 is {found}; push the plug-in again", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What it has now.
        found: PluginDigest,
    },
}

/// What [`BlobStore::retain`] found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// How many files nobody needed any more.
    pub removed: usize,
    /// What should be there and isn't.
    pub missing: Vec<PluginDigest>,
}

/// The SHA-256 of these bytes.
pub fn digest_of(bytes: &[u8]) -> PluginDigest {
    PluginDigest::from_bytes(Sha256::digest(bytes).into())
}

impl BlobStore {
    /// The store in this data directory; nothing is made before something is stored.
    pub fn new(disk: Arc<dyn Disk>, data_dir: &Path, quota_bytes: u64) -> BlobStore {
        BlobStore { disk, data_dir: data_dir.to_owned(), quota_bytes, changing: Mutex::new(()) }
    }

    /// Stores bytes; they survive a power cut when this returns. Bytes that are there already are kept, and damaged ones
    /// replaced.
    pub fn put(&self, bytes: &[u8]) -> Result<PluginDigest, BlobError> {
        let digest = digest_of(bytes);
        let _alone = self.changing.lock();
        if self.read(digest).is_err() {
            self.check_room(digest, bytes.len() as u64)?;
            self.create_dir()?;
            self.write(digest, bytes)?;
        }
        // Also for bytes that were there: whether their name is durable is not known.
        self.sync_dir()?;
        Ok(digest)
    }

    /// The bytes with this digest.
    pub fn get(&self, digest: PluginDigest) -> Result<Bytes, BlobError> {
        self.read(digest)
    }

    /// Forgets bytes; they may be gone already.
    pub fn remove(&self, digest: PluginDigest) -> Result<(), BlobError> {
        let _alone = self.changing.lock();
        let file = self.file(digest);
        match self.disk.remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(DiskError::of(Action::Remove, &file)(error).into())
            }
            // A removal that a power cut takes back is made again at the next start.
            _ => Ok(()),
        }
    }

    /// Removes everything but these, and what was being written: for a start, before anything is stored.
    pub fn retain(&self, keep: &BTreeSet<PluginDigest>) -> Result<Retained, BlobError> {
        let _alone = self.changing.lock();
        let mut retained = Retained::default();
        let mut missing = keep.clone();
        for entry in self.entries()? {
            let digest = entry.name.strip_suffix(COMPLETE).and_then(|hex| hex.parse().ok());
            if digest.is_some_and(|digest| missing.remove(&digest)) {
                continue;
            }
            // What someone else put here stays.
            if digest.is_some() || entry.name.ends_with(NEW) {
                let file = self.dir().join(&entry.name);
                self.disk.remove_file(&file).map_err(DiskError::of(Action::Remove, &file))?;
                retained.removed += 1;
            }
        }
        retained.missing = missing.into_iter().collect();
        Ok(retained)
    }

    fn read(&self, digest: PluginDigest) -> Result<Bytes, BlobError> {
        let file = self.file(digest);
        let open = match self.disk.open(&file, OpenMode::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(BlobError::Missing(digest)),
            opened => opened.map_err(DiskError::of(Action::Open, &file))?,
        };
        let size = open.size().map_err(DiskError::of(Action::Read, &file))?;
        let bytes = open
            .read_at(0, usize::try_from(size).unwrap_or(usize::MAX))
            .map_err(DiskError::of(Action::Read, &file))?;
        match digest_of(&bytes) {
            found if found == digest => Ok(bytes),
            found => Err(BlobError::Damaged { file, found }),
        }
    }

    /// The name is given only to complete and durable bytes.
    fn write(&self, digest: PluginDigest, bytes: &[u8]) -> Result<(), DiskError> {
        let complete = self.file(digest);
        let new = self.dir().join(format!("{digest}{NEW}"));
        let written = self
            .write_new(&new, bytes)
            .and_then(|()| self.disk.rename(&new, &complete).map_err(DiskError::of(Action::Rename, &new)));
        if written.is_err() {
            // If this fails too, the next start does it.
            let _ = self.disk.remove_file(&new);
        }
        written
    }

    fn write_new(&self, new: &Path, bytes: &[u8]) -> Result<(), DiskError> {
        let file = self.disk.open(new, OpenMode::Create).map_err(DiskError::of(Action::Create, new))?;
        file.write_at(0, &[bytes]).map_err(DiskError::of(Action::Write, new))?;
        file.sync_data().map_err(DiskError::of(Action::Sync, new))
    }

    fn check_room(&self, digest: PluginDigest, size: u64) -> Result<(), BlobError> {
        let itself = format!("{digest}{COMPLETE}");
        let others = self.entries()?;
        let used = others.iter().filter(|e| e.name != itself).map(|entry| entry.size_bytes).sum::<u64>();
        if used.saturating_add(size) > self.quota_bytes {
            return Err(BlobError::Quota { size, used, quota: self.quota_bytes });
        }
        if !room::has_room(&*self.disk, &self.data_dir, size) {
            return Err(BlobError::Full { dir: self.data_dir.clone(), size });
        }
        Ok(())
    }

    /// Makes the directories such that they survive a power cut.
    fn create_dir(&self) -> Result<(), DiskError> {
        let dir = self.dir();
        self.disk.create_dir_all(&dir).map_err(DiskError::of(Action::Create, &dir))?;
        for parent in dir.ancestors().skip(1).take(2) {
            self.disk.sync_dir(parent).map_err(DiskError::of(Action::Sync, parent))?;
        }
        Ok(())
    }

    fn sync_dir(&self) -> Result<(), DiskError> {
        let dir = self.dir();
        self.disk.sync_dir(&dir).map_err(DiskError::of(Action::Sync, &dir))
    }

    fn entries(&self) -> Result<Vec<DirEntry>, DiskError> {
        let dir = self.dir();
        match self.disk.list(&dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            listed => listed.map_err(DiskError::of(Action::List, &dir)),
        }
    }

    fn dir(&self) -> PathBuf {
        self.data_dir.join("plugins").join("sha256")
    }

    fn file(&self, digest: PluginDigest) -> PathBuf {
        self.dir().join(format!("{digest}{COMPLETE}"))
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;

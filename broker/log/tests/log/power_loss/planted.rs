//! A disk that forgets a duty: what the checks are worth is whether they notice.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use bytes::Bytes;
use klamm_log::disk::{DirEntry, Disk, DiskFile, DiskLock, OpenMode};
use klamm_log::sim::SimDisk;

/// A bug that somebody could write into the log, or the place where it is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Contents are never synced.
    NoSyncData,
    /// Records are acknowledged before their fsync, which comes with the next write.
    AcknowledgeBeforeSync,
    /// Names are never synced.
    NoSyncDir,
    /// The name that a rename gave is not synced; all others are.
    NoSyncAfterRename,
    /// Indexes are trusted though they were never synced.
    NoSyncIndexes,
    /// A start after a crash takes the indexes and the log's tail for what they say, as after a clean stop.
    SkipRecovery,
    /// The file of the leader epochs is written once and never again.
    SkipEpochCheckpoint,
    /// Many logs are closed without the sync of the file system that is to stand for those of their files.
    NoSyncFileSystem,
    /// What a cleaning has written is not synced before it takes the place of others.
    NoSyncCleaned,
    /// The name under which a cleaned segment waits for its place is not synced before the old segments go.
    RemoveBeforeSwap,
    /// That the old segments are gone is not synced before a cleaned one takes its place.
    SwapBeforeRemove,
}

#[derive(Debug, Clone)]
pub struct Planted {
    pub disk: SimDisk,
    pub bug: Option<Bug>,
    /// A rename was the last change of names.
    renamed: Arc<AtomicBool>,
    /// How a swap goes on: 1 has its waiting name, 2 was told that this is synced.
    swap: Arc<AtomicU8>,
}

impl Planted {
    pub fn new(disk: SimDisk, bug: Option<Bug>) -> Planted {
        Planted { disk, bug, renamed: Arc::default(), swap: Arc::default() }
    }

    fn forgets(&self, to: &Path) -> bool {
        self.bug == Some(Bug::SkipEpochCheckpoint)
            && to.file_name().is_some_and(|name| name == "leader-epoch-checkpoint")
            && self.disk.open(to, OpenMode::Read).is_ok()
    }
}

impl Disk for Planted {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.disk.open(path, mode)?;
        let is_index = path.extension().is_some_and(|kind| kind == "index" || kind == "timeindex");
        let is_cleaned = path.to_string_lossy().ends_with(".cleaned");
        Ok(Arc::new(PlantedFile { file, bug: self.bug, is_index, is_cleaned, owes: AtomicBool::default() }))
    }
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir_all(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.forgets(to) {
            return self.disk.remove_file(from);
        }
        self.renamed.store(true, Ordering::Relaxed);
        if to.to_string_lossy().ends_with(".log.swap") {
            self.swap.store(1, Ordering::Relaxed);
        }
        self.disk.rename(from, to)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }
    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir_all(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.disk.list(path)
    }
    fn sync_file_system(&self, path: &Path) -> io::Result<()> {
        if self.bug == Some(Bug::NoSyncFileSystem) {
            return Ok(());
        }
        self.disk.sync_file_system(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let renamed = self.renamed.swap(false, Ordering::Relaxed);
        let swap = self.swap.load(Ordering::Relaxed);
        self.swap.store(if swap == 1 { 2 } else { 0 }, Ordering::Relaxed);
        match self.bug {
            Some(Bug::RemoveBeforeSwap) if swap == 1 => Ok(()),
            Some(Bug::SwapBeforeRemove) if swap == 2 => Ok(()),
            Some(Bug::NoSyncDir) => Ok(()),
            Some(Bug::NoSyncAfterRename) if renamed => Ok(()),
            _ => self.disk.sync_dir(path),
        }
    }
    fn free_space(&self, path: &Path) -> io::Result<u64> {
        self.disk.free_space(path)
    }
    fn lock(&self, path: &Path, owner: &str) -> io::Result<Result<Box<dyn DiskLock>, String>> {
        self.disk.lock(path, owner)
    }
}

#[derive(Debug)]
struct PlantedFile {
    file: Arc<dyn DiskFile>,
    bug: Option<Bug>,
    is_index: bool,
    is_cleaned: bool,
    /// A sync was reported that was not made.
    owes: AtomicBool,
}

impl DiskFile for PlantedFile {
    fn read_at(&self, position: u64, length: usize) -> io::Result<Bytes> {
        self.file.read_at(position, length)
    }
    fn write_at(&self, position: u64, parts: &[&[u8]]) -> io::Result<()> {
        if self.owes.swap(false, Ordering::Relaxed) {
            self.file.sync_data()?;
        }
        self.file.write_at(position, parts)
    }
    fn truncate(&self, size: u64) -> io::Result<()> {
        self.file.truncate(size)
    }
    fn sync_data(&self) -> io::Result<()> {
        match self.bug {
            Some(Bug::NoSyncData) => Ok(()),
            Some(Bug::NoSyncCleaned) if self.is_cleaned => Ok(()),
            Some(Bug::NoSyncIndexes) if self.is_index => Ok(()),
            Some(Bug::AcknowledgeBeforeSync) => {
                self.owes.store(true, Ordering::Relaxed);
                Ok(())
            }
            _ => self.file.sync_data(),
        }
    }
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}

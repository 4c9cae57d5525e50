//! A disk that forgets a duty: what the checks are worth is whether they notice.

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use klamm_log::disk::{DirEntry, Disk, DiskFile, DiskLock, OpenMode};
use klamm_log::sim::SimDisk;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    NoSyncData,
    NoSyncDir,
}

#[derive(Debug, Clone)]
pub struct Planted {
    pub disk: SimDisk,
    bug: Option<Bug>,
}

impl Planted {
    pub fn new(disk: SimDisk, bug: Option<Bug>) -> Planted {
        Planted { disk, bug }
    }
}

impl Disk for Planted {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(PlantedFile { file: self.disk.open(path, mode)?, bug: self.bug }))
    }
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir_all(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
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
        self.disk.sync_file_system(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        if self.bug == Some(Bug::NoSyncDir) { Ok(()) } else { self.disk.sync_dir(path) }
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
}

impl DiskFile for PlantedFile {
    fn read_at(&self, position: u64, length: usize) -> io::Result<Bytes> {
        self.file.read_at(position, length)
    }
    fn write_at(&self, position: u64, parts: &[&[u8]]) -> io::Result<()> {
        self.file.write_at(position, parts)
    }
    fn truncate(&self, size: u64) -> io::Result<()> {
        self.file.truncate(size)
    }
    fn sync_data(&self) -> io::Result<()> {
        if self.bug == Some(Bug::NoSyncData) { Ok(()) } else { self.file.sync_data() }
    }
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}

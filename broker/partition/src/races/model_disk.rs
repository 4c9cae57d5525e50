//! A disk whose fsyncs take time, and that knows what it has promised.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use klamm_log::disk::{Disk, DiskFile, DiskLock, OpenMode};
use klamm_log::sim::SimDisk;
use klamm_log::sync::thread;

/// A bug of the disk that is planted: what it makes of an acknowledgement is what a broker that doesn't wait for the
/// disk, or doesn't hear it, makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DiskBug {
    None,
    /// It reports an fsync done that has not begun.
    ReportsEarly,
    /// It reports an fsync done that has failed.
    HidesFailure,
}

/// What is on the disk for sure. Counted outside the model: to look must not change the order of anything.
#[derive(Debug, Default)]
pub(super) struct Promises {
    /// Bytes of the `.log` that an fsync covered that has returned. After a failure it stays as it is: what was
    /// written since the last success is lost, whatever the next fsync says.
    pub(super) durable_bytes: AtomicU64,
    pub(super) fsyncs: AtomicU64,
    pub(super) failed: AtomicBool,
}

/// The simulated disk with turns given away in the middle of each fsync of a `.log`.
#[derive(Debug)]
pub(super) struct ModelDisk {
    pub(super) sim: SimDisk,
    pub(super) promises: Arc<Promises>,
    pub(super) bug: DiskBug,
}

impl Disk for ModelDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.sim.open(path, mode)?;
        if path.extension().is_none_or(|kind| kind != "log") {
            return Ok(file);
        }
        Ok(Arc::new(ModelFile { file, promises: self.promises.clone(), bug: self.bug }))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.sim.create_dir_all(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.sim.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.sim.remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.sim.remove_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<klamm_log::disk::DirEntry>> {
        self.sim.list(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.sim.sync_dir(path)
    }

    fn sync_file_system(&self, path: &Path) -> io::Result<()> {
        self.sim.sync_file_system(path)
    }

    fn free_space(&self, path: &Path) -> io::Result<u64> {
        self.sim.free_space(path)
    }

    fn lock(&self, path: &Path, owner: &str) -> io::Result<Result<Box<dyn DiskLock>, String>> {
        self.sim.lock(path, owner)
    }
}

#[derive(Debug)]
struct ModelFile {
    file: Arc<dyn DiskFile>,
    promises: Arc<Promises>,
    bug: DiskBug,
}

impl DiskFile for ModelFile {
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
        self.promises.fsyncs.fetch_add(1, Ordering::SeqCst);
        if self.bug == DiskBug::ReportsEarly {
            return Ok(());
        }
        let covered = self.file.size()?;
        thread::yield_now();
        let synced = self.file.sync_data();
        if synced.is_err() {
            self.promises.failed.store(true, Ordering::SeqCst);
        }
        if !self.promises.failed.load(Ordering::SeqCst) {
            self.promises.durable_bytes.fetch_max(covered, Ordering::SeqCst);
        }
        thread::yield_now();
        if self.bug == DiskBug::HidesFailure { Ok(()) } else { synced }
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}

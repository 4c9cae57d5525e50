//! The real disk with failures that a test asks for, and a count of what was asked of it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use klamm_log::disk::{DirEntry, DiskLock, OpenMode};
use klamm_log::{Disk, DiskFile, RealDisk};

/// What is asked of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Open,
    Create,
    Read,
    Write,
    /// A write of which one half arrives before it fails.
    ShortWrite,
    Truncate,
    SyncData,
    SyncDir,
    Rename,
    Remove,
    List,
    Lock,
}

/// The system's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errno {
    /// EIO.
    Io = 5,
    /// ENOSPC.
    NoSpace = 28,
}

/// Calls of this kind on paths that end with `path`, but for what a temporary file's name has in addition, fail.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub call: Call,
    pub path: &'static str,
    pub errno: Errno,
}

#[derive(Debug, Default)]
struct State {
    fault: Option<Fault>,
    only_in: &'static str,
    failed: Vec<(Call, PathBuf)>,
    /// Syncs, each of which came after so many failures.
    syncs: Vec<(PathBuf, usize)>,
}

/// Clones are the same disk.
#[derive(Debug, Clone)]
pub struct FaultyDisk {
    real: Arc<RealDisk>,
    state: Arc<Mutex<State>>,
}

impl FaultyDisk {
    pub fn new() -> FaultyDisk {
        FaultyDisk { real: Arc::new(RealDisk::new(1000)), state: Arc::default() }
    }

    /// From now on.
    pub fn fail(&self, fault: Fault) {
        self.state.lock().unwrap().fault = Some(fault);
    }

    /// Only on paths that contain this.
    pub fn only_in(&self, dir: &'static str) {
        self.state.lock().unwrap().only_in = dir;
    }

    /// From now on nothing fails.
    pub fn heal(&self) {
        self.state.lock().unwrap().fault = None;
    }

    /// What failed, in order.
    pub fn failed(&self) -> Vec<PathBuf> {
        self.state.lock().unwrap().failed.iter().map(|(_, path)| path.clone()).collect()
    }

    /// How often contents were synced of a file whose sync had failed before.
    pub fn retried_syncs(&self) -> usize {
        let state = self.state.lock().unwrap();
        let has_failed = |path: &PathBuf, failures: usize| {
            state.failed[..failures].iter().any(|(call, failed)| *call == Call::SyncData && failed == path)
        };
        state.syncs.iter().filter(|(path, failures)| has_failed(path, *failures)).count()
    }

    fn check(&self, call: Call, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        if call == Call::SyncData {
            let failures = state.failed.len();
            state.syncs.push((path.to_owned(), failures));
        }
        let fails = |fault: &Fault| {
            let text = path.to_string_lossy();
            fault.call == call
                && text.contains(state.only_in)
                && text.trim_end_matches(".tmp").ends_with(fault.path)
        };
        match state.fault.filter(fails) {
            Some(fault) => {
                state.failed.push((call, path.to_owned()));
                Err(io::Error::from_raw_os_error(fault.errno as i32))
            }
            None => Ok(()),
        }
    }
}

impl Disk for FaultyDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        self.check(if mode == OpenMode::Create { Call::Create } else { Call::Open }, path)?;
        let real = self.real.open(path, mode)?;
        Ok(Arc::new(FaultyFile { disk: self.clone(), path: path.to_owned(), real }))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.check(Call::Create, path)?;
        self.real.create_dir_all(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check(Call::Rename, from)?;
        self.real.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.check(Call::Remove, path)?;
        self.real.remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.check(Call::Remove, path)?;
        self.real.remove_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.check(Call::List, path)?;
        self.real.list(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.check(Call::SyncDir, path)?;
        self.real.sync_dir(path)
    }

    fn sync_file_system(&self, path: &Path) -> io::Result<()> {
        self.check(Call::SyncDir, path)?;
        self.real.sync_file_system(path)
    }

    fn free_space(&self, path: &Path) -> io::Result<u64> {
        self.real.free_space(path)
    }

    fn lock(&self, path: &Path, owner: &str) -> io::Result<Result<Box<dyn DiskLock>, String>> {
        self.check(Call::Lock, path)?;
        self.real.lock(path, owner)
    }
}

#[derive(Debug)]
struct FaultyFile {
    disk: FaultyDisk,
    path: PathBuf,
    real: Arc<dyn DiskFile>,
}

impl DiskFile for FaultyFile {
    fn read_at(&self, position: u64, length: usize) -> io::Result<Bytes> {
        self.disk.check(Call::Read, &self.path)?;
        self.real.read_at(position, length)
    }

    fn write_at(&self, position: u64, parts: &[&[u8]]) -> io::Result<()> {
        self.disk.check(Call::Write, &self.path)?;
        if let Err(error) = self.disk.check(Call::ShortWrite, &self.path) {
            let bytes = parts.concat();
            self.real.write_at(position, &[&bytes[..bytes.len() / 2]])?;
            return Err(error);
        }
        self.real.write_at(position, parts)
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.disk.check(Call::Truncate, &self.path)?;
        self.real.truncate(size)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.check(Call::SyncData, &self.path)?;
        self.real.sync_data()
    }

    fn size(&self) -> io::Result<u64> {
        self.real.size()
    }
}

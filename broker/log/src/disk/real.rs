//! The real disk.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use rustix::buffer::spare_capacity;
use rustix::fs::{FallocateFlags, FlockOperation};

use super::fd_cache::{Closable, FdCache};
use super::{DirEntry, Disk, DiskFile, DiskLock, OpenMode};

/// The file system of the operating system.
pub struct RealDisk {
    cache: Arc<FdCache>,
}

impl RealDisk {
    /// Keeps about `max_open_files` files open; files with contents that are not on the disk yet come on top.
    pub fn new(max_open_files: usize) -> RealDisk {
        RealDisk { cache: Arc::new(FdCache::new(max_open_files)) }
    }
}

impl fmt::Debug for RealDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RealDisk")
    }
}

impl Disk for RealDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let write = mode != OpenMode::Read;
        let create = mode == OpenMode::Create;
        let file = OpenOptions::new().read(true).write(write).create(create).truncate(create).open(path)?;
        let state = State { open: Some(Arc::new(file)), dirty: create, pinned: false };
        let file = Arc::new(RealFile {
            path: path.to_owned(),
            write,
            state: Mutex::new(state),
            used: AtomicBool::new(true),
            cache: Arc::clone(&self.cache),
        });
        // What is only read is an index or a small file: closed again before long.
        if write {
            self.cache.opened(&file);
        }
        Ok(Arc::new(RealHandle(file)))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            // A directory's entry tells that it is one: asking each for its size made up a third of the system calls of a
            // start with many partitions.
            let is_dir = entry.file_type()?.is_dir();
            let size_bytes =
                match if is_dir { Ok(0) } else { entry.metadata().map(|metadata| metadata.len()) } {
                    Ok(size_bytes) => size_bytes,
                    // It was removed meanwhile: the log cleaner does that while somebody else looks.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                };
            entries.push(DirEntry {
                name: entry.file_name().to_string_lossy().into_owned(),
                is_dir,
                size_bytes,
            });
        }
        entries.sort();
        Ok(entries)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn sync_file_system(&self, path: &Path) -> io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(path)?)?)
    }

    fn free_space(&self, path: &Path) -> io::Result<u64> {
        let statistics = rustix::fs::statvfs(path)?;
        Ok(statistics.f_bavail.saturating_mul(statistics.f_frsize))
    }

    fn total_space(&self, path: &Path) -> io::Result<u64> {
        let statistics = rustix::fs::statvfs(path)?;
        Ok(statistics.f_blocks.saturating_mul(statistics.f_frsize))
    }

    fn lock(&self, path: &Path, owner: &str) -> io::Result<Result<Box<dyn DiskLock>, String>> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                return Ok(Err(holder.trim().to_owned()));
            }
            Err(error) => return Err(error.into()),
        }
        file.set_len(0)?;
        file.write_all(owner.as_bytes())?;
        Ok(Ok(Box::new(RealLock { _file: file })))
    }
}

/// The lock goes with the descriptor.
#[derive(Debug)]
struct RealLock {
    _file: File,
}

impl DiskLock for RealLock {}

/// A file that may have been closed meanwhile to keep the number of open ones small.
struct RealFile {
    path: PathBuf,
    write: bool,
    state: Mutex<State>,
    used: AtomicBool,
    cache: Arc<FdCache>,
}

struct State {
    open: Option<Arc<File>>,
    /// Written since the last successful sync: the descriptor must stay, since it is the one that learns of a failed
    /// write-back.
    dirty: bool,
    /// It can't be opened again by its name.
    pinned: bool,
}

impl Closable for RealFile {
    fn close_if_idle(&self) -> bool {
        if self.used.swap(false, Ordering::Relaxed) {
            return false;
        }
        let Some(mut state) = self.state.try_lock() else { return false };
        if state.dirty || state.pinned {
            return false;
        }
        state.open = None;
        true
    }
}

/// What the users of the file hold; the cache refers to what is inside.
struct RealHandle(Arc<RealFile>);

impl RealHandle {
    fn descriptor(&self, will_write: bool) -> io::Result<Arc<File>> {
        let file = &self.0;
        file.used.store(true, Ordering::Relaxed);
        let mut state = file.state.lock();
        state.dirty |= will_write;
        if let Some(open) = &state.open {
            return Ok(Arc::clone(open));
        }
        let open = Arc::new(OpenOptions::new().read(true).write(file.write).open(&file.path)?);
        state.open = Some(Arc::clone(&open));
        drop(state);
        file.cache.opened(file);
        Ok(open)
    }
}

impl fmt::Debug for RealHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RealFile({})", self.0.path.display())
    }
}

impl DiskFile for RealHandle {
    fn read_at(&self, position: u64, length: usize) -> io::Result<Bytes> {
        let file = self.descriptor(false)?;
        let mut buffer = Vec::with_capacity(length);
        while buffer.len() < length {
            let at = position + buffer.len() as u64;
            match rustix::io::pread(&*file, spare_capacity(&mut buffer), at) {
                Ok(0) => break,
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        buffer.truncate(length);
        Ok(Bytes::from(buffer))
    }

    fn write_at(&self, position: u64, parts: &[&[u8]]) -> io::Result<()> {
        let file = self.descriptor(true)?;
        let mut slices: [IoSlice<'_>; 4] =
            std::array::from_fn(|i| IoSlice::new(parts.get(i).copied().unwrap_or(&[])));
        debug_assert!(parts.len() <= slices.len(), "a write has at most four parts");
        let mut rest = &mut slices[..parts.len().min(4)];
        let mut at = position;
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            match rustix::io::pwritev(&*file, rest, at) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    at += written as u64;
                    IoSlice::advance_slices(&mut rest, written);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.descriptor(true)?.set_len(size)
    }

    fn reserve(&self, position: u64, length: u64) -> io::Result<()> {
        let file = self.descriptor(true)?;
        Ok(rustix::fs::fallocate(&*file, FallocateFlags::KEEP_SIZE, position, length)?)
    }

    fn sync_data(&self) -> io::Result<()> {
        let file = self.descriptor(false)?;
        // Marked before: a write that comes in while the sync runs marks it dirty again.
        let was_dirty = std::mem::replace(&mut self.0.state.lock().dirty, false);
        let result = file.sync_data();
        if result.is_err() {
            self.0.state.lock().dirty |= was_dirty;
        }
        result
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.descriptor(false)?.metadata()?.len())
    }

    fn keep_open(&self) -> io::Result<()> {
        self.0.state.lock().pinned = true;
        self.descriptor(false).map(drop)
    }
}

#[cfg(test)]
#[path = "real_tests.rs"]
mod tests;

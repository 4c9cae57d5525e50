//! Many small files, brought to the disk all at once.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use super::{Action, DirEntry, Disk, DiskError, DiskFile, DiskLock, OpenMode};

/// Writes as the disk behind it does, but syncs nothing, and lets no file take another's place or go, before
/// [`LateDisk::settle`]: so a power cut before that leaves the files that were there.
///
/// It is for closing many logs: a sync of each of their small files takes seconds, one of the file system does not.
#[derive(Debug)]
pub struct LateDisk {
    disk: Arc<dyn Disk>,
    renames: Mutex<Vec<(PathBuf, PathBuf)>>,
    removals: Mutex<Vec<PathBuf>>,
}

impl LateDisk {
    /// Nothing is put off yet.
    pub fn new(disk: Arc<dyn Disk>) -> LateDisk {
        LateDisk { disk, renames: Mutex::default(), removals: Mutex::default() }
    }

    /// Does all that was put off, in the file system of `path`. What was written, renamed and removed until now is durable when
    /// this returns.
    ///
    /// # Errors
    /// If a sync or a change of names fails. Nobody knows then what is on the disk; that a next start has to find out.
    pub fn settle(&self, path: &Path) -> Result<(), DiskError> {
        let sync = || self.disk.sync_file_system(path).map_err(DiskError::of(Action::Sync, path));
        // New contents are on the disk before they take the place of old ones, and old files go when new ones are there.
        sync()?;
        for (from, to) in std::mem::take(&mut *self.renames.lock()) {
            self.disk.rename(&from, &to).map_err(DiskError::of(Action::Rename, &to))?;
        }
        sync()?;
        let removals = std::mem::take(&mut *self.removals.lock());
        if removals.is_empty() {
            return Ok(());
        }
        for path in removals {
            self.disk.remove_file(&path).map_err(DiskError::of(Action::Remove, &path))?;
        }
        sync()
    }
}

impl Disk for LateDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(LateFile(self.disk.open(path, mode)?)))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir_all(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.renames.lock().push((from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.removals.lock().push(path.to_owned());
        Ok(())
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.disk.list(path)
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_file_system(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn free_space(&self, path: &Path) -> io::Result<u64> {
        self.disk.free_space(path)
    }

    fn total_space(&self, path: &Path) -> io::Result<u64> {
        self.disk.total_space(path)
    }

    fn lock(&self, path: &Path, owner: &str) -> io::Result<Result<Box<dyn DiskLock>, String>> {
        self.disk.lock(path, owner)
    }
}

#[derive(Debug)]
struct LateFile(Arc<dyn DiskFile>);

impl DiskFile for LateFile {
    fn read_at(&self, position: u64, length: usize) -> io::Result<Bytes> {
        self.0.read_at(position, length)
    }

    fn write_at(&self, position: u64, parts: &[&[u8]]) -> io::Result<()> {
        self.0.write_at(position, parts)
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.0.truncate(size)
    }

    fn reserve(&self, position: u64, length: u64) -> io::Result<()> {
        self.0.reserve(position, length)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }

    fn keep_open(&self) -> io::Result<()> {
        self.0.keep_open()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::replace_file;
    use crate::sim::SimDisk;

    const DIR: &str = "/data";

    fn read(disk: &SimDisk, name: &str) -> Option<Vec<u8>> {
        let file = disk.open(&Path::new(DIR).join(name), OpenMode::Read).ok()?;
        Some(file.read_at(0, 100).unwrap().into())
    }

    /// What the settling does here: three syncs, two renames, a removal.
    const CHANGES: u64 = 6;

    /// Two files that are replaced and one that is removed; the power fails after `at` changes of the settling.
    fn replaced(seed: u64, at: u64) -> SimDisk {
        let disk = SimDisk::new(seed);
        disk.create_dir_all(Path::new(DIR)).unwrap();
        disk.sync_dir(Path::new("/")).unwrap();
        for name in ["one", "two", "three"] {
            replace_file(&disk, &Path::new(DIR).join(name), b"old").unwrap();
        }
        let late = LateDisk::new(Arc::new(disk.clone()));
        for name in ["one", "two"] {
            replace_file(&late, &Path::new(DIR).join(name), b"new").unwrap();
        }
        late.remove_file(&Path::new(DIR).join("three")).unwrap();
        assert_eq!(read(&disk, "one"), Some(b"old".to_vec()));
        disk.fail_power_at(at);
        let settled = late.settle(Path::new(DIR)).is_ok();
        disk.cut_power();
        assert_eq!(settled, at > CHANGES, "{at}");
        disk
    }

    #[test]
    fn what_is_settled_is_there_for_good() {
        for seed in 0..20 {
            let disk = replaced(seed, 100);
            assert_eq!(
                ["one", "two", "three"].map(|name| read(&disk, name)),
                [Some(b"new".to_vec()), Some(b"new".to_vec()), None]
            );
        }
    }

    #[test]
    fn a_power_cut_leaves_each_file_old_or_new() {
        for seed in 0..100 {
            for at in 0..=CHANGES {
                let disk = replaced(seed, at);
                for name in ["one", "two"] {
                    let found = read(&disk, name).expect("it is there");
                    assert!(found == b"old" || found == b"new", "{name} is {found:?}, seed {seed}");
                }
                let (new, gone) = (read(&disk, "one").unwrap() == b"new", read(&disk, "three").is_none());
                assert!(new || !gone, "the old file went first, seed {seed}");
            }
        }
    }
}

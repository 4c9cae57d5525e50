//! A disk in memory with a fuzzer's files.

use std::path::Path;

use klamm_log::Disk;
use klamm_log::disk::OpenMode;
use klamm_log::sim::SimDisk;

pub(crate) fn empty(dir: &Path) -> SimDisk {
    let disk = SimDisk::new(1);
    disk.create_dir_all(dir).unwrap();
    disk
}

pub(crate) fn put(disk: &SimDisk, path: &Path, contents: &[u8]) {
    disk.open(path, OpenMode::Create).unwrap().write_at(0, &[contents]).unwrap();
}

pub(crate) fn contents(disk: &SimDisk, path: &Path) -> Vec<u8> {
    let file = disk.open(path, OpenMode::Read).unwrap();
    file.read_at(0, file.size().unwrap() as usize).unwrap().to_vec()
}

pub(crate) fn make(disk: &SimDisk, dir: &Path) {
    disk.create_dir_all(dir).unwrap();
}

use std::path::Path;
use std::sync::Arc;

use super::RealDisk;
use crate::disk::{Disk, DiskFile, OpenMode};

/// How many files under `dir` this process has open.
fn open_files(dir: &Path) -> usize {
    let links = std::fs::read_dir("/proc/self/fd").unwrap();
    links
        .filter_map(|link| std::fs::read_link(link.unwrap().path()).ok())
        .filter(|path| path.starts_with(dir))
        .count()
}

fn files(disk: &RealDisk, dir: &Path, count: usize) -> Vec<Arc<dyn DiskFile>> {
    (0..count).map(|n| disk.open(&dir.join(n.to_string()), OpenMode::Create).unwrap()).collect()
}

#[test]
fn clean_files_are_closed_above_the_limit_and_work_as_before() {
    let dir = tempfile::tempdir().unwrap();
    let disk = RealDisk::new(10);
    let files = files(&disk, dir.path(), 100);
    for (n, file) in files.iter().enumerate() {
        file.write_at(0, &[b"file ", n.to_string().as_bytes()]).unwrap();
        file.sync_data().unwrap();
    }
    // What was made is dirty until it is synced: the next opening closes them.
    disk.open(&dir.path().join("0"), OpenMode::Write).unwrap();
    assert!(open_files(dir.path()) <= 10, "{}", open_files(dir.path()));
    for (n, file) in files.iter().enumerate() {
        assert_eq!(file.read_at(0, 100).unwrap(), format!("file {n}").as_bytes());
        file.write_at(2, &[b"LL"]).unwrap();
        file.sync_data().unwrap();
        assert_eq!(file.read_at(1, 4).unwrap(), b"iLL "[..]);
        assert!(open_files(dir.path()) <= 11, "{}", open_files(dir.path()));
    }
    drop(files);
    assert_eq!(open_files(dir.path()), 0);
}

#[test]
fn a_file_with_contents_that_are_not_on_the_disk_is_never_closed() {
    let dir = tempfile::tempdir().unwrap();
    let disk = RealDisk::new(5);
    let dirty = files(&disk, dir.path(), 20);
    for file in &dirty {
        file.write_at(0, &[b"x"]).unwrap();
    }
    assert_eq!(open_files(dir.path()), 20);
    for file in &dirty {
        file.sync_data().unwrap();
    }
    disk.open(&dir.path().join("3"), OpenMode::Write).unwrap();
    assert!(open_files(dir.path()) <= 5, "{}", open_files(dir.path()));
}

#[test]
fn reads_and_writes_are_whole() {
    let dir = tempfile::tempdir().unwrap();
    let disk = RealDisk::new(5);
    let file = disk.open(&dir.path().join("a"), OpenMode::Create).unwrap();
    let large = vec![7; 5_000_000];
    file.write_at(0, &[b"", b"head", &large, b""]).unwrap();
    assert_eq!(file.size().unwrap(), 5_000_004);
    assert_eq!(file.read_at(2, 5_000_000).unwrap().len(), 5_000_000);
    assert_eq!(file.read_at(5_000_000, 100).unwrap(), [7; 4][..]);
    assert_eq!(file.read_at(6_000_000, 100).unwrap().len(), 0);
    file.truncate(3).unwrap();
    assert_eq!(file.read_at(0, 100).unwrap(), b"hea"[..]);
    let again = disk.open(&dir.path().join("a"), OpenMode::Create).unwrap();
    assert_eq!(again.size().unwrap(), 0);
}

#[test]
fn names_come_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let disk = RealDisk::new(5);
    let inner = dir.path().join("a/b");
    disk.create_dir_all(&inner).unwrap();
    disk.open(&inner.join("x"), OpenMode::Create).unwrap().write_at(0, &[b"12"]).unwrap();
    disk.rename(&inner.join("x"), &inner.join("y")).unwrap();
    disk.sync_dir(&inner).unwrap();
    let listed = disk.list(&inner).unwrap();
    assert_eq!((listed.len(), listed[0].name.as_str(), listed[0].size_bytes), (1, "y", 2));
    assert!(disk.free_space(&inner).unwrap() > 0);
    disk.remove_file(&inner.join("y")).unwrap();
    assert!(disk.remove_file(&inner.join("y")).is_err());
    disk.remove_dir_all(&dir.path().join("a")).unwrap();
    assert!(disk.list(&inner).is_err());
}

#[test]
fn a_directory_can_be_listed_while_files_in_it_go() {
    let dir = tempfile::tempdir().unwrap();
    let disk = RealDisk::new(10);
    std::fs::write(dir.path().join("stays"), b"12345").unwrap();
    std::thread::scope(|scope| {
        let changing = scope.spawn(|| {
            for round in 0..2000 {
                let paths = [0, 1, 2, 3].map(|n| dir.path().join(format!("{round}-{n}")));
                for path in &paths {
                    std::fs::write(path, b"").unwrap();
                }
                for path in &paths {
                    std::fs::remove_file(path).unwrap();
                }
            }
        });
        while !changing.is_finished() {
            let entries = disk.list(dir.path()).unwrap();
            assert!(entries.iter().any(|entry| entry.name == "stays" && entry.size_bytes == 5));
        }
    });
}

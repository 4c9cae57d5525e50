//! The store of bytes on a disk that fails and loses its power.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use klamm_log::Disk;
use klamm_log::sim::{Fault, Operation, SimDisk};

use super::{BlobError, BlobStore, Retained, digest_of};

const DATA: &str = "/data";

fn store(disk: &SimDisk, quota_bytes: u64) -> BlobStore {
    BlobStore::new(Arc::new(disk.clone()), Path::new(DATA), quota_bytes)
}

/// A disk with a data directory that is durable.
fn disk(seed: u64) -> SimDisk {
    let disk = SimDisk::new(seed);
    disk.create_dir_all(Path::new(DATA)).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    disk
}

fn files(disk: &SimDisk) -> Vec<PathBuf> {
    disk.snapshot().into_keys().collect()
}

fn path_of(bytes: &[u8], suffix: &str) -> PathBuf {
    Path::new(DATA).join("plugins/sha256").join(format!("{}{suffix}", digest_of(bytes)))
}

#[test]
fn bytes_come_back_by_their_digest() {
    let disk = disk(1);
    let store = store(&disk, 1000);
    let digest = store.put(b"one").unwrap();
    // As `printf one | sha256sum` says.
    assert_eq!(digest.to_string(), "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed");
    assert_eq!(store.put(b"one").unwrap(), digest);
    assert_eq!(store.get(digest).unwrap(), &b"one"[..]);
    assert_eq!(files(&disk), [path_of(b"one", ".wasm")]);
    store.remove(digest).unwrap();
    store.remove(digest).unwrap();
    assert!(matches!(store.get(digest), Err(BlobError::Missing(missing)) if missing == digest));
}

#[test]
fn damage_is_found_and_mended() {
    let disk = disk(1);
    let store = store(&disk, 10);
    let digest = store.put(b"precious").unwrap();
    let file = path_of(b"precious", ".wasm");
    disk.damage(&file, |bytes| bytes[3] ^= 1).unwrap();
    let error = store.get(digest).unwrap_err();
    let found = digest_of(b"prebious");
    let expected = format!("{} is damaged: its sha-256 is {found}; push the plug-in again", file.display());
    assert_eq!(error.to_string(), expected);
    // The damaged file takes none of the room.
    store.put(b"precious").unwrap();
    assert_eq!(store.get(digest).unwrap(), &b"precious"[..]);
}

#[test]
fn the_quota_is_of_all_together() {
    let disk = disk(1);
    let store = store(&disk, 10);
    store.put(b"12345678").unwrap();
    store.put(b"12345678").unwrap();
    let expected = "there is no room for 3 more bytes of plug-ins: 8 of 10 are used (klamm.plugins.max.bytes); delete \
                    versions that no topic binds";
    assert_eq!(store.put(b"abc").unwrap_err().to_string(), expected);
    store.put(b"ab").unwrap();
    store.remove(digest_of(b"12345678")).unwrap();
    store.put(b"abc").unwrap();
}

#[test]
fn a_full_disk_is_said_and_leaves_the_reserve() {
    let disk = disk(1);
    // What records leave for what makes room, plug-ins leave too.
    disk.set_capacity((32 << 20) + 75);
    assert!(matches!(store(&disk, 1000).put(&[1; 80]), Err(BlobError::Full { size: 80, .. })));
    store(&disk, 1000).put(&[1; 70]).unwrap();
}

#[test]
fn a_failed_write_leaves_nothing_that_counts() {
    for operation in [Operation::Create, Operation::Write, Operation::SyncData, Operation::Rename] {
        let disk = disk(1);
        let store = store(&disk, 1000);
        disk.fail(Fault::once(operation, ".new", ErrorKind::Other));
        let error = store.put(b"bytes").unwrap_err();
        assert!(matches!(error, BlobError::Disk(_)), "{operation:?}: {error}");
        assert_eq!(files(&disk), Vec::<PathBuf>::new(), "{operation:?}");
        store.put(b"bytes").unwrap();
    }
    let disk = disk(1);
    disk.fail(Fault::once(Operation::SyncDir, "sha256", ErrorKind::Other));
    let store = store(&disk, 1000);
    assert!(store.put(b"bytes").is_err());
    store.put(b"bytes").unwrap();
}

#[test]
fn a_start_removes_what_nobody_needs() {
    let disk = disk(1);
    let store = store(&disk, 1000);
    assert_eq!(store.retain(&BTreeSet::new()).unwrap(), Retained::default());
    let needed = store.put(b"needed").unwrap();
    store.put(b"garbage").unwrap();
    for stray in [path_of(b"half", ".wasm.new"), Path::new(DATA).join("plugins/sha256/notes.txt")] {
        disk.open(&stray, klamm_log::disk::OpenMode::Create).unwrap();
    }
    let lost = digest_of(b"lost");
    let retained = store.retain(&BTreeSet::from([needed, lost])).unwrap();
    assert_eq!(retained, Retained { removed: 2, missing: vec![lost] });
    let notes = Path::new(DATA).join("plugins/sha256/notes.txt");
    assert_eq!(files(&disk), [path_of(b"needed", ".wasm"), notes]);
}

/// The power fails at every step of storing, with many fates of what was not durable: what was reported as stored is
/// there, and nothing that is there is wrong.
#[test]
fn a_power_cut_loses_nothing_that_was_stored() {
    let (mut cut, mut stored) = (0, 0);
    for seed in 0..40 {
        for change in 1..20 {
            let disk = disk(seed);
            let store = store(&disk, 1000);
            store.put(b"before").unwrap();
            disk.fail_power_at(change);
            let result = store.put(b"now");
            if !disk.is_off() {
                break;
            }
            cut += 1;
            disk.cut_power();
            assert_eq!(store.get(digest_of(b"before")).unwrap(), &b"before"[..], "{seed} {change}");
            match store.get(digest_of(b"now")) {
                Ok(bytes) => assert_eq!(bytes, &b"now"[..]),
                Err(BlobError::Missing(_)) => assert!(result.is_err(), "{seed} {change}"),
                Err(error) => panic!("{seed} {change}: {error}"),
            }
            stored += usize::from(store.retain(&BTreeSet::from([digest_of(b"before")])).unwrap().removed > 0);
            assert_eq!(files(&disk), [path_of(b"before", ".wasm")]);
        }
        // Without a failure, right before the power goes.
        let disk = disk(seed);
        let store = store(&disk, 1000);
        store.put(b"now").unwrap();
        disk.cut_power();
        assert_eq!(store.get(digest_of(b"now")).unwrap(), &b"now"[..], "{seed}");
    }
    assert!(cut > 100 && stored > 10, "{cut} {stored}");
}

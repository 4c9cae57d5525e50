//! Room on the disk that a growing segment takes ahead of its records.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use klamm_log::{LogConfig, RealDisk};
use klamm_model::Offset;

use crate::fixture::{UNKNOWN, append, base_offsets, flush, open_on};

const MIB: u64 = 1024 * 1024;

/// The bytes that a log's first segment has, and the bytes of its blocks.
fn sizes(dir: &Path) -> (u64, u64) {
    let metadata = fs::metadata(dir.join("00000000000000000000.log")).unwrap();
    (metadata.len(), metadata.blocks() * 512)
}

/// Whether the file system can be asked for blocks.
fn reserves(dir: &Path) -> bool {
    let file = fs::File::create(dir.join("probe")).unwrap();
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, MIB).is_ok()
}

#[test]
fn a_large_segment_has_room_ahead_until_it_is_sealed() {
    let root = tempfile::tempdir().unwrap();
    if !reserves(root.path()) {
        assert!(
            std::env::var_os("KLAMM_SKIP_NOTHING").is_none(),
            "the temporary directory's file system has no fallocate"
        );
        println!("skipped: the file system of {} has no fallocate", root.path().display());
        return;
    }
    let dir = root.path().join("orders-0");
    let config = LogConfig { segment_bytes: 10 << 20, ..LogConfig::default() };
    let (mut log, _) = open_on(Arc::new(RealDisk::new(100)), &dir, config.clone(), UNKNOWN).unwrap();
    while log.end_offset() < Offset(90) {
        append(&mut log, 1, 100_000).unwrap();
        flush(&mut log);
    }
    let (size, blocks) = sizes(&dir);
    assert!((9_000_000..9_100_000).contains(&size), "{size}");
    assert!(blocks > size + MIB / 4 && blocks < size + 2 * MIB, "{blocks} for {size}");

    // A process that is killed leaves its room behind; the next one goes on in it, and gives it back in the end.
    drop(log);
    let (mut log, _) = open_on(Arc::new(RealDisk::new(100)), &dir, config, UNKNOWN).unwrap();
    assert_eq!(log.end_offset(), Offset(90));
    while log.end_offset() < Offset(110) {
        append(&mut log, 1, 100_000).unwrap();
    }
    flush(&mut log);
    let (size, blocks) = sizes(&dir);
    assert!(size > 10_000_000 && blocks < size + MIB / 4, "{blocks} for {size}");
    assert_eq!(base_offsets(&log, Offset(0)).unwrap(), (0..110).collect::<Vec<_>>());
}

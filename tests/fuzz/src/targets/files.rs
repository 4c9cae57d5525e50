//! The small files of a data directory. The first byte of an input says which file of the target it is.

use std::path::Path;
use std::sync::Arc;

use klamm_log::data_dir::{DataDir, DirTopic, Identity};
use klamm_log::sim::SimDisk;
use klamm_log::{checkpoint, dump, producer_snapshot};
use klamm_model::BrokerId;

use crate::bounds::within_bounds;
use crate::disk;
use crate::input::Input;

const DIR: &str = "/data/t-0";
/// A line of six bytes is an entry of a tree with a name of its own, and of the list that the tree is made from.
const PER_BYTE: u64 = 96;
const FIXED: u64 = 64 << 10;

/// 0: `.index`; else `.timeindex`.
pub(super) fn index(input: &[u8]) -> bool {
    let mut input = Input::new(input);
    let which = input.byte();
    let file = input.rest();
    let disk = disk::empty(Path::new(DIR));
    let mut again = Vec::new();
    let problems = if which == 0 {
        let path = Path::new(DIR).join("00000000000000000007.index");
        disk::put(&disk, &path, file);
        let dump = within_bounds(file.len(), PER_BYTE, FIXED, || dump::offset_index(&disk, &path)).unwrap();
        for entry in &dump.entries {
            again.extend_from_slice(&((entry.offset.0 - 7) as u32).to_be_bytes());
            again.extend_from_slice(&entry.position.to_be_bytes());
        }
        assert_eq!(dump.entries.len() + dump.room, file.len() / 8);
        dump.problems
    } else {
        let path = Path::new(DIR).join("00000000000000000007.timeindex");
        disk::put(&disk, &path, file);
        let dump = within_bounds(file.len(), PER_BYTE, FIXED, || dump::time_index(&disk, &path)).unwrap();
        for entry in &dump.entries {
            again.extend_from_slice(&entry.timestamp.0.to_be_bytes());
            again.extend_from_slice(&((entry.offset.0 - 7) as u32).to_be_bytes());
        }
        assert_eq!(dump.entries.len() + dump.room, file.len() / 12);
        dump.problems
    };
    assert!(file.starts_with(&again), "the entries are not those of the file");
    problems.is_empty()
}

/// 0: a checkpoint of offsets; else `leader-epoch-checkpoint`.
pub(super) fn checkpoint(input: &[u8]) -> bool {
    let mut input = Input::new(input);
    let which = input.byte();
    let file = input.rest();
    let disk = disk::empty(Path::new(DIR));
    if which == 0 { offsets(&disk, file) } else { leader_epochs(&disk, file) }
}

fn offsets(disk: &SimDisk, file: &[u8]) -> bool {
    let path = Path::new("/data").join(checkpoint::RECOVERY_POINT_FILE);
    disk::put(disk, &path, file);
    let read = within_bounds(file.len(), PER_BYTE, FIXED, || checkpoint::read(disk, &path));
    let Ok(Some(offsets)) = read else { return false };
    checkpoint::write(disk, &path, &offsets).unwrap();
    assert_eq!(checkpoint::read(disk, &path).unwrap(), Some(offsets));
    true
}

fn leader_epochs(disk: &SimDisk, file: &[u8]) -> bool {
    let dir = Path::new(DIR);
    let path = dir.join(dump::LEADER_EPOCH_FILE);
    disk::put(disk, &path, file);
    let read = within_bounds(file.len(), PER_BYTE, FIXED, || dump::leader_epochs(disk, dir));
    let Ok(epochs) = read else { return false };
    let lines: String = epochs.iter().map(|(epoch, start)| format!("{epoch} {start}\n")).collect();
    disk::put(disk, &path, format!("0\n{}\n{lines}", epochs.len()).as_bytes());
    assert_eq!(dump::leader_epochs(disk, dir).unwrap(), epochs);
    true
}

/// 0: as it is; else with the CRC that it should have.
pub(super) fn producer_snapshot(input: &[u8]) -> bool {
    let mut input = Input::new(input);
    let repaired = input.byte() != 0;
    let mut file = input.rest().to_vec();
    if repaired && file.len() >= 6 {
        let crc = klamm_records::crc32c(&file[6..]);
        file[2..6].copy_from_slice(&crc.to_be_bytes());
    }
    let path = Path::new(DIR).join("00000000000000000007.snapshot");
    let disk = disk::empty(Path::new(DIR));
    disk::put(&disk, &path, &file);
    let read = within_bounds(file.len(), PER_BYTE, FIXED, || producer_snapshot::read(&disk, &path));
    let Ok(entries) = read else { return false };
    producer_snapshot::write(&disk, &path, &entries).unwrap();
    assert_eq!(producer_snapshot::read(&disk, &path).unwrap(), entries);
    assert_eq!(disk::contents(&disk, &path).len(), file.len(), "every entry has one size");
    true
}

/// `meta.properties` with a length in front, then `partition.metadata`.
pub(super) fn properties(input: &[u8]) -> bool {
    let length = input.len();
    let mut input = Input::new(input);
    let meta = input.part();
    let disk = disk::empty(Path::new(DIR));
    disk::put(&disk, Path::new("/data/meta.properties"), meta);
    disk::put(&disk, &Path::new(DIR).join("partition.metadata"), input.rest());
    let opened = within_bounds(length, PER_BYTE, FIXED, || identity(&disk));
    let Some(first) = opened else { return false };
    assert_eq!(identity(&disk), Some(first), "opened again, it is the same");
    disk::contents(&disk, Path::new("/data/meta.properties")) == meta
}

/// What the directory says that it is, and of which topic its partition is; `None` if it can't be used.
fn identity(disk: &SimDisk) -> Option<(String, String, DirTopic)> {
    let wanted = Identity { cluster_id: None, node_id: BrokerId(1) };
    let dir = DataDir::open(Arc::new(disk.clone()), Path::new("/data"), &wanted).ok()?;
    let partition = dir.partitions(1).unwrap().pop().unwrap();
    Some((dir.cluster_id().to_string(), dir.directory_id().to_string(), partition.topic))
}

use std::path::Path;
use std::sync::Arc;

use klamm_log::checkpoint::{self, CheckpointError};
use klamm_log::data_dir::{DataDir, DataDirError, DirTopic, Identity};
use klamm_log::sim::SimDisk;
use klamm_log::{Disk, RealDisk};
use klamm_model::{BrokerId, Offset, PartitionIndex, TopicId, TopicPartition};

const ROOT: &str = "/srv/klamm";

fn anyone() -> Identity {
    Identity { cluster_id: None, node_id: BrokerId(1) }
}

fn take(disk: &SimDisk, identity: &Identity) -> Result<DataDir, DataDirError> {
    DataDir::open(Arc::new(disk.clone()), Path::new(ROOT), identity)
}

fn orders() -> TopicPartition {
    TopicPartition::new("orders".parse().unwrap(), PartitionIndex(3))
}

#[test]
fn a_directory_keeps_whose_it_is() {
    let disk = SimDisk::new(1);
    let dir = take(&disk, &anyone()).unwrap();
    let (cluster, directory) = (dir.cluster_id().clone(), dir.directory_id());
    drop(dir);
    disk.cut_power();
    let dir = take(&disk, &anyone()).unwrap();
    assert_eq!((dir.cluster_id(), dir.directory_id()), (&cluster, directory));
    drop(dir);
    let other = Identity { cluster_id: Some("other".parse().unwrap()), ..anyone() };
    let error = take(&disk, &other).unwrap_err();
    assert!(matches!(error, DataDirError::OtherCluster { .. }));
    assert!(
        error.to_string().contains(&format!("belongs to cluster {cluster}, this broker to other")),
        "{error}"
    );
    let error = take(&disk, &Identity { node_id: BrokerId(2), ..anyone() }).unwrap_err();
    assert!(error.to_string().contains("belongs to node.id 1, this broker is 2"), "{error}");
}

#[test]
fn a_directory_of_an_unknown_format_or_without_its_file_is_refused() {
    let disk = SimDisk::new(1);
    take(&disk, &anyone()).unwrap().create_partition(&orders(), TopicId::random()).unwrap();
    let meta = Path::new(ROOT).join("meta.properties");
    let text = String::from_utf8(disk.snapshot()[&meta].clone()).unwrap();
    disk.damage(&meta, |bytes| *bytes = text.replace("klamm.format=1", "klamm.format=9").into_bytes())
        .unwrap();
    let error = take(&disk, &anyone()).unwrap_err();
    assert!(error.to_string().contains("says klamm.format=9, this release knows klamm.format=1"), "{error}");
    disk.damage(&meta, |bytes| bytes.truncate(20)).unwrap();
    assert!(matches!(take(&disk, &anyone()), Err(DataDirError::Malformed { .. })));
    disk.remove_file(&meta).unwrap();
    let error = take(&disk, &anyone()).unwrap_err();
    assert!(error.to_string().contains("orders-3"), "{error}");
}

#[test]
fn a_directory_has_one_holder() {
    let root = tempfile::tempdir().unwrap();
    let open = || DataDir::open(Arc::new(RealDisk::new(10)), root.path(), &anyone());
    let first = open().unwrap();
    let error = open().unwrap_err();
    assert!(matches!(error, DataDirError::Locked { .. }));
    assert!(error.to_string().contains(&format!("by process {}", std::process::id())), "{error}");
    drop(first);
    open().unwrap();
}

#[test]
fn the_marker_of_a_clean_stop_counts_once() {
    let disk = SimDisk::new(1);
    let dir = take(&disk, &anyone()).unwrap();
    assert!(!dir.was_clean());
    dir.mark_clean().unwrap();
    drop(dir);
    disk.cut_power();
    let dir = take(&disk, &anyone()).unwrap();
    assert!(dir.was_clean());
    drop(dir);
    disk.cut_power();
    assert!(!take(&disk, &anyone()).unwrap().was_clean());
}

#[test]
fn partitions_come_and_go() {
    let disk = SimDisk::new(1);
    let dir = take(&disk, &anyone()).unwrap();
    let id = TopicId::random();
    let path = dir.create_partition(&orders(), id).unwrap();
    drop(dir);
    disk.cut_power();
    let dir = take(&disk, &anyone()).unwrap();
    let there = dir.partitions(2).unwrap();
    assert_eq!(there.len(), 1);
    assert_eq!((&there[0].partition, &there[0].topic, &there[0].path), (&orders(), &DirTopic::Is(id), &path));
    let retired = dir.retire_partition(&orders()).unwrap();
    let name = retired.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("orders-3.") && name.ends_with("-delete"), "{name}");
    drop(dir);
    disk.cut_power();
    let dir = take(&disk, &anyone()).unwrap();
    assert_eq!(dir.partitions(2).unwrap(), []);
    assert_eq!(dir.deleted_partitions().unwrap(), std::slice::from_ref(&retired));
    dir.remove_deleted(&retired).unwrap();
    assert_eq!(dir.deleted_partitions().unwrap(), [retired; 0]);
}

#[test]
fn the_longest_topic_name_can_be_retired() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(Arc::new(RealDisk::new(10)), root.path(), &anyone()).unwrap();
    let partition = TopicPartition::new("x".repeat(249).parse().unwrap(), PartitionIndex(1));
    dir.create_partition(&partition, TopicId::random()).unwrap();
    dir.retire_partition(&partition).unwrap();
}

#[test]
fn checkpoints_are_kafkas_and_say_what_is_wrong() {
    let disk = SimDisk::new(1);
    let file = Path::new("/point");
    assert_eq!(checkpoint::read(&disk, file).unwrap(), None);
    let offsets = [(orders(), Offset(42))].into();
    checkpoint::write(&disk, file, &offsets).unwrap();
    assert_eq!(disk.snapshot()[file], b"0\n2\norders 3 42\n__checksum -1 628574992\n");
    disk.cut_power();
    assert_eq!(checkpoint::read(&disk, file).unwrap(), Some(offsets));
    disk.damage(file, |bytes| *bytes = b"0\n1\norders 3 41\n".to_vec()).unwrap();
    assert_eq!(
        checkpoint::read(&disk, file).unwrap(),
        Some([(orders(), Offset(41))].into()),
        "as Kafka writes it"
    );
    for (text, expected) in [
        ("1\n0\n", "has format version \"1\""),
        ("0\n2\norders 3 42\n", "at line 2: 2 entries announced, 1 there"),
        ("0\n1\norders 3\n", "at line 3"),
        ("0\n1\norders 3 -7\n", "at line 3"),
        ("0\n2\norders 3 43\n__checksum -1 628574992\n", "at line 4: its checksum is wrong"),
        ("\0\0\0", "no version"),
        ("", "the file is empty"),
    ] {
        disk.damage(file, |bytes| *bytes = text.as_bytes().to_vec()).unwrap();
        let error: CheckpointError = checkpoint::read(&disk, file).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

//! `meta.properties`: whose data directory it is, and of which format (`MetaProperties`, version 1).

use std::path::Path;

use klamm_model::{ClusterId, TopicId, TopicPartition};

use super::{DataDirError, Identity};
use crate::checkpoint::{read_file, replace_file};
use crate::disk::{Action, Disk, DiskError};

const FILE: &str = "meta.properties";
/// Kafka's version of the file.
const VERSION: &str = "1";
/// Our version of what is in the directory beside Kafka's own formats.
const FORMAT: &str = "1";

/// What the file says, but for what is the same always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MetaProperties {
    pub cluster_id: ClusterId,
    pub directory_id: TopicId,
}

impl MetaProperties {
    /// Reads the file and checks it against `identity`; writes it if there is none.
    pub(super) fn read_or_format(
        disk: &dyn Disk,
        dir: &Path,
        identity: &Identity,
    ) -> Result<MetaProperties, DataDirError> {
        let file = dir.join(FILE);
        if let Some(bytes) = read_file(disk, &file)? {
            return read(dir, &file, &bytes, identity);
        }
        refuse_if_used(disk, dir, &file)?;
        format(disk, &file, identity)
    }
}

/// Where the cluster's metadata is, which knows the identity too.
const METADATA_DIR: &str = "__cluster_metadata";

/// A directory with partitions in it was formatted once: another identity would make them another cluster's.
fn refuse_if_used(disk: &dyn Disk, dir: &Path, file: &Path) -> Result<(), DataDirError> {
    let entries = disk.list(dir).map_err(DiskError::of(Action::List, dir))?;
    let is_partition = |name: &str| TopicPartition::from_directory_name(name).is_some();
    let is_ours = |name: &str| is_partition(name) || name == METADATA_DIR;
    match entries.iter().find(|entry| entry.is_dir && is_ours(&entry.name)) {
        Some(entry) => {
            let reason = format!("it is missing, but there is {}", entry.name);
            Err(DataDirError::Malformed { file: file.to_owned(), reason })
        }
        None => Ok(()),
    }
}

fn format(disk: &dyn Disk, file: &Path, identity: &Identity) -> Result<MetaProperties, DataDirError> {
    let cluster_id = identity.cluster_id.clone().unwrap_or_else(ClusterId::random);
    let meta = MetaProperties { cluster_id, directory_id: TopicId::random() };
    let text = format!(
        "version={VERSION}\ncluster.id={}\nnode.id={}\ndirectory.id={}\nklamm.format={FORMAT}\n",
        meta.cluster_id, identity.node_id, meta.directory_id
    );
    replace_file(disk, file, text.as_bytes())?;
    Ok(meta)
}

fn read(dir: &Path, file: &Path, bytes: &[u8], identity: &Identity) -> Result<MetaProperties, DataDirError> {
    let malformed = |reason: String| DataDirError::Malformed { file: file.to_owned(), reason };
    let text = str::from_utf8(bytes).map_err(|_| malformed("not text".to_owned()))?;
    let properties = super::properties::parse(text).map_err(|line| malformed(format!("line {line:?}")))?;
    let get = |name: &str| properties.get(name).copied().ok_or_else(|| malformed(format!("no {name}")));
    for (name, known) in [("version", VERSION), ("klamm.format", FORMAT)] {
        let found = get(name)?.to_owned();
        if found != known {
            return Err(DataDirError::Version { file: file.to_owned(), name, found, known });
        }
    }
    let dir = || dir.to_owned();
    let cluster_id: ClusterId = get("cluster.id")?.parse().map_err(|error| malformed(format!("{error}")))?;
    if let Some(expected) = identity.cluster_id.as_ref().filter(|expected| **expected != cluster_id) {
        let (found, expected) = (cluster_id.to_string(), expected.to_string());
        return Err(DataDirError::OtherCluster { dir: dir(), found, expected });
    }
    let found = get("node.id")?.to_owned();
    if found != identity.node_id.to_string() {
        return Err(DataDirError::OtherNode { dir: dir(), found, expected: identity.node_id });
    }
    let directory_id = get("directory.id")?.parse().map_err(|error| malformed(format!("{error}")))?;
    Ok(MetaProperties { cluster_id, directory_id })
}

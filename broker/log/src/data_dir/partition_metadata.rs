//! `partition.metadata`: which topic a partition's directory belongs to (`PartitionMetadataFile`).

use std::path::Path;

use klamm_model::TopicId;

use super::DataDirError;
use crate::checkpoint::{read_file, replace_file};
use crate::disk::{Disk, DiskError};

const FILE: &str = "partition.metadata";
const VERSION: &str = "0";

pub(super) fn write(disk: &dyn Disk, dir: &Path, topic_id: TopicId) -> Result<(), DiskError> {
    let text = format!("version: {VERSION}\ntopic_id: {topic_id}");
    let path = dir.join(FILE);
    if read_file(disk, &path)?.is_some_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    replace_file(disk, &path, text.as_bytes())
}

/// The topic's id; `None` if there is no file.
pub(super) fn read(disk: &dyn Disk, dir: &Path) -> Result<Option<TopicId>, DataDirError> {
    let file = dir.join(FILE);
    let Some(bytes) = read_file(disk, &file)? else { return Ok(None) };
    let malformed = |reason: &str| DataDirError::Malformed { file: file.clone(), reason: reason.to_owned() };
    let text = str::from_utf8(&bytes).map_err(|_| malformed("not text"))?;
    let properties = super::properties::parse(text).map_err(malformed)?;
    match properties.get("version") {
        Some(&VERSION) => {}
        Some(&version) => {
            let (found, known) = (version.to_owned(), VERSION);
            return Err(DataDirError::Version { file, name: "version", found, known });
        }
        None => return Err(malformed("no version")),
    }
    let id = properties.get("topic_id").ok_or_else(|| malformed("no topic_id"))?;
    id.parse().map(Some).map_err(|_| malformed("topic_id is no topic id"))
}

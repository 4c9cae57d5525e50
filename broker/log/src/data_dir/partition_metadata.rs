//! `partition.metadata`: which topic a partition's directory belongs to (`PartitionMetadataFile`).
//!
//! A third line, which Kafka does not read, has a checksum of the directory's name and the topic's id: the file decides
//! whether the records beside it are those of a topic that exists, and one changed letter, or a file from another
//! directory, must not decide otherwise.

use std::path::Path;

use klamm_model::TopicId;

use super::DataDirError;
use crate::checkpoint::{read_file, replace_file};
use crate::disk::{Disk, DiskError};

const FILE: &str = "partition.metadata";
const VERSION: &str = "0";

pub(super) fn write(disk: &dyn Disk, dir: &Path, topic_id: TopicId) -> Result<(), DiskError> {
    let crc = checksum(dir, topic_id);
    let text = format!("version: {VERSION}\ntopic_id: {topic_id}\nchecksum: {crc}\n");
    let path = dir.join(FILE);
    if read_file(disk, &path)?.is_some_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    replace_file(disk, &path, text.as_bytes())
}

fn checksum(dir: &Path, topic_id: TopicId) -> u32 {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    crc32c::crc32c(format!("{name} {topic_id}").as_bytes())
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
    let id = id.parse().map_err(|_| malformed("topic_id is no topic id"))?;
    // A file of Kafka's has none, and ends with the id.
    let stated = properties.get("checksum").map(|stated| stated.parse());
    match stated {
        None if text.lines().count() <= 2 => Ok(Some(id)),
        Some(Ok(stated)) if checksum(dir, id) == stated => Ok(Some(id)),
        _ => Err(malformed("its checksum is wrong, or it is another directory's")),
    }
}

//! Kafka's text checkpoints: a version (0), the number of entries, one line an entry (`CheckpointFile`).
//!
//! Offsets of partitions are kept in `recovery-point-offset-checkpoint`, `log-start-offset-checkpoint` and
//! `cleaner-offset-checkpoint`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use klamm_model::{Offset, PartitionIndex, TopicPartition};

use crate::disk::{Action, Disk, DiskError, OpenMode};

/// The line of a file's first entry.
const FIRST_ENTRY: usize = 3;
/// The file of offsets below which each log is on the disk.
pub const RECOVERY_POINT_FILE: &str = "recovery-point-offset-checkpoint";
/// The file of the logs' start offsets.
pub const LOG_START_FILE: &str = "log-start-offset-checkpoint";
/// The file of offsets below which each compacted log was cleaned.
pub const CLEANER_FILE: &str = "cleaner-offset-checkpoint";
/// How the entry begins that ends a file: it has the CRC-32C of the entries in the place of an offset. Kafka, which knows
/// no such partition, passes over it. A changed digit would otherwise hide records or have a start delete them.
const CHECKSUM: &str = "__checksum -1 ";

/// Why a checkpoint can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The file is of a format that this release does not know.
    #[error("{} has format version {version:?}; this release reads version 0. Use the release that wrote it", file.display())]
    Version {
        /// The file.
        file: PathBuf,
        /// What stands where the version should.
        version: String,
    },
    /// The file is damaged.
    #[error("{} is damaged at line {line}: {reason}. Restore it from a copy, or remove it: what it says is then worked out from the logs", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
}

/// Reads the checkpoint of offsets at `file`; `None` if there is none.
pub fn read(
    disk: &dyn Disk,
    file: &Path,
) -> Result<Option<BTreeMap<TopicPartition, Offset>>, CheckpointError> {
    let Some(mut lines) = read_lines(disk, file, |line| Some(line.to_owned()))? else { return Ok(None) };
    let malformed = |line: usize, reason: &str| CheckpointError::Malformed {
        file: file.to_owned(),
        line: line + FIRST_ENTRY,
        reason: reason.to_owned(),
    };
    // A file of Kafka's has none.
    if let Some(stated) = lines.pop_if(|last| last.starts_with(CHECKSUM))
        && stated != checksum(&lines)
    {
        return Err(malformed(lines.len(), "its checksum is wrong"));
    }
    let entry = |(number, line): (usize, &String)| parse(line).ok_or_else(|| malformed(number, "no entry"));
    lines.iter().enumerate().map(entry).collect::<Result<_, _>>().map(Some)
}

fn parse(line: &str) -> Option<(TopicPartition, Offset)> {
    let mut words = line.split(' ');
    let topic = words.next()?.parse().ok()?;
    let partition = PartitionIndex(words.next()?.parse().ok()?);
    let offset = Offset(words.next()?.parse().ok().filter(|&offset| offset >= 0)?);
    words.next().is_none().then_some((TopicPartition { topic, partition }, offset))
}

fn checksum(lines: &[String]) -> String {
    let crc = lines.iter().fold(0, |crc, line| crc32c::crc32c_append(crc, format!("{line}\n").as_bytes()));
    format!("{CHECKSUM}{crc}")
}

/// Replaces the checkpoint at `file`; the old or the new one is there after a crash, and the new one once this
/// returns.
pub fn write(
    disk: &dyn Disk,
    file: &Path,
    offsets: &BTreeMap<TopicPartition, Offset>,
) -> Result<(), DiskError> {
    let line = |(of, offset): (&TopicPartition, &Offset)| format!("{} {} {offset}", of.topic, of.partition);
    let mut lines: Vec<String> = offsets.iter().map(line).collect();
    lines.push(checksum(&lines));
    write_lines(disk, file, lines.into_iter())
}

/// Replaces a small file by way of a temporary one; the old or the new one is there after a crash, and the new one once
/// this returns.
pub(crate) fn replace_file(disk: &dyn Disk, path: &Path, contents: &[u8]) -> Result<(), DiskError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    let file = disk.open(&temporary, OpenMode::Create).map_err(DiskError::of(Action::Create, &temporary))?;
    file.write_at(0, &[contents]).map_err(DiskError::of(Action::Write, &temporary))?;
    file.sync_data().map_err(DiskError::of(Action::Sync, &temporary))?;
    disk.rename(&temporary, path).map_err(DiskError::of(Action::Rename, path))?;
    let dir = path.parent().unwrap_or(Path::new("."));
    disk.sync_dir(dir).map_err(DiskError::of(Action::Sync, dir))
}

/// What a small file has at the most.
const SMALL_BYTES: usize = 512;

/// Reads a small file; `None` if there is none.
pub(crate) fn read_file(disk: &dyn Disk, path: &Path) -> Result<Option<Vec<u8>>, DiskError> {
    let file = match disk.open(path, OpenMode::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(DiskError::of(Action::Open, path)(error)),
    };
    // Most are small: one read tells all, where asking for the size first would be one system call more.
    let mut bytes: Vec<u8> = file.read_at(0, SMALL_BYTES).map_err(DiskError::of(Action::Read, path))?.into();
    if bytes.len() == SMALL_BYTES {
        let size = file.size().map_err(DiskError::of(Action::Read, path))? as usize;
        let rest = size.saturating_sub(SMALL_BYTES);
        bytes.extend_from_slice(
            &file.read_at(SMALL_BYTES as u64, rest).map_err(DiskError::of(Action::Read, path))?,
        );
    }
    Ok(Some(bytes))
}

pub(crate) fn write_lines(
    disk: &dyn Disk,
    path: &Path,
    lines: impl ExactSizeIterator<Item = String>,
) -> Result<(), DiskError> {
    let mut text = format!("0\n{}\n", lines.len());
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    replace_file(disk, path, text.as_bytes())
}

pub(crate) fn read_lines<T>(
    disk: &dyn Disk,
    path: &Path,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<Vec<T>>, CheckpointError> {
    let Some(bytes) = read_file(disk, path)? else { return Ok(None) };
    let malformed = |line, reason: &str| CheckpointError::Malformed {
        file: path.to_owned(),
        line,
        reason: reason.to_owned(),
    };
    let text = str::from_utf8(&bytes).map_err(|_| malformed(1, "not text"))?;
    let mut lines = text.lines();
    match lines.next() {
        Some("0") => {}
        None => return Err(malformed(1, "the file is empty")),
        Some(version) if version.bytes().all(|byte| byte.is_ascii_digit()) => {
            return Err(CheckpointError::Version { file: path.to_owned(), version: version.to_owned() });
        }
        Some(_) => return Err(malformed(1, "no version")),
    }
    let count: Option<usize> = lines.next().and_then(|count| count.parse().ok());
    let count = count.ok_or_else(|| malformed(2, "no number of entries"))?;
    let mut entries = Vec::new();
    for (index, line) in lines.enumerate() {
        entries.push(parse(line).ok_or_else(|| malformed(index + FIRST_ENTRY, "no entry"))?);
    }
    if entries.len() != count {
        return Err(malformed(2, &format!("{count} entries announced, {} there", entries.len())));
    }
    Ok(Some(entries))
}

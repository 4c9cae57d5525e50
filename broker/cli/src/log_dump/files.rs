//! Which files can be dumped.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use klamm_log::checkpoint::{LOG_START_FILE, RECOVERY_POINT_FILE};
use klamm_log::dump::{LEADER_EPOCH_FILE, PartitionFile, file_kind};

use crate::error::CliError;

/// Checkpoints that Kafka has besides, in the same format.
const KAFKAS_CHECKPOINTS: [&str; 2] = ["replication-offset-checkpoint", "cleaner-offset-checkpoint"];

/// What a file has in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Segment,
    OffsetIndex,
    TimeIndex,
    ProducerSnapshot,
    LeaderEpochs,
    /// Offsets of partitions.
    Checkpoint,
}

/// A file that can be dumped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dumpable {
    pub path: PathBuf,
    pub kind: Kind,
}

/// The files of `paths`, and those in the directories of `paths`, in their order by name.
pub(super) fn find(paths: &[PathBuf]) -> Result<Vec<Dumpable>, CliError> {
    let mut found = Vec::new();
    for path in paths {
        let metadata = path.metadata().map_err(|error| CliError::file(path, &error))?;
        if metadata.is_dir() {
            let inside = in_directory(path).map_err(|error| CliError::file(path, &error))?;
            if inside.is_empty() {
                return Err(not_dumpable(path, "has no file that can be dumped"));
            }
            found.extend(inside);
        } else {
            let kind = kind_of(path).ok_or_else(|| not_dumpable(path, "is no file that can be dumped"))?;
            found.push(Dumpable { path: path.clone(), kind });
        }
    }
    Ok(found)
}

fn in_directory(directory: &Path) -> io::Result<Vec<Dumpable>> {
    let mut found = Vec::new();
    for entry in directory.read_dir()? {
        let path = entry?.path();
        if let Some(kind) = kind_of(&path)
            && path.is_file()
        {
            found.push(Dumpable { path, kind });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn not_dumpable(path: &Path, what: &str) -> CliError {
    CliError::usage(format!("{} {what}", path.display()))
        .next("give files named 20 digits and .log, .index, .timeindex or .snapshot, checkpoints, or their directory")
}

fn kind_of(path: &Path) -> Option<Kind> {
    if let Some((_, file)) = file_kind(path) {
        return match file {
            PartitionFile::Segment => Some(Kind::Segment),
            PartitionFile::OffsetIndex => Some(Kind::OffsetIndex),
            PartitionFile::TimeIndex => Some(Kind::TimeIndex),
            PartitionFile::ProducerSnapshot => Some(Kind::ProducerSnapshot),
            PartitionFile::TransactionIndex => None,
        };
    }
    match path.file_name().and_then(OsStr::to_str)? {
        LEADER_EPOCH_FILE => Some(Kind::LeaderEpochs),
        RECOVERY_POINT_FILE | LOG_START_FILE => Some(Kind::Checkpoint),
        other => KAFKAS_CHECKPOINTS.contains(&other).then_some(Kind::Checkpoint),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Kind, find};

    #[test]
    fn a_directory_stands_for_what_can_be_dumped_in_it() {
        let home = tempfile::tempdir().unwrap();
        let names =
            ["00000000000000000007.log", "00000000000000000007.index", "leader-epoch-checkpoint", "notes"];
        for name in names {
            std::fs::write(home.path().join(name), b"").unwrap();
        }
        let found = find(&[home.path().to_owned()]).unwrap();
        let kinds: Vec<Kind> = found.iter().map(|file| file.kind).collect();
        assert_eq!(kinds, [Kind::OffsetIndex, Kind::Segment, Kind::LeaderEpochs]);
        let notes = find(&[home.path().join("notes")]).unwrap_err();
        assert!(notes.to_string().contains("is no file that can be dumped"), "{notes}");
        let missing = find(&[PathBuf::from("/nowhere/leader-epoch-checkpoint")]).unwrap_err();
        assert_eq!(missing.exit_code(), 2);
    }
}

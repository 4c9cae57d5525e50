//! The names of a segment's files: the base offset in 20 digits, as Kafka names them.

use std::path::{Path, PathBuf};

use klamm_model::Offset;

/// A file that belongs to a base offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum FileKind {
    /// The batches.
    Log,
    /// Offsets to positions.
    OffsetIndex,
    /// Timestamps to offsets.
    TimeIndex,
    /// Aborted transactions.
    TransactionIndex,
    /// Producers' state of all below the offset.
    Snapshot,
}

impl FileKind {
    const ALL: [FileKind; 5] = [
        FileKind::Log,
        FileKind::OffsetIndex,
        FileKind::TimeIndex,
        FileKind::TransactionIndex,
        FileKind::Snapshot,
    ];

    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            FileKind::Log => "log",
            FileKind::OffsetIndex => "index",
            FileKind::TimeIndex => "timeindex",
            FileKind::TransactionIndex => "txnindex",
            FileKind::Snapshot => "snapshot",
        }
    }
}

/// The path of a file for `base`.
pub(crate) fn path(dir: &Path, base: Offset, kind: FileKind) -> PathBuf {
    dir.join(format!("{:020}.{}", base.0, kind.suffix()))
}

/// As [`path`], with a suffix for a file that has not taken its place yet.
pub(crate) fn named(dir: &Path, base: Offset, kind: FileKind, suffix: &str) -> PathBuf {
    dir.join(format!("{:020}.{}{suffix}", base.0, kind.suffix()))
}

/// Reads a name such as `00000000000000000042.log`; `None` if it isn't one.
pub(crate) fn parse(name: &str) -> Option<(Offset, FileKind)> {
    let (digits, suffix) = name.split_once('.')?;
    if digits.len() != 20 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kind = FileKind::ALL.into_iter().find(|kind| kind.suffix() == suffix)?;
    Some((Offset(digits.parse().ok()?), kind))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use klamm_model::Offset;

    use super::{FileKind, parse, path};

    #[test]
    fn names_are_kafkas_and_round_trip() {
        let path = path(Path::new("/d"), Offset(42), FileKind::TimeIndex);
        assert_eq!(path, Path::new("/d/00000000000000000042.timeindex"));
        assert_eq!(parse("00000000000000000042.timeindex"), Some((Offset(42), FileKind::TimeIndex)));
    }

    #[test]
    fn other_names_are_none() {
        for name in [
            "42.log",
            "00000000000000000042.log.deleted",
            "0000000000000000004x.log",
            "99999999999999999999.log",
        ] {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}

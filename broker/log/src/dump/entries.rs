//! The entries of index files.

use std::path::Path;

use klamm_model::{Offset, TimestampMs};

use super::segment::DumpError;
use crate::checkpoint::read_file;
use crate::disk::{Action, Disk, DiskError, OpenMode};
use crate::index::{Entry, OffsetEntry, TimeEntry};
use crate::scanner::{Scanner, Step};
use crate::segment::Segment;
use crate::segment_files::{self, FileKind};

/// An entry of an offset index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetIndexEntry {
    /// The last offset of a batch.
    pub offset: Offset,
    /// Where the batch begins in the segment.
    pub position: u32,
}

/// An entry of a time index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeIndexEntry {
    /// The largest timestamp up to the offset.
    pub timestamp: TimestampMs,
    /// The last offset of the batch that has it.
    pub offset: Offset,
}

/// An entry that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexProblem {
    /// Its number, from 0.
    pub entry: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// What is in an index file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexDump<E> {
    /// The offset in the file's name.
    pub base_offset: Offset,
    /// The entries.
    pub entries: Vec<E>,
    /// How many more there is room for at the end, all zeros: a running Kafka has that, and one that crashed.
    pub room: usize,
    /// What is wrong with them; also by the segment, if it is there beside the index.
    pub problems: Vec<IndexProblem>,
}

/// Reads a `.index` file, and checks it against the segment beside it.
pub fn offset_index(disk: &dyn Disk, path: &Path) -> Result<IndexDump<OffsetIndexEntry>, DumpError> {
    let Raw { base, entries: raw, room, mut problems } =
        read::<OffsetEntry>(disk, path, FileKind::OffsetIndex)?;
    if let Some((segment, size)) = segment_beside(disk, path, base)? {
        for (number, entry) in raw.iter().enumerate() {
            let step = Scanner::new(&segment, u64::from(entry.position), size).next_batch()?;
            let right = matches!(&step, Step::Batch { header, .. } if header.last_offset() == segment.absolute(entry.relative));
            if !right {
                let reason = format!("no batch that ends with its offset begins at byte {}", entry.position);
                problems.push(IndexProblem { entry: number, reason });
            }
        }
    }
    let entry = |raw: &OffsetEntry| OffsetIndexEntry {
        offset: base.plus(i64::from(raw.relative)),
        position: raw.position,
    };
    Ok(IndexDump { base_offset: base, entries: raw.iter().map(entry).collect(), room, problems })
}

/// Reads a `.timeindex` file, and checks it against the segment beside it.
pub fn time_index(disk: &dyn Disk, path: &Path) -> Result<IndexDump<TimeIndexEntry>, DumpError> {
    let Raw { base, entries: raw, room, mut problems } = read::<TimeEntry>(disk, path, FileKind::TimeIndex)?;
    if let Some((segment, size)) = segment_beside(disk, path, base)? {
        check_times(&segment, size, &raw, &mut problems)?;
    }
    let entry = |raw: &TimeEntry| TimeIndexEntry {
        offset: base.plus(i64::from(raw.relative)),
        timestamp: TimestampMs(raw.timestamp_ms),
    };
    Ok(IndexDump { base_offset: base, entries: raw.iter().map(entry).collect(), room, problems })
}

/// One walk through the segment, beside the entries.
fn check_times(
    segment: &Segment,
    size: u64,
    entries: &[TimeEntry],
    problems: &mut Vec<IndexProblem>,
) -> Result<(), DumpError> {
    let mut scanner = Scanner::new(segment, 0, size);
    let mut largest = -1;
    let mut left = entries.iter().enumerate().peekable();
    while let Step::Batch { header, .. } = scanner.next_batch()? {
        largest = largest.max(header.newest().map_or(-1, |newest| newest.0));
        let last = segment.relative(header.last_offset());
        while let Some((entry, time)) = left.next_if(|(_, entry)| entry.relative <= last) {
            let reason = if time.relative < last {
                "its offset is not the last one of a batch".to_owned()
            } else if time.timestamp_ms != largest {
                format!("the largest timestamp up to its offset is {largest}")
            } else {
                continue;
            };
            problems.push(IndexProblem { entry, reason });
        }
    }
    problems.extend(
        left.map(|(entry, _)| IndexProblem { entry, reason: "its offset is not in the segment".to_owned() }),
    );
    Ok(())
}

struct Raw<E> {
    base: Offset,
    entries: Vec<E>,
    room: usize,
    problems: Vec<IndexProblem>,
}

fn read<E: Entry>(disk: &dyn Disk, path: &Path, kind: FileKind) -> Result<Raw<E>, DumpError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let base = match segment_files::parse(name) {
        Some((base, found)) if found == kind => base,
        _ => return Err(DumpError::Name { file: path.to_owned(), suffix: kind.suffix() }),
    };
    let not_found = || DiskError::of(Action::Open, path)(std::io::ErrorKind::NotFound.into());
    let bytes = read_file(disk, path)?.ok_or_else(not_found)?;
    let mut entries: Vec<E> = bytes.chunks_exact(E::BYTES).map(E::decode).collect();
    let used = entries.iter().rposition(|entry| entry.is_possible()).map_or(0, |last| last + 1);
    let room = entries.len() - used;
    entries.truncate(used);
    let mut problems: Vec<IndexProblem> = entries
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| !pair[0].precedes(pair[1]))
        .map(|(entry, _)| IndexProblem {
            entry: entry + 1,
            reason: "it does not follow the one before it".to_owned(),
        })
        .collect();
    if bytes.len() % E::BYTES != 0 {
        problems.push(IndexProblem { entry: used + room, reason: "the file ends within it".to_owned() });
    }
    Ok(Raw { base, entries, room, problems })
}

/// The segment beside an index; `None` if it isn't there.
fn segment_beside(disk: &dyn Disk, path: &Path, base: Offset) -> Result<Option<(Segment, u64)>, DiskError> {
    let dir = path.parent().unwrap_or(Path::new(""));
    let log = segment_files::path(dir, base, FileKind::Log);
    let file = match disk.open(&log, OpenMode::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(DiskError::of(Action::Open, &log)(error)),
    };
    let size = file.size().map_err(DiskError::of(Action::Read, &log))?;
    Ok(Some((Segment::new(base, dir.into(), file), size)))
}

//! Offset and time indexes.

use std::path::Path;

use klamm_log::Disk;
use klamm_log::dump::{self, DumpError, IndexDump, OffsetIndexEntry, TimeIndexEntry};
use serde::Serialize;

use super::report::Report;
use crate::error::CliError;

#[derive(Serialize)]
struct OffsetObject {
    offset: i64,
    position: u32,
}

#[derive(Serialize)]
struct TimeObject {
    timestamp: i64,
    offset: i64,
}

#[derive(Serialize)]
struct RoomObject {
    room: usize,
}

/// Shows a `.index` file.
pub(super) fn dump_offsets(disk: &dyn Disk, file: &Path, report: &mut Report) -> Result<(), CliError> {
    show(dump::offset_index(disk, file), report, |entry: &OffsetIndexEntry, report| {
        let object = OffsetObject { offset: entry.offset.0, position: entry.position };
        report.entry(&object, || {
            format!("offset {} is in the batch at byte {}", object.offset, object.position)
        })
    })
}

/// Shows a `.timeindex` file.
pub(super) fn dump_times(disk: &dyn Disk, file: &Path, report: &mut Report) -> Result<(), CliError> {
    show(dump::time_index(disk, file), report, |entry: &TimeIndexEntry, report| {
        let object = TimeObject { timestamp: entry.timestamp.0, offset: entry.offset.0 };
        report.entry(&object, || {
            format!("up to offset {} the largest timestamp is {}", object.offset, object.timestamp)
        })
    })
}

fn show<E>(
    dumped: Result<IndexDump<E>, DumpError>,
    report: &mut Report,
    mut show: impl FnMut(&E, &mut Report) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let dump = match dumped {
        Ok(dump) => dump,
        Err(error) => return report.problem(&error.to_string()),
    };
    for entry in &dump.entries {
        show(entry, report)?;
    }
    if dump.room > 0 {
        let object = RoomObject { room: dump.room };
        report.detail(&object, || format!("room for {} more entries, all zeros", dump.room))?;
    }
    for problem in &dump.problems {
        report.problem(&format!("entry {}: {}", problem.entry, problem.reason))?;
    }
    Ok(())
}

//! Producer snapshots and checkpoints.

use std::path::Path;

use klamm_log::{Disk, checkpoint, dump, producer_snapshot};
use serde::Serialize;

use super::report::Report;
use crate::error::CliError;

#[derive(Serialize)]
struct ProducerObject {
    producer_id: i64,
    epoch: i16,
    last_sequence: i32,
    last_offset: i64,
    offset_delta: i32,
    timestamp: i64,
    transaction_first_offset: Option<i64>,
}

#[derive(Serialize)]
struct EpochObject {
    leader_epoch: i32,
    first_offset: i64,
}

#[derive(Serialize)]
struct CheckpointObject {
    partition: String,
    offset: i64,
}

/// Shows a `.snapshot` file.
pub(super) fn dump_snapshot(disk: &dyn Disk, file: &Path, report: &mut Report) -> Result<(), CliError> {
    let entries = match producer_snapshot::read(disk, file) {
        Ok(entries) => entries,
        Err(error) => return report.problem(&error.to_string()),
    };
    for entry in entries {
        let object = ProducerObject {
            producer_id: entry.producer_id.0,
            epoch: entry.epoch.0,
            last_sequence: entry.last_sequence.0,
            last_offset: entry.last_offset.0,
            offset_delta: entry.offset_delta,
            timestamp: entry.timestamp.0,
            transaction_first_offset: entry.current_txn_first_offset.map(|offset| offset.0),
        };
        report.entry(&object, || {
            let transaction = object
                .transaction_first_offset
                .map_or_else(String::new, |o| format!(", in a transaction since offset {o}"));
            format!(
                "producer {} epoch {}: last sequence {} at offset {}, time {}{transaction}",
                object.producer_id, object.epoch, object.last_sequence, object.last_offset, object.timestamp,
            )
        })?;
    }
    Ok(())
}

/// Shows where a partition's leader epochs begin.
pub(super) fn dump_leader_epochs(disk: &dyn Disk, file: &Path, report: &mut Report) -> Result<(), CliError> {
    let directory = file.parent().unwrap_or(Path::new("."));
    let epochs = match dump::leader_epochs(disk, directory) {
        Ok(epochs) => epochs,
        Err(error) => return report.problem(&error.to_string()),
    };
    for (epoch, start) in epochs {
        let object = EpochObject { leader_epoch: epoch.0, first_offset: start.0 };
        report.entry(&object, || format!("epoch {epoch} begins at offset {start}"))?;
    }
    Ok(())
}

/// Shows a checkpoint of all partitions.
pub(super) fn dump_checkpoint(disk: &dyn Disk, file: &Path, report: &mut Report) -> Result<(), CliError> {
    let offsets = match checkpoint::read(disk, file) {
        Ok(offsets) => offsets.unwrap_or_default(),
        Err(error) => return report.problem(&error.to_string()),
    };
    for (partition, offset) in offsets {
        let object = CheckpointObject { partition: partition.to_string(), offset: offset.0 };
        report.entry(&object, || format!("{} {}", object.partition, object.offset))?;
    }
    Ok(())
}

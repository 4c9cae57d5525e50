//! Producer snapshots: `<offset>.snapshot`, in Kafka's format (`ProducerStateManager`, `ProducerSnapshot.json`):
//! version, CRC-32C of what follows, number of entries, entries of 46 bytes. Version 1.

use std::path::{Path, PathBuf};

use klamm_model::{Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};

use crate::checkpoint::{read_file, replace_file};
use crate::disk::{Disk, DiskError};

const VERSION: i16 = 1;
const CRC_AT: usize = 2;
const COUNT_AT: usize = 6;
const ENTRIES_AT: usize = 10;
const ENTRY_BYTES: usize = 46;

/// One producer's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerSnapshotEntry {
    /// The producer.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// The last sequence of its last batch; [`Sequence::NONE`] if it has written no data.
    pub last_sequence: Sequence,
    /// The last offset of its last batch; -1 if it has written no data.
    pub last_offset: Offset,
    /// How many offsets its last batch spans, less one.
    pub offset_delta: i32,
    /// When it last wrote, by the batch's timestamp.
    pub timestamp: TimestampMs,
    /// The coordinator's epoch of its last transaction marker; -1 without.
    pub coordinator_epoch: i32,
    /// Where its open transaction begins; `None` without one.
    pub current_txn_first_offset: Option<Offset>,
}

/// Why a snapshot can't be read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The file is of a format that this release does not know.
    #[error("{} has format version {version}; this release reads version 1", file.display())]
    Version {
        /// The file.
        file: PathBuf,
        /// Its version.
        version: i16,
    },
    /// The file is not what was written.
    #[error("{} is damaged: {reason}; producer state is worked out from an older snapshot or the log", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
}

/// Replaces the snapshot at `path`, durably.
pub fn write(disk: &dyn Disk, path: &Path, entries: &[ProducerSnapshotEntry]) -> Result<(), DiskError> {
    replace_file(disk, path, &encode(entries))
}

/// Reads the snapshot at `path`.
pub fn read(disk: &dyn Disk, path: &Path) -> Result<Vec<ProducerSnapshotEntry>, SnapshotError> {
    let bytes = read_file(disk, path)?.unwrap_or_default();
    let damaged = |reason| SnapshotError::Damaged { file: path.to_owned(), reason };
    let Some(header) = bytes.first_chunk::<ENTRIES_AT>() else {
        return Err(damaged("it is shorter than its header"));
    };
    let version = i16::from_be_bytes([header[0], header[1]]);
    if version != VERSION {
        return Err(SnapshotError::Version { file: path.to_owned(), version });
    }
    let number = |at: usize| [header[at], header[at + 1], header[at + 2], header[at + 3]];
    if crc32c::crc32c(&bytes[COUNT_AT..]) != u32::from_be_bytes(number(CRC_AT)) {
        return Err(damaged("its CRC is wrong"));
    }
    let body = &bytes[ENTRIES_AT..];
    let count = i32::from_be_bytes(number(COUNT_AT));
    if body.len() % ENTRY_BYTES != 0 || usize::try_from(count) != Ok(body.len() / ENTRY_BYTES) {
        return Err(damaged("it has another number of entries than it says"));
    }
    Ok(body.chunks_exact(ENTRY_BYTES).map(|entry| Fields { bytes: entry }.entry()).collect())
}

fn encode(entries: &[ProducerSnapshotEntry]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ENTRIES_AT + entries.len() * ENTRY_BYTES);
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&(entries.len() as i32).to_be_bytes());
    for entry in entries {
        let transaction = entry.current_txn_first_offset.unwrap_or(Offset::UNKNOWN);
        bytes.extend_from_slice(&entry.producer_id.0.to_be_bytes());
        bytes.extend_from_slice(&entry.epoch.0.to_be_bytes());
        bytes.extend_from_slice(&entry.last_sequence.0.to_be_bytes());
        bytes.extend_from_slice(&entry.last_offset.0.to_be_bytes());
        bytes.extend_from_slice(&entry.offset_delta.to_be_bytes());
        bytes.extend_from_slice(&entry.timestamp.0.to_be_bytes());
        bytes.extend_from_slice(&entry.coordinator_epoch.to_be_bytes());
        bytes.extend_from_slice(&transaction.0.to_be_bytes());
    }
    let crc = crc32c::crc32c(&bytes[COUNT_AT..]);
    bytes[CRC_AT..COUNT_AT].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// The big-endian fields of an entry, one after the other.
struct Fields<'a> {
    bytes: &'a [u8],
}

impl Fields<'_> {
    fn take(&mut self, length: usize) -> i64 {
        let (field, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        let negative = field[0] & 0x80 != 0;
        field.iter().fold(if negative { -1 } else { 0 }, |value, &byte| value << 8 | i64::from(byte))
    }

    fn entry(mut self) -> ProducerSnapshotEntry {
        ProducerSnapshotEntry {
            producer_id: ProducerId(self.take(8)),
            epoch: ProducerEpoch(self.take(2) as i16),
            last_sequence: Sequence(self.take(4) as i32),
            last_offset: Offset(self.take(8)),
            offset_delta: self.take(4) as i32,
            timestamp: TimestampMs(self.take(8)),
            coordinator_epoch: self.take(4) as i32,
            current_txn_first_offset: Some(Offset(self.take(8))).filter(|offset| offset.0 >= 0),
        }
    }
}

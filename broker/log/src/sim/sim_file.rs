//! An open file of the simulated disk.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use bytes::Bytes;

use super::faults::Operation;
use super::sim_disk::{SimDisk, State, power_is_off};
use crate::disk::DiskFile;

#[derive(Debug)]
pub(super) struct SimFile {
    pub disk: SimDisk,
    pub number: usize,
    pub path: PathBuf,
    pub power: u64,
}

impl SimFile {
    fn with<T>(
        &self,
        operation: Operation,
        act: impl FnOnce(&mut State, usize) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.disk.0.lock();
        if state.powers != self.power {
            return Err(power_is_off());
        }
        let checked = state.check(operation, &self.path);
        if checked.is_err() && operation == Operation::SyncData {
            state.files[self.number].fail_sync();
        }
        checked?;
        act(&mut state, self.number)
    }
}

impl DiskFile for SimFile {
    fn read_at(&self, position: u64, length: usize) -> io::Result<Bytes> {
        self.with(Operation::Read, |state, number| {
            let seen = &state.files[number].seen;
            let from = (position as usize).min(seen.len());
            let to = from.saturating_add(length).min(seen.len());
            Ok(Bytes::copy_from_slice(&seen[from..to]))
        })
    }

    fn write_at(&self, position: u64, parts: &[&[u8]]) -> io::Result<()> {
        self.with(Operation::Write, |state, number| {
            let mut bytes = parts.concat();
            state.note(&position.to_le_bytes());
            state.note(&bytes);
            let end = position + bytes.len() as u64;
            let growth = end.saturating_sub(state.files[number].seen.len() as u64);
            let room = if state.capacity == u64::MAX {
                u64::MAX
            } else {
                state.capacity.saturating_sub(state.used())
            };
            let is_full = growth > room;
            let failing = state.count_change();
            if is_full {
                // As much as fits is there.
                bytes.truncate(bytes.len() - (growth - room).min(bytes.len() as u64) as usize);
            } else if failing {
                let written = state.random.below(bytes.len() as u64 + 1) as usize;
                bytes.truncate(written);
            }
            state.files[number].write(position as usize, bytes);
            match (is_full, failing) {
                (true, _) => Err(ErrorKind::StorageFull.into()),
                (_, true) => Err(power_is_off()),
                _ => Ok(()),
            }
        })
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.with(Operation::Truncate, |state, number| {
            state.note(&size.to_le_bytes());
            let failing = state.count_change();
            state.files[number].truncate(size as usize);
            if failing { Err(power_is_off()) } else { Ok(()) }
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.with(Operation::SyncData, |state, number| {
            if state.count_change() {
                return Err(power_is_off());
            }
            state.files[number].sync();
            Ok(())
        })
    }

    fn size(&self) -> io::Result<u64> {
        self.with(Operation::Read, |state, number| Ok(state.files[number].seen.len() as u64))
    }
}

//! The simulated disk.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::faults::{Fault, Operation};
use super::file::Contents;
use super::names::{Change, Names, Node};
use super::random::Random;
use super::sim_file::SimFile;
use crate::disk::{DirEntry, Disk, DiskFile, DiskLock, OpenMode};

/// A disk in memory that can lose its power. Clones are the same disk.
#[derive(Clone)]
pub struct SimDisk(pub(super) Arc<Mutex<State>>);

pub(super) struct State {
    pub(super) random: Random,
    names: Names,
    pub(super) files: Vec<Contents>,
    faults: Vec<Fault>,
    locks: BTreeMap<PathBuf, String>,
    pub(super) capacity: u64,
    /// How often the power was cut: what was opened before can't be used any more.
    pub(super) powers: u64,
    /// So many operations that change something still happen before the power fails; `None` for all.
    changes_left: Option<u64>,
    changes: u64,
    /// What was asked of the disk so far, in one number.
    trace: u64,
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimDisk")
    }
}

pub(super) fn power_is_off() -> io::Error {
    io::Error::other("the simulated power is off")
}

impl SimDisk {
    /// An empty disk whose fate is decided by `seed`.
    pub fn new(seed: u64) -> SimDisk {
        SimDisk(Arc::new(Mutex::new(State {
            random: Random::new(seed),
            names: Names::default(),
            files: Vec::new(),
            faults: Vec::new(),
            locks: BTreeMap::new(),
            capacity: u64::MAX,
            powers: 0,
            changes_left: None,
            changes: 0,
            trace: 0xcbf2_9ce4_8422_2325,
        })))
    }

    /// Adds a failure to come.
    pub fn fail(&self, fault: Fault) {
        self.0.lock().faults.push(fault);
    }

    /// From now on nothing fails.
    pub fn heal(&self) {
        self.0.lock().faults.clear();
    }

    /// All files together can't be larger than this.
    pub fn set_capacity(&self, bytes: u64) {
        self.0.lock().capacity = bytes;
    }

    /// How many operations have changed something, or made something durable.
    pub fn changes(&self) -> u64 {
        self.0.lock().changes
    }

    /// A number that stands for everything that was asked of the disk, in its order, with what was written.
    pub fn trace(&self) -> u64 {
        self.0.lock().trace
    }

    /// The power fails in the middle of the change with this number from now on (1 is the next, 0 is now); nothing works then
    /// until [`SimDisk::cut_power`].
    pub fn fail_power_at(&self, change: u64) {
        self.0.lock().changes_left = Some(change);
    }

    /// Whether the power has failed.
    pub fn is_off(&self) -> bool {
        self.0.lock().changes_left == Some(0)
    }

    /// Cuts the power, if it is not off already, and gives it back. Everything that was opened or locked is closed, and
    /// what was not durable is there or not.
    pub fn cut_power(&self) {
        let mut state = self.0.lock();
        let State { random, names, files, .. } = &mut *state;
        names.cut_power(random);
        for file in files {
            file.cut_power(random);
        }
        state.powers += 1;
        state.note(b"power");
        state.changes_left = None;
        state.locks.clear();
    }

    /// Changes a file behind everybody's back, durably: `damage` gets its contents.
    pub fn damage(&self, path: &Path, damage: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let mut state = self.0.lock();
        let number = state.file(path)?;
        state.files[number].replace(damage);
        Ok(())
    }

    /// All files with their contents.
    pub fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.0.lock();
        let contents = |node: &Node| match node {
            Node::Dir => None,
            Node::File(number) => Some(state.files[*number].seen.clone()),
        };
        state.names.seen.iter().filter_map(|(path, node)| Some((path.clone(), contents(node)?))).collect()
    }
}

impl State {
    fn file(&self, path: &Path) -> io::Result<usize> {
        match self.names.seen.get(path) {
            Some(Node::File(number)) => Ok(*number),
            Some(Node::Dir) => Err(ErrorKind::IsADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    /// Adds to the trace (FNV-1a).
    pub(super) fn note(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(super) fn check(&mut self, operation: Operation, path: &Path) -> io::Result<()> {
        self.note(&[operation as u8]);
        self.note(path.as_os_str().as_encoded_bytes());
        if self.changes_left == Some(0) {
            return Err(power_is_off());
        }
        self.faults.iter_mut().try_for_each(|fault| fault.judge(operation, path))
    }

    /// Counts a change that is about to be made; whether it is the one in which the power fails.
    pub(super) fn count_change(&mut self) -> bool {
        self.changes += 1;
        match &mut self.changes_left {
            Some(left) => {
                *left = left.saturating_sub(1);
                *left == 0
            }
            None => false,
        }
    }

    pub(super) fn used(&self) -> u64 {
        let seen: BTreeSet<usize> = self
            .names
            .seen
            .values()
            .filter_map(|node| match node {
                Node::File(number) => Some(*number),
                Node::Dir => None,
            })
            .collect();
        seen.into_iter().map(|number| self.files[number].seen.len() as u64).sum()
    }

    fn check_parent(&self, path: &Path) -> io::Result<()> {
        match path.parent() {
            Some(parent) if parent.parent().is_some() => match self.names.seen.get(parent) {
                Some(Node::Dir) => Ok(()),
                _ => Err(ErrorKind::NotFound.into()),
            },
            _ => Ok(()),
        }
    }

    fn change_names(&mut self, change: Change) -> io::Result<()> {
        let failing = self.count_change();
        self.names.change(change);
        if failing { Err(power_is_off()) } else { Ok(()) }
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.0.lock();
        let create = mode == OpenMode::Create;
        state.check(if create { Operation::Create } else { Operation::Open }, path)?;
        let number = match (state.file(path), create) {
            (Ok(number), false) => number,
            (Ok(number), true) => {
                state.count_change();
                state.files[number].truncate(0);
                number
            }
            (Err(error), true) if error.kind() == ErrorKind::NotFound => {
                state.check_parent(path)?;
                state.files.push(Contents::default());
                let number = state.files.len() - 1;
                state.change_names(Change::add(path, Node::File(number)))?;
                number
            }
            (Err(error), _) => return Err(error),
        };
        let file = SimFile { disk: self.clone(), number, path: path.to_owned(), power: state.powers };
        Ok(Arc::new(file))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.check(Operation::Create, path)?;
        let mut missing: Vec<&Path> = path
            .ancestors()
            .filter(|dir| dir.parent().is_some() && !state.names.seen.contains_key(*dir))
            .collect();
        while let Some(dir) = missing.pop() {
            state.change_names(Change::add(dir, Node::Dir))?;
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.check(Operation::Rename, from)?;
        if !state.names.seen.contains_key(from) {
            return Err(ErrorKind::NotFound.into());
        }
        let failing = state.count_change();
        state.names.rename(from, to);
        if failing { Err(power_is_off()) } else { Ok(()) }
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.check(Operation::Remove, path)?;
        state.file(path)?;
        state.change_names(Change::remove(path))
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.check(Operation::Remove, path)?;
        let inside: Vec<PathBuf> =
            state.names.seen.keys().filter(|inside| inside.starts_with(path)).cloned().collect();
        if inside.is_empty() {
            return Err(ErrorKind::NotFound.into());
        }
        inside.into_iter().rev().try_for_each(|inside| state.change_names(Change::remove(&inside)))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let mut state = self.0.lock();
        state.check(Operation::Read, path)?;
        if state.names.seen.get(path) != Some(&Node::Dir) && path.parent().is_some() {
            return Err(ErrorKind::NotFound.into());
        }
        let inside = state.names.seen.iter().filter(|(inside, _)| inside.parent() == Some(path));
        Ok(inside
            .map(|(inside, node)| DirEntry {
                name: inside.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                is_dir: *node == Node::Dir,
                size_bytes: match node {
                    Node::Dir => 0,
                    Node::File(number) => state.files[*number].seen.len() as u64,
                },
            })
            .collect())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.check(Operation::SyncDir, path)?;
        if state.count_change() {
            return Err(power_is_off());
        }
        state.names.sync_dir(path);
        Ok(())
    }

    fn sync_file_system(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.check(Operation::SyncDir, path)?;
        if state.count_change() {
            return Err(power_is_off());
        }
        state.names.sync_all();
        state.files.iter_mut().for_each(Contents::sync);
        Ok(())
    }

    fn free_space(&self, _path: &Path) -> io::Result<u64> {
        let state = self.0.lock();
        Ok(state.capacity.saturating_sub(state.used()))
    }

    fn lock(&self, path: &Path, owner: &str) -> io::Result<Result<Box<dyn DiskLock>, String>> {
        let mut state = self.0.lock();
        if let Some(holder) = state.locks.get(path) {
            return Ok(Err(holder.clone()));
        }
        state.locks.insert(path.to_owned(), owner.to_owned());
        let power = state.powers;
        Ok(Ok(Box::new(SimLock { disk: self.clone(), path: path.to_owned(), power })))
    }
}

#[derive(Debug)]
struct SimLock {
    disk: SimDisk,
    path: PathBuf,
    power: u64,
}

impl DiskLock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut state = self.disk.0.lock();
        if state.powers == self.power {
            state.locks.remove(&self.path);
        }
    }
}

//! What the metadata log must have after a power cut.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use klamm_log::disk::{Disk, OpenMode};
use klamm_log::sim::{Random, SimDisk};
use openraft::{CommittedLeaderId, EntryPayload};

use super::backend::{Backend, Bug};
use crate::command::MetadataCommand;
use crate::raft::{Batch, Entry, LogId, MetadataStore, SnapshotMeta, StoreError, TestDisk, Vote};

/// What went wrong, in words.
pub(super) type Violation = String;

const FILE: &str = "/metadata.redb";
const NEW_FILE: &str = "/metadata.redb.new";

/// All that the store has.
#[derive(Debug, Clone, Default, PartialEq)]
struct Contents {
    vote: Option<Vote>,
    purged: Option<LogId>,
    entries: Vec<Entry>,
    snapshot: Option<(SnapshotMeta, Vec<u8>)>,
}

impl Contents {
    fn of(store: &MetadataStore) -> Result<Contents, StoreError> {
        Ok(Contents {
            vote: store.vote()?,
            purged: store.purged()?,
            entries: store.entries(..)?,
            snapshot: store.snapshot()?,
        })
    }

    fn last(&self) -> Option<LogId> {
        self.entries.last().map(|entry| entry.log_id).or(self.purged)
    }

    fn next_index(&self) -> u64 {
        self.last().map_or(1, |last| last.index + 1)
    }

    fn term(&self) -> u64 {
        self.vote.map_or(1, |vote| vote.leader_id().term)
    }
}

/// One thing that openraft asks of the store.
enum Change {
    Vote(Vote),
    Append(Vec<Entry>),
    Truncate(u64),
    Purge(LogId),
    Snapshot(SnapshotMeta, Vec<u8>),
}

impl Change {
    fn random(contents: &Contents, random: &mut Random) -> Change {
        let term = contents.term();
        let some = |random: &mut Random| {
            let count = contents.entries.len() as u64;
            (count > 0).then(|| contents.entries[random.below(count) as usize].log_id)
        };
        match (random.below(20), some(random)) {
            (0..3, _) => Change::Vote(Vote::new(term + random.below(2), 1 + random.below(3))),
            (3, Some(first)) => Change::Truncate(first.index),
            (4, Some(last)) => Change::Purge(last),
            (5, _) => {
                let meta = SnapshotMeta { last_log_id: contents.last(), ..SnapshotMeta::default() };
                let longest = if random.one_in(4) { 600_000 } else { 5_000 };
                let length = random.below(longest);
                let first = random.next_u64();
                Change::Snapshot(meta, (0..length).map(|n| (first + n) as u8).collect())
            }
            _ => {
                let first = contents.next_index();
                let entry = |index, commands| {
                    let commands = (0..=commands)
                        .map(|_| MetadataCommand::AllocateProducerIds { count: term as i64 + 1 })
                        .collect();
                    let log_id = LogId::new(CommittedLeaderId::new(term, 1), index);
                    Entry { log_id, payload: EntryPayload::Normal(Batch(commands)) }
                };
                let count = 1 + random.below(4);
                Change::Append((first..first + count).map(|index| entry(index, random.below(20))).collect())
            }
        }
    }

    fn make(&self, store: &MetadataStore) -> Result<(), StoreError> {
        match self {
            Change::Vote(vote) => store.save_vote(vote),
            Change::Append(entries) => store.append(entries),
            Change::Truncate(first) => store.truncate(*first),
            Change::Purge(last) => store.purge(last),
            Change::Snapshot(meta, bytes) => store.save_snapshot(meta, bytes),
        }
    }

    fn apply(self, contents: &mut Contents) {
        match self {
            Change::Vote(vote) => contents.vote = Some(vote),
            Change::Append(entries) => contents.entries.extend(entries),
            Change::Truncate(first) => contents.entries.retain(|entry| entry.log_id.index < first),
            Change::Purge(last) => {
                contents.entries.retain(|entry| entry.log_id.index > last.index);
                contents.purged = Some(last);
            }
            Change::Snapshot(meta, bytes) => contents.snapshot = Some((meta, bytes)),
        }
    }
}

pub(super) struct Machine {
    disk: SimDisk,
    bug: Option<Bug>,
    store: Option<MetadataStore>,
    /// All that the store said it has.
    committed: Contents,
    /// What it has if the change in which the power failed was made; all of it or nothing.
    in_doubt: Option<Contents>,
}

impl Machine {
    pub(super) fn new(disk: SimDisk, bug: Option<Bug>) -> Machine {
        Machine { disk, bug, store: None, committed: Contents::default(), in_doubt: None }
    }

    /// As [`MetadataStore::open`] does: under another name until it is whole.
    fn open(&self) -> Result<MetadataStore, Violation> {
        let (path, new) = (Path::new(FILE), Path::new(NEW_FILE));
        if self.disk.open(path, OpenMode::Read).is_err() {
            drop(self.open_at(new, OpenMode::Create)?);
            let renamed = self.disk.rename(new, path).and_then(|()| self.disk.sync_dir(Path::new("/")));
            renamed.map_err(|error| error.to_string())?;
        }
        self.open_at(path, OpenMode::Write)
    }

    fn open_at(&self, path: &Path, mode: OpenMode) -> Result<MetadataStore, Violation> {
        let file = self.disk.open(path, mode).map_err(|error| error.to_string())?;
        let backend = Backend { file, bug: self.bug, owes: AtomicBool::default() };
        let database =
            MetadataStore::builder().create_with_backend(backend).map_err(|error| error.to_string())?;
        MetadataStore::of(database, &TestDisk::owner()).map_err(|error| error.to_string())
    }

    /// Works until the power fails.
    pub(super) fn live(&mut self, random: &mut Random) -> Result<(), Violation> {
        let store = match self.store.take().map_or_else(|| self.open(), Ok) {
            Ok(store) => store,
            Err(_) if self.disk.is_off() => return Ok(()),
            Err(error) => return Err(format!("can't open: {error}")),
        };
        while !self.disk.is_off() {
            let change = Change::random(&self.committed, random);
            let forgotten = self.bug == Some(Bug::ForgetVote) && matches!(change, Change::Vote(_));
            let made = if forgotten { Ok(()) } else { change.make(&store) };
            let mut after = self.committed.clone();
            change.apply(&mut after);
            match made {
                Ok(()) => self.committed = after,
                Err(_) if self.disk.is_off() => self.in_doubt = Some(after),
                Err(error) => return Err(format!("only the power fails here: {error}")),
            }
        }
        Ok(())
    }

    /// The power fails while the store opens, or just after that.
    pub(super) fn start_in_vain(&mut self, random: &mut Random) -> Result<(), Violation> {
        self.disk.fail_power_at(1 + random.below(12));
        match self.open() {
            Ok(store) if !self.disk.is_off() => self.compare(&store)?,
            Ok(_) => {}
            Err(_) if self.disk.is_off() => {}
            Err(error) => return Err(format!("can't open: {error}")),
        }
        self.disk.cut_power();
        Ok(())
    }

    /// Opens after a power cut, twice, and compares everything.
    pub(super) fn start(&mut self) -> Result<(), Violation> {
        for _ in 0..2 {
            let store = self.open().map_err(|error| format!("can't open: {error}"))?;
            self.compare(&store)?;
        }
        self.store = Some(self.open().map_err(|error| format!("can't open again: {error}"))?);
        Ok(())
    }

    /// From then on what was in doubt is decided.
    fn compare(&mut self, store: &MetadataStore) -> Result<(), Violation> {
        let found = Contents::of(store).map_err(|error| error.to_string())?;
        if found != self.committed && self.in_doubt.as_ref() != Some(&found) {
            return Err(format!("committed to {}, there is {}", brief(&self.committed), brief(&found)));
        }
        self.committed = found;
        self.in_doubt = None;
        Ok(())
    }
}

fn brief(contents: &Contents) -> String {
    let Contents { vote, purged, entries, snapshot } = contents;
    let snapshot = snapshot.as_ref().map(|(_, bytes)| bytes.len());
    let last = entries.last().map(|entry| entry.log_id);
    format!(
        "{last:?} ({} entries, purged {purged:?}, vote {vote:?}, snapshot of {snapshot:?} bytes)",
        entries.len()
    )
}

//! The metadata log on disk.

use std::any::Any;
use std::io::{self, ErrorKind};
use std::ops::RangeBounds;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use klamm_model::{BrokerId, ClusterId};
use redb::{Builder, Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Entry, LogId, SnapshotMeta, Vote};
use crate::image::InvalidPersistedImage;

/// The format that this version writes, and the only one it reads.
const FORMAT: u32 = 1;
/// The file's name in the controller's directory.
const FILE: &str = "metadata.redb";
/// Its name while it is made for the first time.
const NEW_FILE: &str = "metadata.redb.new";
/// redb's default of 1 GiB is more than a broker should ever spend on its metadata.
const CACHE_BYTES: usize = 8 << 20;
/// A snapshot is cut in pieces, so that redb need not find one run of pages for all of it.
const SNAPSHOT_PIECE_BYTES: usize = 256 << 10;

const FACTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("facts");
const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
const SNAPSHOT: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("snapshot");

const FORMAT_FACT: &str = "format";
const OWNER_FACT: &str = "owner";
const VOTE_FACT: &str = "vote";
const PURGED_FACT: &str = "purged";
const SNAPSHOT_META_FACT: &str = "snapshot-meta";

/// Whose log this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub(crate) struct Owner {
    pub(crate) cluster_id: ClusterId,
    pub(crate) node_id: BrokerId,
}

/// Why the metadata log can't be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Its directory can't be made.
    #[error("the directory of the metadata log, {path}, can't be made: {source}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process has it open.
    #[error(
        "the metadata log {path} is in use by another process: stop that one, or use another data directory"
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It can't be opened.
    #[error(
        "the metadata log {path} can't be opened: {source}. If the file is damaged, restore it from a backup; \
         the topics' data is not in it"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: DatabaseError,
    },
    /// It is not what was written.
    #[error(
        "the metadata log {path} is damaged: {reason}. Nothing was changed: restore it from a copy. It says which topics \
         there are; the topics' data is not in it"
    )]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It has a format of another version.
    #[error("the metadata log has format {found}, this version of Klamm reads format {FORMAT}")]
    Format {
        /// Its format.
        found: String,
    },
    /// It is another broker's or another cluster's.
    #[error(
        "the metadata log belongs to broker {found_node} of cluster {found_cluster}, but this is broker {node} of \
         cluster {cluster}: use that node.id, restore meta.properties from a copy, or use another data directory"
    )]
    Foreign {
        /// The broker whose it is.
        found_node: BrokerId,
        /// The cluster whose it is.
        found_cluster: ClusterId,
        /// This broker.
        node: BrokerId,
        /// This cluster.
        cluster: ClusterId,
    },
    /// A transaction failed.
    #[error("the metadata log can't be read or written: {0}")]
    Database(Box<redb::Error>),
    /// Bytes in it are not what they should be.
    #[error("the metadata log is damaged at {place}: {source}")]
    Damaged {
        /// Where.
        place: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The snapshot in it can't be read.
    #[error(transparent)]
    Snapshot(#[from] InvalidPersistedImage),
    /// Its thread has ended.
    #[error("the metadata log is closed")]
    Closed,
}

/// `?` for each of redb's errors.
macro_rules! from_redb {
    ($($error:ty),*) => {
        $(impl From<$error> for StoreError {
            fn from(error: $error) -> StoreError {
                StoreError::Database(Box::new(error.into()))
            }
        })*
    };
}

from_redb!(redb::TransactionError, redb::TableError, redb::StorageError, redb::CommitError);

/// The metadata log on disk: entries, the vote, the last snapshot. Every method that writes returns when the
/// write is durable. Blocking: [`super::StoreThread`] keeps it away from the runtimes.
#[derive(Debug)]
pub(crate) struct MetadataStore {
    database: Database,
}

impl MetadataStore {
    /// Opens the log in `dir`, or makes it, and checks that it is `owner`'s.
    pub(crate) fn open(dir: &Path, owner: &Owner) -> Result<MetadataStore, StoreError> {
        let directory = |source| StoreError::Directory { path: dir.to_owned(), source };
        std::fs::create_dir_all(dir).map_err(directory)?;
        let path = dir.join(FILE);
        if !path.try_exists().map_err(directory)? {
            MetadataStore::make(dir, &path, owner)?;
        }
        MetadataStore::of(MetadataStore::database(path)?, owner)
    }

    /// Makes the file under another name until it is whole: one that a power cut left half made can't be opened. Its
    /// name must be on the disk before anything in it counts.
    fn make(dir: &Path, path: &Path, owner: &Owner) -> Result<(), StoreError> {
        let directory = |source| StoreError::Directory { path: dir.to_owned(), source };
        let new = dir.join(NEW_FILE);
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(directory(error)),
            _ => {}
        }
        drop(MetadataStore::of(MetadataStore::database(new.clone())?, owner)?);
        std::fs::rename(&new, path).map_err(directory)?;
        [Some(dir), dir.parent()].into_iter().flatten().try_for_each(sync_dir).map_err(directory)
    }

    fn database(path: PathBuf) -> Result<Database, StoreError> {
        // redb takes what it reads for its own: bytes that are not may make it panic, which must not go unexplained.
        let opened = catch_unwind(|| {
            let mut database = MetadataStore::builder().create(&path)?;
            // Metadata that reads well and is wrong would be worse than none; reading some megabytes takes milliseconds.
            database.check_integrity().map(|sound| (database, sound))
        });
        match opened {
            Ok(Ok((database, true))) => Ok(database),
            Ok(Ok((_, false))) => {
                Err(StoreError::Unsound { path, reason: "its checksums are wrong".to_owned() })
            }
            Ok(Err(DatabaseError::DatabaseAlreadyOpen)) => Err(StoreError::InUse { path }),
            Ok(Err(source)) => Err(StoreError::Open { path, source }),
            Err(panic) => Err(StoreError::Unsound { path, reason: panic_text(&*panic) }),
        }
    }

    /// How a database is made or opened, wherever its bytes are.
    pub(super) fn builder() -> Builder {
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES);
        builder
    }

    /// Takes a database that is new or `owner`'s.
    pub(super) fn of(database: Database, owner: &Owner) -> Result<MetadataStore, StoreError> {
        let store = MetadataStore { database };
        match store.format()? {
            None => store.format_for(owner)?,
            Some(found) if found == FORMAT.to_string() => store.check_owner(owner)?,
            Some(found) => return Err(StoreError::Format { found }),
        }
        Ok(store)
    }

    fn format(&self) -> Result<Option<String>, StoreError> {
        let read = self.database.begin_read()?;
        match read.open_table(FACTS) {
            Ok(facts) => {
                let format = facts.get(FORMAT_FACT)?;
                Ok(Some(format.map_or_else(String::new, |f| String::from_utf8_lossy(f.value()).into_owned())))
            }
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn format_for(&self, owner: &Owner) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        {
            let mut facts = write.open_table(FACTS)?;
            facts.insert(FORMAT_FACT, FORMAT.to_string().as_bytes())?;
            facts.insert(OWNER_FACT, encode(OWNER_FACT, owner)?.as_slice())?;
            write.open_table(LOG)?;
            write.open_table(SNAPSHOT)?;
        }
        Ok(write.commit()?)
    }

    fn check_owner(&self, owner: &Owner) -> Result<(), StoreError> {
        match self.fact::<Owner>(OWNER_FACT)? {
            Some(found) if found != *owner => Err(StoreError::Foreign {
                found_node: found.node_id,
                found_cluster: found.cluster_id,
                node: owner.node_id,
                cluster: owner.cluster_id.clone(),
            }),
            _ => Ok(()),
        }
    }

    pub(super) fn vote(&self) -> Result<Option<Vote>, StoreError> {
        self.fact(VOTE_FACT)
    }

    pub(super) fn save_vote(&self, vote: &Vote) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        write.open_table(FACTS)?.insert(VOTE_FACT, encode(VOTE_FACT, vote)?.as_slice())?;
        Ok(write.commit()?)
    }

    /// The id of the last entry that was purged.
    pub(super) fn purged(&self) -> Result<Option<LogId>, StoreError> {
        self.fact(PURGED_FACT)
    }

    pub(super) fn last_entry(&self) -> Result<Option<Entry>, StoreError> {
        let log = self.database.begin_read()?.open_table(LOG)?;
        let last = log.last()?;
        last.map(|(index, bytes)| decode(&entry_place(index.value()), bytes.value())).transpose()
    }

    pub(super) fn entries(&self, range: impl RangeBounds<u64>) -> Result<Vec<Entry>, StoreError> {
        let log = self.database.begin_read()?.open_table(LOG)?;
        let mut entries = Vec::new();
        for row in log.range(range)? {
            let (index, bytes) = row?;
            entries.push(decode(&entry_place(index.value()), bytes.value())?);
        }
        Ok(entries)
    }

    pub(super) fn append(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        {
            let mut log = write.open_table(LOG)?;
            for entry in entries {
                let index = entry.log_id.index;
                log.insert(index, encode(&entry_place(index), entry)?.as_slice())?;
            }
        }
        Ok(write.commit()?)
    }

    /// Removes the entries from `first` on, which another leader never had.
    pub(super) fn truncate(&self, first: u64) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        write.open_table(LOG)?.retain_in(first.., |_, _| false)?;
        Ok(write.commit()?)
    }

    /// Removes the entries up to and with `last`, which a snapshot has.
    pub(super) fn purge(&self, last: &LogId) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        write.open_table(FACTS)?.insert(PURGED_FACT, encode(PURGED_FACT, last)?.as_slice())?;
        write.open_table(LOG)?.retain_in(..=last.index, |_, _| false)?;
        Ok(write.commit()?)
    }

    /// Puts a snapshot in the place of the last one.
    pub(super) fn save_snapshot(&self, meta: &SnapshotMeta, bytes: &[u8]) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        {
            let mut pieces = write.open_table(SNAPSHOT)?;
            pieces.retain(|_, _| false)?;
            for (number, piece) in (0..).zip(bytes.chunks(SNAPSHOT_PIECE_BYTES)) {
                pieces.insert(number, piece)?;
            }
            let meta = encode(SNAPSHOT_META_FACT, meta)?;
            write.open_table(FACTS)?.insert(SNAPSHOT_META_FACT, meta.as_slice())?;
        }
        Ok(write.commit()?)
    }

    pub(super) fn snapshot(&self) -> Result<Option<(SnapshotMeta, Vec<u8>)>, StoreError> {
        let read = self.database.begin_read()?;
        let Some(meta) = read.open_table(FACTS)?.get(SNAPSHOT_META_FACT)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        for piece in read.open_table(SNAPSHOT)?.iter()? {
            bytes.extend_from_slice(piece?.1.value());
        }
        Ok(Some((decode(SNAPSHOT_META_FACT, meta.value())?, bytes)))
    }

    fn fact<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let facts = self.database.begin_read()?.open_table(FACTS)?;
        facts.get(name)?.map(|bytes| decode(name, bytes.value())).transpose()
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
}

/// Makes the names in a directory durable.
fn sync_dir(dir: &Path) -> io::Result<()> {
    // A relative path's parent may be the empty path, which is the current directory.
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    std::fs::File::open(dir)?.sync_all()
}

fn entry_place(index: u64) -> String {
    format!("entry {index}")
}

fn encode<T: Serialize>(place: &str, value: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|source| StoreError::Damaged { place: place.to_owned(), source })
}

fn decode<T: DeserializeOwned>(place: &str, bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|source| StoreError::Damaged { place: place.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use openraft::{CommittedLeaderId, Entry, EntryPayload, LogId};
    use redb::Builder;

    use super::{FACTS, FORMAT_FACT, MetadataStore, StoreError};
    use crate::raft::{Batch, TestDisk};

    fn entry(index: u64) -> crate::raft::Entry {
        let log_id = LogId::new(CommittedLeaderId::new(1, 1), index);
        Entry { log_id, payload: EntryPayload::Normal(Batch(Vec::new())) }
    }

    fn indexes(store: &MetadataStore) -> Vec<u64> {
        store.entries(..).unwrap().iter().map(|entry| entry.log_id.index).collect()
    }

    #[test]
    fn an_unknown_format_is_refused() {
        let disk = TestDisk::default();
        {
            let store = disk.open();
            let write = store.database.begin_write().unwrap();
            write.open_table(FACTS).unwrap().insert(FORMAT_FACT, b"2".as_slice()).unwrap();
            write.commit().unwrap();
        }
        let database = Builder::new().create_with_backend(disk).unwrap();
        let error = MetadataStore::of(database, &TestDisk::owner()).unwrap_err();
        assert!(matches!(&error, StoreError::Format { found } if found == "2"), "{error}");
    }

    #[test]
    fn a_first_start_that_was_cut_short_is_made_again() {
        let dir = tempfile::TempDir::new().unwrap();
        std::fs::write(dir.path().join(super::NEW_FILE), vec![0; 1 << 20]).unwrap();
        let store = MetadataStore::open(dir.path(), &TestDisk::owner()).unwrap();
        store.append(&[entry(1)]).unwrap();
        drop(store);
        let store = MetadataStore::open(dir.path(), &TestDisk::owner()).unwrap();
        assert_eq!(indexes(&store), [1]);
        assert!(!dir.path().join(super::NEW_FILE).exists());
    }

    #[test]
    fn a_damaged_entry_is_named() {
        let store = TestDisk::default().open();
        store.append(&[entry(1), entry(2)]).unwrap();
        let write = store.database.begin_write().unwrap();
        write.open_table(super::LOG).unwrap().insert(2, b"{".as_slice()).unwrap();
        write.commit().unwrap();
        let error = store.entries(..).unwrap_err().to_string();
        assert!(error.starts_with("the metadata log is damaged at entry 2: "), "{error}");
    }

    #[test]
    fn the_log_is_cut_at_both_ends() {
        let store = TestDisk::default().open();
        store.append(&[entry(1), entry(2), entry(3), entry(4)]).unwrap();
        store.truncate(4).unwrap();
        store.purge(&entry(1).log_id).unwrap();
        assert_eq!(indexes(&store), [2, 3]);
        assert_eq!(store.purged().unwrap(), Some(entry(1).log_id));
        assert_eq!(store.last_entry().unwrap(), Some(entry(3)));
    }

    #[test]
    fn a_large_snapshot_comes_back_whole_and_replaces_the_last() {
        let store = TestDisk::default().open();
        assert_eq!(store.snapshot().unwrap(), None);
        let bytes: Vec<u8> = (0..1_000_003_u32).map(|n| n as u8).collect();
        let meta = crate::raft::SnapshotMeta { snapshot_id: "s".to_owned(), ..Default::default() };
        store.save_snapshot(&meta, &bytes).unwrap();
        assert_eq!(store.snapshot().unwrap(), Some((meta.clone(), bytes)));
        store.save_snapshot(&meta, b"small").unwrap();
        assert_eq!(store.snapshot().unwrap(), Some((meta, b"small".to_vec())));
    }
}

//! A disk for tests that can fail and lose what was not synced.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use klamm_model::BrokerId;
use redb::{Builder, StorageBackend};

use super::{MetadataStore, Owner};

/// A disk in memory. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    written: Vec<u8>,
    synced: Vec<u8>,
    fails: Option<io::ErrorKind>,
}

impl TestDisk {
    /// What is on the disk after the power was cut.
    pub(crate) fn after_power_loss(&self) -> TestDisk {
        let synced = self.state().synced.clone();
        let state = State { written: synced.clone(), synced, fails: None };
        TestDisk { state: Arc::new(Mutex::new(state)) }
    }

    /// From now on every write and sync fails.
    pub(crate) fn fail(&self, kind: io::ErrorKind) {
        self.state().fails = Some(kind);
    }

    pub(crate) fn open(&self) -> MetadataStore {
        let database = Builder::new().create_with_backend(self.clone()).unwrap();
        MetadataStore::of(database, &TestDisk::owner()).unwrap()
    }

    pub(crate) fn owner() -> Owner {
        Owner { cluster_id: "test-cluster".parse().unwrap(), node_id: BrokerId(1) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn writable(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        match state.fails {
            Some(kind) => Err(kind.into()),
            None => Ok(state),
        }
    }
}

impl StorageBackend for TestDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().written.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let from = offset as usize;
        out.copy_from_slice(&self.state().written[from..from + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.writable()?.written.resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.writable()?;
        state.synced = state.written.clone();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let from = offset as usize;
        self.writable()?.written[from..from + data.len()].copy_from_slice(data);
        Ok(())
    }
}

//! openraft's own tests of a storage.

use std::sync::Arc;

use klamm_model::BrokerId;
use openraft::testing::{StoreBuilder, Suite};
use tempfile::TempDir;

use super::{LogStore, MetadataStore, Owner, StateMachine, StorageError, StoreThread, TypeConfig};
use crate::image::{ImageStore, MetadataImage};

struct OnDisk;

impl StoreBuilder<TypeConfig, LogStore, StateMachine, TempDir> for OnDisk {
    async fn build(&self) -> Result<(TempDir, LogStore, StateMachine), StorageError> {
        let dir = TempDir::new().unwrap();
        let owner = Owner { cluster_id: "suite".parse().unwrap(), node_id: BrokerId(1) };
        let store = Arc::new(MetadataStore::open(dir.path(), &owner).unwrap());
        let (thread, _) = StoreThread::start(Arc::clone(&store)).unwrap();
        let images = Arc::new(ImageStore::new(MetadataImage::empty(owner.cluster_id)));
        let machine = StateMachine::open(Arc::clone(&store), thread.clone(), images).unwrap();
        Ok((dir, LogStore::new(store, thread), machine))
    }
}

#[test]
fn the_storage_keeps_openrafts_contract() {
    Suite::test_all(OnDisk).unwrap();
}

//! How a controller starts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use klamm_model::{BrokerId, ClusterId};
use openraft::{BasicNode, Config, LogIdOptionExt, Raft, SnapshotPolicy};
use tokio::sync::Mutex;

use super::{Controller, Inner, StartError};
use crate::image::{ImageStore, MetadataImage};
use crate::raft::{Batch, LogStore, MetadataStore, NoPeers, Owner, StateMachine, StoreThread, TypeConfig};

/// Entries between snapshots: a start reads at most so many, which takes some milliseconds.
const SNAPSHOT_EVERY: u64 = 1000;
/// A start that had to apply more entries than this makes a snapshot, or a broker that only starts and stops would
/// start slower each time: its registration is one of the entries that cost most.
const MANY_APPLIED: u64 = 50;
/// Entries that are kept though a snapshot has them, for a follower that is a little behind.
const KEPT_ENTRIES: u64 = 100;
/// A broker that is alone needs milliseconds; this is for a disk that is very slow.
const LEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// How to start a controller.
#[derive(Debug, Clone)]
pub struct ControllerOptions {
    /// The directory of the metadata log; made if it is absent.
    pub dir: PathBuf,
    /// This broker.
    pub node_id: BrokerId,
    /// The cluster; a log of another cluster or broker is refused.
    pub cluster_id: ClusterId,
}

impl Controller {
    /// Opens the metadata log and leads it when this returns, with everything that is in it in the image. Its
    /// tasks run on the runtime of the caller, which must live as long as the controller.
    pub async fn start(options: ControllerOptions) -> Result<Controller, StartError> {
        let owner = Owner { cluster_id: options.cluster_id.clone(), node_id: options.node_id };
        let store = MetadataStore::open(&options.dir, &owner)?;
        Controller::start_on(store, options).await
    }

    pub(super) async fn start_on(
        store: MetadataStore,
        options: ControllerOptions,
    ) -> Result<Controller, StartError> {
        let node_id = options.node_id;
        let raft_id = u64::try_from(node_id.0).map_err(|_| StartError::NodeId(node_id))?;
        let images = Arc::new(ImageStore::new(MetadataImage::empty(options.cluster_id.clone())));
        let store = Arc::new(store);
        let (thread, closed) = StoreThread::start(Arc::clone(&store)).map_err(StartError::Thread)?;
        let machine = StateMachine::open(Arc::clone(&store), thread.clone(), Arc::clone(&images));
        let machine = machine.map_err(raft_failed)?;
        let log = LogStore::new(store, thread);
        let raft = Raft::new(raft_id, Arc::new(config(&options.cluster_id)), NoPeers, log, machine);
        let raft = raft.await.map_err(raft_failed)?;
        let inner = Inner {
            node_id,
            dir: options.dir,
            raft: raft.clone(),
            images: Arc::clone(&images),
            alter_configs: Mutex::new(()),
            closed,
        };
        let controller = Controller { inner: Arc::new(inner) };
        lead(&raft, raft_id).await?;
        shorten_next_start(&raft).await?;
        images.set_leader(Some(node_id));
        tokio::spawn(follow_leader(raft, images));
        Ok(controller)
    }
}

fn config(cluster_id: &ClusterId) -> Config {
    Config {
        cluster_name: cluster_id.to_string(),
        heartbeat_interval: 500,
        election_timeout_min: 1500,
        election_timeout_max: 3000,
        install_snapshot_timeout: 10_000,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(SNAPSHOT_EVERY),
        max_in_snapshot_log_to_keep: KEPT_ENTRIES,
        ..Config::default()
    }
}

/// Becomes the leader at once, because nobody else could, and applies the whole log.
async fn lead(raft: &Raft<TypeConfig>, raft_id: u64) -> Result<(), StartError> {
    if !raft.is_initialized().await.map_err(raft_failed)? {
        let members = BTreeMap::from([(raft_id, BasicNode::default())]);
        raft.initialize(members).await.map_err(raft_failed)?;
    } else if raft.current_leader().await != Some(raft_id) {
        raft.trigger().elect().await.map_err(raft_failed)?;
    }
    let leads = raft.wait(Some(LEADER_TIMEOUT)).current_leader(raft_id, "start").await;
    leads.map_err(|error| StartError::NoLeader(Box::new(error)))?;
    // An entry of this term commits everything before it, and is applied after it (Raft, section 5.4.2).
    raft.client_write(Batch(Vec::new())).await.map_err(raft_failed)?;
    Ok(())
}

/// Makes a snapshot, in the background, if this start had to apply many entries.
async fn shorten_next_start(raft: &Raft<TypeConfig>) -> Result<(), StartError> {
    let (applied, snapshot) = {
        let metrics = raft.data_metrics();
        let metrics = metrics.borrow();
        (metrics.last_applied.index(), metrics.snapshot.index())
    };
    if applied.unwrap_or(0).saturating_sub(snapshot.unwrap_or(0)) > MANY_APPLIED {
        raft.trigger().snapshot().await.map_err(raft_failed)?;
    }
    Ok(())
}

/// Shows in the image who leads, until the log stops.
async fn follow_leader(raft: Raft<TypeConfig>, images: Arc<ImageStore>) {
    let mut metrics = raft.server_metrics();
    // The task must not keep the log alive.
    drop(raft);
    loop {
        let leader = metrics.borrow_and_update().current_leader;
        images.set_leader(leader.and_then(broker_of));
        if metrics.changed().await.is_err() {
            return;
        }
    }
}

pub(super) fn broker_of(raft_id: u64) -> Option<BrokerId> {
    i32::try_from(raft_id).ok().map(BrokerId)
}

fn raft_failed<E: std::error::Error + Send + Sync + 'static>(error: E) -> StartError {
    StartError::Raft(Box::new(error))
}

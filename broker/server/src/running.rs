//! A broker that serves, and the order of stopping.
//!
//! ```text
//!   no more connections -> requests in flight end -> partitions close (flush) -> checkpoints
//!      -> metadata log -> clean marker
//! ```

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use klamm_log::disk::LateDisk;
use klamm_model::{Offset, TopicPartition};
use klamm_partition::Partition;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use crate::Broker;
use crate::partitions::MANY_LOGS;
use crate::runtime::{CoreRuntime, CoreRuntimes};

/// How long requests in flight may take to end. Past that their connections are cut, as a crash would.
const LAST_REQUESTS: Duration = Duration::from_secs(10);
/// Threads that close partitions: what they do is mostly waiting for the disk.
const CLOSING_THREADS: usize = 8;

/// A broker that serves.
#[derive(Debug)]
pub struct RunningServer {
    pub(crate) broker: Arc<Broker>,
    /// Where Kafka clients connect: the port is known even if 0 was asked for.
    pub kafka_address: SocketAddr,
    /// Where metrics and health are.
    pub http_address: Option<SocketAddr>,
    /// Where gRPC is.
    pub grpc_address: Option<SocketAddr>,
    pub(crate) control: CoreRuntime,
    pub(crate) net: Arc<CoreRuntimes>,
    /// What must have ended before partitions are closed.
    pub(crate) tasks: Vec<JoinHandle<()>>,
}

impl RunningServer {
    /// What the handlers share.
    pub fn broker(&self) -> &Arc<Broker> {
        &self.broker
    }

    /// Stops cleanly: takes no more connections, finishes what is in flight, makes everything durable. Blocks.
    pub fn stop(mut self) {
        let begun = Instant::now();
        self.broker.stop.request();
        self.finish_requests();
        let clean = close_partitions(&self.broker);
        self.control.block_on(self.broker.controller.shutdown());
        self.net.finish();
        self.control.finish();
        if clean {
            mark_clean(&self.broker);
        }
        info!(clean, milliseconds = begun.elapsed().as_millis() as u64, "the broker has stopped");
    }

    fn finish_requests(&mut self) {
        let tasks = std::mem::take(&mut self.tasks);
        let broker = &self.broker;
        self.control.block_on(async {
            if tokio::time::timeout(LAST_REQUESTS, broker.connections.below(1)).await.is_err() {
                let connections = broker.connections.total();
                warn!(connections, "connections with requests in flight are cut");
            }
            for task in tasks {
                if let Err(failure) = task.await {
                    error!(%failure, "a task of the broker had failed");
                }
            }
        });
        broker.plugins.offload().close();
    }
}

/// Closes all partitions; gives whether the next start need not recover any.
fn close_partitions(broker: &Broker) -> bool {
    let partitions = broker.partitions.all();
    let next = AtomicUsize::new(0);
    let recovery_points = Mutex::new(BTreeMap::new());
    // With few it would only wait for what others write.
    let disk = Arc::clone(broker.partitions.disk());
    let late = (partitions.len() >= MANY_LOGS).then(|| LateDisk::new(disk));
    std::thread::scope(|scope| {
        for _ in 0..CLOSING_THREADS.min(partitions.len()) {
            scope.spawn(|| close_some(&partitions, &next, late.as_ref(), &recovery_points));
        }
    });
    if let Some(late) = late
        && let Err(failure) = late.settle(broker.partitions.data_dir().path())
    {
        error!(%failure, "the partitions' files could not be brought to the disk; the next start recovers all of them");
        return false;
    }
    let recovery_points = recovery_points.into_inner();
    // One that could not be opened still has to be recovered.
    let all_closed = recovery_points.len() == partitions.len() && !broker.partitions.any_offline();
    broker.partitions.write_checkpoints(recovery_points) && all_closed
}

fn close_some(
    partitions: &[Arc<Partition>],
    next: &AtomicUsize,
    late: Option<&LateDisk>,
    recovery_points: &Mutex<BTreeMap<TopicPartition, Offset>>,
) {
    while let Some(partition) = partitions.get(next.fetch_add(1, Ordering::Relaxed)) {
        match late.map_or_else(|| partition.close(), |late| partition.close_late(late)) {
            Ok(recovery_point) => {
                recovery_points.lock().insert(partition.id().clone(), recovery_point);
            }
            Err(failure) => {
                error!(partition = %partition.id(), %failure, "not closed cleanly; the next start recovers it");
            }
        }
    }
}

fn mark_clean(broker: &Broker) {
    if let Err(failure) = broker.partitions.data_dir().mark_clean() {
        warn!(%failure, "no clean marker: the next start recovers the partitions");
    }
}

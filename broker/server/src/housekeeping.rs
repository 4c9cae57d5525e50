//! What time brings: retention, late flushes, expiry, checkpoints.

use std::sync::Arc;
use std::time::Duration;

use klamm_partition::Partition;
use tokio::sync::RwLock;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tracing::{debug, error, info, warn};

use crate::Broker;

/// How often topics with a `flush.ms` are looked at, and old batches in memory forgotten.
const EACH_SECOND: Duration = Duration::from_secs(1);

/// How long an instance of a plug-in may wait for work before its memory is given up.
const IDLE_INSTANCE: Duration = Duration::from_mins(1);

/// Keeps house until the broker stops.
pub(crate) async fn keep(broker: Arc<Broker>) {
    let settings = broker.settings();
    let retention = milliseconds(settings.log_retention_check_interval_ms);
    let checkpoints = milliseconds(i64::from(
        settings
            .log_flush_offset_checkpoint_interval_ms
            .min(settings.log_flush_start_offset_checkpoint_interval_ms),
    ));
    let jobs = Jobs::default();
    tokio::select! {
        () = broker.stop.clone().requested() => {}
        () = jobs.every(retention, &broker, |broker| housekeep(broker, |_| true)) => {}
        () = jobs.every(EACH_SECOND, &broker, each_second) => {}
        () = jobs.every(checkpoints, &broker, write_checkpoints) => {}
        () = jobs.every(IDLE_INSTANCE, &broker, trim_plugins) => {}
    }
    // A checkpoint that is being written must not come after that of the stop.
    jobs.end().await;
}

fn milliseconds(count: i64) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or(0).max(1))
}

/// Jobs that block, of which some may be under way.
#[derive(Debug, Default)]
struct Jobs {
    /// Held by each job for reading.
    under_way: Arc<RwLock<()>>,
}

impl Jobs {
    /// Does a job again and again, never twice at once.
    async fn every(&self, period: Duration, broker: &Arc<Broker>, job: fn(&Broker)) {
        // A period beyond what a timer can tell is as good as none.
        let Some(first) = Instant::now().checked_add(period) else { return std::future::pending().await };
        let mut ticks = interval_at(first, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let broker = Arc::clone(broker);
            let under_way = Arc::clone(&self.under_way).read_owned().await;
            let done = tokio::task::spawn_blocking(move || {
                job(&broker);
                drop(broker);
                drop(under_way);
            });
            if let Err(failure) = done.await {
                error!(%failure, "housekeeping failed; it is tried again");
            }
        }
    }

    /// Waits for those that are under way; no more begin.
    async fn end(self) {
        drop(self.under_way.write().await);
    }
}

fn trim_plugins(broker: &Broker) {
    for bound in broker.bound_plugins() {
        bound.plugin.trim(IDLE_INSTANCE);
    }
}

fn each_second(broker: &Broker) {
    broker.partitions.recent().tick();
    housekeep(broker, |flush_ms| flush_ms < i64::MAX);
}

/// Retention, rolling, expiry and late flushes of the topics whose `flush.ms` is `due`.
fn housekeep(broker: &Broker, due: fn(i64) -> bool) {
    for topic in broker.partitions.topics() {
        if !due(topic.settings.flush_ms) {
            continue;
        }
        for partition in topic.online() {
            if broker.stop.is_requested() {
                return;
            }
            housekeep_one(broker, partition);
        }
    }
}

fn housekeep_one(broker: &Broker, partition: &Arc<Partition>) {
    match partition.housekeep(broker.clock.now()) {
        Ok(report) if report.deleted.is_empty() => {}
        Ok(report) => {
            let bytes: u64 = report.deleted.iter().map(|deleted| deleted.size_bytes).sum();
            let segments = report.deleted.len();
            info!(partition = %partition.id(), segments, bytes, "retention deleted segments");
        }
        Err(error) => debug!(partition = %partition.id(), %error, "no housekeeping"),
    }
}

/// Writes down where recovery after a crash has to begin, then removes files that no start will look for.
pub(crate) fn write_checkpoints(broker: &Broker) {
    let now = broker.clock.now();
    let partitions = broker.partitions.all();
    let recovery_points = partitions.iter().filter_map(|partition| {
        let checkpoint = partition.checkpoint();
        checkpoint.ok().map(|offset| (partition.id().clone(), offset))
    });
    if !broker.partitions.write_checkpoints(recovery_points.collect()) {
        return;
    }
    for partition in partitions {
        for segment in partition.take_retired(now) {
            if let Err(error) = segment.remove() {
                warn!(partition = %partition.id(), %error, "a deleted segment stays on disk");
            }
        }
    }
}

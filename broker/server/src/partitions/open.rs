//! Opening partitions, many at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use klamm_controller::TopicImage;
use klamm_controller::settings::{BrokerSettings, TopicSettings};
use klamm_log::OpenState;
use klamm_model::{LeaderEpoch, Offset, PartitionIndex, TopicPartition};
use klamm_partition::{Partition, PartitionOptions};
use tracing::{error, info, warn};

use super::log_config::{MAX_UNCOMPRESSED_BYTES, log_config};
use super::{Partitions, Replica};

/// How often progress is told.
const PROGRESS: Duration = Duration::from_secs(1);

/// What the last run wrote down of its logs.
#[derive(Debug, Default)]
pub(crate) struct Checkpoints {
    /// Whether the last run ended in order, so that no log needs recovery.
    pub(crate) clean: bool,
    /// Whether what the last run left in memory is on the disk by now.
    pub(crate) settled: bool,
    /// The partitions whose directories are there.
    pub(crate) there: BTreeSet<TopicPartition>,
    /// Up to where each log was on the disk.
    pub(crate) recovery_points: BTreeMap<TopicPartition, Offset>,
    /// Where each log started, without those that started at 0; `None` if that is not known.
    pub(crate) log_starts: Option<BTreeMap<TopicPartition, Offset>>,
    /// Up to where each compacted log was cleaned.
    pub(crate) cleaned: BTreeMap<TopicPartition, Offset>,
}

impl Checkpoints {
    fn open_state(&self, partition: &TopicPartition, now: klamm_model::TimestampMs) -> OpenState {
        let offset = |offsets: &BTreeMap<_, _>| offsets.get(partition).copied().unwrap_or(Offset::ZERO);
        OpenState {
            clean: self.clean,
            settled: self.settled,
            recovery_point: offset(&self.recovery_points),
            log_start_offset: self.log_starts.as_ref().map_or(Offset::UNKNOWN, offset),
            now,
        }
    }
}

/// How many threads look at partitions at the start.
pub(crate) fn recovery_threads(broker: &BrokerSettings) -> usize {
    usize::try_from(broker.num_recovery_threads_per_data_dir).unwrap_or(1)
}

/// A partition to be opened.
#[derive(Debug)]
pub(super) struct ToOpen {
    pub(super) topic: Arc<TopicImage>,
    pub(super) settings: TopicSettings,
    pub(super) index: usize,
    pub(super) leader_epoch: LeaderEpoch,
}

impl ToOpen {
    fn id(&self) -> TopicPartition {
        TopicPartition::new(self.topic.name.clone(), PartitionIndex(self.index as i32))
    }
}

/// What came of a job: its place in the list, and the replica.
type Opened = (usize, Replica);

impl Partitions {
    /// Opens partitions on `num.recovery.threads.per.data.dir` threads and tells of the progress. One that
    /// can't be opened is offline; the others are served.
    pub(super) fn open_all(&self, jobs: &[ToOpen], broker: &BrokerSettings) -> Vec<Replica> {
        let threads = recovery_threads(broker);
        let mut replicas = vec![Replica::Elsewhere; jobs.len()];
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let (done, opened) = sync_channel::<Opened>(threads);
            for _ in 0..threads.min(jobs.len()) {
                let done = done.clone();
                let next = &next;
                scope.spawn(move || self.open_some(jobs, broker, next, &done));
            }
            drop(done);
            let begun = Instant::now();
            let mut told = begun;
            let mut count = 0;
            loop {
                match opened.recv_timeout(PROGRESS) {
                    Ok((index, replica)) => {
                        replicas[index] = replica;
                        count += 1;
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                if told.elapsed() >= PROGRESS {
                    told = Instant::now();
                    info!(
                        opened = count,
                        of = jobs.len(),
                        seconds = begun.elapsed().as_secs(),
                        "opening partitions"
                    );
                }
            }
        });
        replicas
    }

    fn open_some(
        &self,
        jobs: &[ToOpen],
        broker: &BrokerSettings,
        next: &AtomicUsize,
        done: &SyncSender<Opened>,
    ) {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(index) else { return };
            let replica = self.open_one(job, broker);
            if done.send((index, replica)).is_err() {
                return;
            }
        }
    }

    fn open_one(&self, job: &ToOpen, broker: &BrokerSettings) -> Replica {
        let id = job.id();
        match self.try_open(job, &id, broker) {
            Ok(partition) => Replica::Online(partition),
            Err(why) => {
                error!(partition = %id, error = %why, "partition is offline; the others are served");
                self.keep_checkpoint(&id);
                Replica::Offline(format!("{id} is offline: {why}").into())
            }
        }
    }

    fn try_open(
        &self,
        job: &ToOpen,
        id: &TopicPartition,
        broker: &BrokerSettings,
    ) -> Result<Arc<Partition>, OpenFailure> {
        let ground = &self.ground;
        let (open_state, is_there) = {
            let checkpoints = self.checkpoints.lock();
            (checkpoints.open_state(id, ground.clock.now()), checkpoints.there.contains(id))
        };
        let dir = if is_there {
            ground.data_dir.partition_path(id)
        } else {
            ground.data_dir.create_partition(id, job.topic.id)?
        };
        let options = PartitionOptions {
            id: id.clone(),
            topic_id: job.topic.id,
            disk: Arc::clone(&ground.disk),
            dir,
            log_config: Arc::new(log_config(&job.settings, job.topic.id, job.index)),
            producer_expiration_ms: i64::from(broker.producer_id_expiration_ms),
            max_uncompressed_bytes: MAX_UNCOMPRESSED_BYTES,
            group_commit: Arc::clone(&ground.group_commit),
            recent: Arc::clone(&ground.recent),
            open_state,
            leader_epoch: job.leader_epoch,
        };
        let (partition, recovery) = Partition::open(options)?;
        if recovery.truncated_bytes > 0 {
            warn!(partition = %id, ?recovery, "a torn end of the log was cut off: a crash left it half written");
        }
        Ok(partition)
    }
}

/// Why a partition can't be opened.
#[derive(Debug, thiserror::Error)]
enum OpenFailure {
    #[error(transparent)]
    Disk(#[from] klamm_log::DiskError),
    #[error(transparent)]
    Partition(#[from] klamm_partition::OpenError),
}

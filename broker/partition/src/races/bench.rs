//! A partition on a model disk, and those who use it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use klamm_log::sim::SimDisk;
use klamm_log::sync::thread;
use klamm_log::{Disk, GroupCommit, LogConfig, OpenState};
use klamm_model::{LeaderEpoch, Offset, PartitionIndex, TimestampMs, TopicId, TopicPartition};
use klamm_records::{BatchBuilder, BuildOptions, ProduceRules, ProducedBatch, validate_produced};
use shuttle::future::block_on;

use super::model_disk::{DiskBug, ModelDisk, Promises};
use crate::{AppendError, Partition, PartitionOptions, RecentBatches};

pub(super) const NOW: TimestampMs = TimestampMs(1_700_000_000_000);
pub(super) const ORDERS: usize = 400;

/// What one test works with; each order of its threads has a new one.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) sim: SimDisk,
    pub(super) promises: Arc<Promises>,
    pub(super) partition: Arc<Partition>,
    batch: Arc<ProducedBatch>,
}

impl Bench {
    pub(super) fn new(bug: DiskBug) -> Bench {
        Bench::with(bug, &LogConfig::default())
    }

    pub(super) fn with(bug: DiskBug, config: &LogConfig) -> Bench {
        let sim = SimDisk::new(1);
        sim.create_dir_all(Path::new("/data")).unwrap();
        let promises = Arc::new(Promises::default());
        let disk = ModelDisk { sim: sim.clone(), promises: promises.clone(), bug };
        let (partition, _) = Partition::open(PartitionOptions {
            id: TopicPartition::new("t".parse().unwrap(), PartitionIndex(0)),
            topic_id: TopicId::ZERO,
            disk: Arc::new(disk),
            dir: "/data/t-0".into(),
            log_config: Arc::new(config.clone()),
            producer_expiration_ms: i64::MAX,
            max_uncompressed_bytes: 1 << 20,
            recent: RecentBatches::new(1 << 20),
            group_commit: GroupCommit::start(1, Box::new(|_| {})).unwrap(),
            open_state: OpenState {
                settled: false,
                clean: true,
                recovery_point: Offset::ZERO,
                log_start_offset: Offset::ZERO,
                now: NOW,
            },
            leader_epoch: LeaderEpoch(3),
        })
        .unwrap();
        // Opening is not what is searched.
        promises.fsyncs.store(0, Ordering::SeqCst);
        Bench { sim, promises, partition, batch: Arc::new(one_record()) }
    }

    pub(super) fn batch(&self) -> &ProducedBatch {
        &self.batch
    }

    /// Bytes of a batch; all are alike.
    pub(super) fn batch_bytes(&self) -> u64 {
        self.batch.header().size_bytes() as u64
    }

    /// How many records the disk has promised to keep.
    pub(super) fn durable_records(&self) -> i64 {
        (self.promises.durable_bytes.load(Ordering::SeqCst) / self.batch_bytes()) as i64
    }

    pub(super) fn fsyncs(&self) -> u64 {
        self.promises.fsyncs.load(Ordering::SeqCst)
    }

    /// Appends a record and waits for its acknowledgement, which is looked at; whether it came.
    pub(super) fn produce(&self) -> bool {
        let appended = match self.partition.append(self.batch(), NOW) {
            Ok(appended) => appended,
            Err(AppendError::Stopped(_)) => return false,
            Err(error) => panic!("{error}"),
        };
        let acknowledged = block_on(self.partition.committed(appended.last_offset)).is_ok();
        if acknowledged {
            assert!(self.durable_records() > appended.last_offset.0, "acknowledged before it was durable");
        }
        acknowledged
    }

    /// So many producers of a record each, each a thread.
    pub(super) fn producers(&self, count: usize) -> Vec<thread::JoinHandle<bool>> {
        let producer = || {
            let bench = self.clone();
            thread::spawn(move || bench.produce())
        };
        (0..count).map(|_| producer()).collect()
    }
}

/// How many were acknowledged.
pub(super) fn join(producers: Vec<thread::JoinHandle<bool>>) -> usize {
    producers
        .into_iter()
        .map(|producer| producer.join().unwrap())
        .filter(|acknowledged| *acknowledged)
        .count()
}

fn one_record() -> ProducedBatch {
    let mut builder = BatchBuilder::new(BuildOptions::default());
    builder.append(NOW, None, Some(&[b'x'; 10]), &[]);
    let rules = ProduceRules { max_uncompressed_bytes: 1 << 20, ..ProduceRules::anything(NOW) };
    validate_produced(&builder.build().unwrap(), &rules).unwrap()
}

//! What the tests have in common: a partition on a simulated disk, batches, and a way to wait.

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use bytes::Bytes;
pub(crate) use klamm_log::sim::Gate;
use klamm_log::sim::SimDisk;
use klamm_log::{Disk, GroupCommit, LogConfig, OpenState};
use klamm_model::{
    LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence, TimestampMs, TopicId,
    TopicPartition,
};
use klamm_partition::{Appended, Fetch, Isolation, Partition, PartitionOptions, RecentBatches};
use klamm_records::{
    BatchBuilder, BuildOptions, ProduceRules, ProducedBatch, ProducerStamp, batches, validate_produced,
};

pub(crate) const NOW: TimestampMs = TimestampMs(1_700_000_000_000);
const DAY_MS: i64 = 86_400_000;

/// A disk, a thread that flushes, and settings: all that a partition needs.
pub(crate) struct Bench {
    pub(crate) disk: SimDisk,
    pub(crate) config: LogConfig,
    pub(crate) group_commit: Arc<GroupCommit>,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench::with_seed(1)
    }

    pub(crate) fn with_seed(seed: u64) -> Bench {
        let disk = SimDisk::new(seed);
        disk.create_dir_all(Path::new("/data")).unwrap();
        disk.sync_dir(Path::new("/")).unwrap();
        let group_commit = GroupCommit::start(1, Box::new(|_| {})).unwrap();
        Bench { disk, config: LogConfig::default(), group_commit }
    }

    pub(crate) fn options(&self, clean: bool, recovery_point: Offset) -> PartitionOptions {
        PartitionOptions {
            id: TopicPartition::new("t".parse().unwrap(), PartitionIndex(0)),
            topic_id: TopicId::ZERO,
            disk: Arc::new(self.disk.clone()),
            dir: "/data/t-0".into(),
            log_config: Arc::new(self.config.clone()),
            producer_expiration_ms: DAY_MS,
            max_uncompressed_bytes: 1 << 20,
            recent: RecentBatches::new(1 << 20),
            group_commit: self.group_commit.clone(),
            open_state: OpenState {
                clean,
                settled: false,
                recovery_point,
                log_start_offset: Offset::UNKNOWN,
                now: NOW,
            },
            leader_epoch: LeaderEpoch(3),
        }
    }

    /// Opens the partition as after a crash.
    pub(crate) fn open(&self) -> Arc<Partition> {
        Partition::open(self.options(false, Offset::ZERO)).unwrap().0
    }

    /// The power goes and comes back; nothing of the old partition writes any more.
    pub(crate) fn cut_power(&self, partition: Arc<Partition>) {
        self.disk.cut_power();
        drop(partition);
    }

    /// How many producer snapshots there are.
    pub(crate) fn snapshots(&self) -> usize {
        let is_snapshot =
            |path: &&std::path::PathBuf| path.extension().is_some_and(|kind| kind == "snapshot");
        self.disk.snapshot().keys().filter(is_snapshot).count()
    }
}

/// A batch of `records` records of 100 bytes.
pub(crate) fn plain(records: usize) -> ProducedBatch {
    built(BuildOptions::default(), records, NOW)
}

/// A batch of producer 7.
pub(crate) fn sequenced(epoch: i16, sequence: i32, records: usize) -> ProducedBatch {
    let producer =
        ProducerStamp { id: ProducerId(7), epoch: ProducerEpoch(epoch), base_sequence: Sequence(sequence) };
    built(BuildOptions { producer: Some(producer), ..BuildOptions::default() }, records, NOW)
}

pub(crate) fn built(options: BuildOptions, records: usize, timestamp: TimestampMs) -> ProducedBatch {
    let mut builder = BatchBuilder::new(options);
    for _ in 0..records {
        builder.append(timestamp, None, Some(&[b'x'; 100]), &[]);
    }
    validated(builder)
}

pub(crate) fn validated(builder: BatchBuilder) -> ProducedBatch {
    let rules = ProduceRules { max_uncompressed_bytes: 1 << 20, ..ProduceRules::anything(NOW) };
    validate_produced(&builder.build().unwrap(), &rules).unwrap()
}

/// Appends and waits until it is committed.
pub(crate) fn append_committed(partition: &Arc<Partition>, batch: &ProducedBatch) -> Appended {
    let appended = partition.append(batch, NOW).unwrap();
    block_on(partition.committed(appended.last_offset)).unwrap();
    appended
}

pub(crate) fn fetch(offset: i64) -> Fetch {
    Fetch {
        offset: Offset(offset),
        max_bytes: 1 << 20,
        min_one: true,
        isolation: Isolation::ReadUncommitted,
        current_leader_epoch: None,
        last_fetched_epoch: None,
    }
}

/// Base offsets of the batches from `offset` on that a consumer sees.
pub(crate) fn visible_from(partition: &Partition, offset: i64) -> Vec<i64> {
    base_offsets(&partition.read(&fetch(offset)).unwrap().records)
}

/// Base offsets of all batches that a consumer sees; one read ends with its segment.
pub(crate) fn all_visible(partition: &Partition) -> Vec<i64> {
    let mut all = Vec::new();
    loop {
        // The tests that call this have batches of one record.
        let next = all.last().map_or(0, |last| last + 1);
        let more = visible_from(partition, next);
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}

pub(crate) fn base_offsets(records: &[Bytes]) -> Vec<i64> {
    let whole = records.concat();
    batches(&whole).map(|batch| batch.unwrap().header.base_offset.0).collect()
}

pub(crate) fn wait_for_the_flush_thread(bench: &Bench) {
    Gate::shut(&bench.group_commit).send(()).unwrap();
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread. A lost wake-up fails the test instead of hanging it.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "nobody woke this wait");
        thread::park_timeout(left);
        // Whoever is not woken may not look again: only the waker's unpark gets past this in time.
        assert!(Instant::now() < deadline, "nobody woke this wait");
    }
}

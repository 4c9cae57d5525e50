//! Opening a partition.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64};

use klamm_log::sync::Mutex;
use klamm_log::{Disk, FlushSlot, GroupCommit, Log, LogConfig, OpenState, Recovery, Replay};
use klamm_model::{LeaderEpoch, TimestampMs, TopicId, TopicPartition};
use klamm_records::BatchHeader;

use crate::commit::CommitQueue;
use crate::error::OpenError;
use crate::fetch_wait::FetchWaiters;
use crate::partition::{Partition, State, commit_rule};
use crate::producers::{ProducerTable, SequencedBatch, StoredBatch};
use crate::recent::RecentBatches;
use crate::watermarks::Watermarks;

/// What a partition is made of.
#[derive(Debug, Clone)]
pub struct PartitionOptions {
    /// Its topic and number.
    pub id: TopicPartition,
    /// Its topic's id.
    pub topic_id: TopicId,
    /// The disk it is on.
    pub disk: Arc<dyn Disk>,
    /// Its directory; made if it is absent.
    pub dir: PathBuf,
    /// The settings of its log.
    pub log_config: Arc<LogConfig>,
    /// `producer.id.expiration.ms`: after this long without a record a producer is forgotten.
    pub producer_expiration_ms: i64,
    /// The most bytes that a batch may have uncompressed when a lookup by time must look into it.
    pub max_uncompressed_bytes: usize,
    /// Who flushes.
    pub group_commit: Arc<GroupCommit>,
    /// What the checkpoints say of its log.
    pub open_state: OpenState,
    /// Where its newest batches are kept in memory, among those of the broker's other partitions.
    pub recent: Arc<RecentBatches>,
    /// The epoch in which this broker leads it.
    pub leader_epoch: LeaderEpoch,
}

impl Partition {
    /// Opens a partition: recovers its log, and from it what its producers did. Blocks.
    pub fn open(options: PartitionOptions) -> Result<(Arc<Partition>, Recovery), OpenError> {
        let mut producers = ProducerTable::default();
        let mut snapshot_offset = None;
        let now = options.open_state.now;
        let (mut log, recovery) = Log::open(
            options.disk,
            &options.dir,
            options.log_config.clone(),
            options.open_state,
            &mut |event| {
                if let Replay::Snapshot { offset, .. } = &event {
                    snapshot_offset = Some(*offset);
                }
                producers.replay(event, now);
            },
        )?;
        producers.expire(now, options.producer_expiration_ms);
        let end = log.end_offset();
        debug_assert_eq!(end, log.durable_offset(), "what was found is on the disk");
        log.assign_epoch(options.leader_epoch, end);
        let watermarks = Watermarks::opened(commit_rule(&options.log_config), end);
        let partition = Partition {
            id: options.id,
            topic_id: options.topic_id,
            group_commit: options.group_commit,
            flush_slot: FlushSlot::default(),
            flushing: Mutex::new(()),
            files: Mutex::new(()),
            cleaning: Mutex::new(()),
            closing: AtomicBool::new(false),
            producer_expiration_ms: AtomicI64::new(options.producer_expiration_ms),
            max_uncompressed_bytes: options.max_uncompressed_bytes,
            commits: Arc::new(CommitQueue::new(end)),
            fetchers: Arc::new(FetchWaiters::new(watermarks.high())),
            state: Mutex::new(State {
                log,
                recent: options.recent.part(),
                producers,
                watermarks,
                leader_epoch: options.leader_epoch,
                undurable_since: None,
                pending_snapshot: None,
                snapshot_offset,
                stopped: None,
            }),
        };
        Ok((Arc::new(partition), recovery))
    }
}

impl ProducerTable {
    fn replay(&mut self, event: Replay<'_>, now: TimestampMs) {
        match event {
            Replay::Snapshot { entries, .. } => *self = ProducerTable::from_snapshot(&entries),
            Replay::Batch(header) => self.replay_batch(header, now),
        }
    }

    /// A batch that no snapshot covers was written not long before the stop; nobody knows when, so it counts as heard now:
    /// its producer may be about to send it again.
    fn replay_batch(&mut self, header: &BatchHeader, now: TimestampMs) {
        if let Some(sequenced) = SequencedBatch::of(header) {
            self.record(&sequenced, StoredBatch::of(header), header.attributes.is_transactional(), now);
        } else if header.attributes.is_control() && header.producer_id.is_some() {
            let (id, epoch) = (header.producer_id, header.producer_epoch);
            self.end_transaction(id, epoch, header.base_offset, now);
            // All that is in the log at a start is visible.
            self.high_watermark_advanced(header.next_offset());
        }
    }
}

//! The partition: the lock, what is behind it, and how the outside is told of changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64};

use klamm_log::sync::Mutex;
use klamm_log::{FlushSlot, GroupCommit, Log, LogConfig};
use klamm_model::{LeaderEpoch, Offset, TimestampMs, TopicId, TopicPartition};

use crate::commit::{CommitQueue, Committed};
use crate::fetch::Isolation;
use crate::fetch_wait::{FetchWait, FetchWaiters};
use crate::health::{Health, StopReason};
use crate::producers::ProducerTable;
use crate::recent::OwnRecent;
use crate::snapshot::PendingSnapshot;
use crate::watermarks::{CommitRule, Position, Watermarks};

/// One replica of one partition. Every method may be called from any thread at any time.
#[derive(Debug)]
pub struct Partition {
    pub(crate) id: TopicPartition,
    pub(crate) topic_id: TopicId,
    pub(crate) group_commit: Arc<GroupCommit>,
    pub(crate) flush_slot: FlushSlot,
    /// Held for the length of a flush, so that flushes come one after the other.
    pub(crate) flushing: Mutex<()>,
    /// Held while small files (producer snapshots, leader epochs) are written.
    pub(crate) files: Mutex<()>,
    /// Held for the length of a cleaning.
    pub(crate) cleaning: Mutex<()>,
    /// A cleaning is to end.
    pub(crate) closing: AtomicBool,
    pub(crate) producer_expiration_ms: AtomicI64,
    pub(crate) max_uncompressed_bytes: usize,
    pub(crate) state: Mutex<State>,
    pub(crate) commits: Arc<CommitQueue>,
    pub(crate) fetchers: Arc<FetchWaiters>,
}

/// What the lock protects. It is held for microseconds: never over an fsync or a read of the disk.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) log: Log,
    pub(crate) recent: OwnRecent,
    pub(crate) producers: ProducerTable,
    pub(crate) watermarks: Watermarks,
    pub(crate) leader_epoch: LeaderEpoch,
    /// When the oldest record was appended that is not on the disk, from which `flush.ms` counts.
    pub(crate) undurable_since: Option<TimestampMs>,
    /// Producer state that is to be written; see `snapshot`.
    pub(crate) pending_snapshot: Option<PendingSnapshot>,
    /// The offset of the newest snapshot file.
    pub(crate) snapshot_offset: Option<Offset>,
    pub(crate) stopped: Option<Arc<StopReason>>,
}

/// A leader epoch and the offset at which it ends (KIP-101).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochEnd {
    /// The largest epoch in the log that is not above the one asked for.
    pub leader_epoch: LeaderEpoch,
    /// The offset after its last record.
    pub end_offset: Offset,
}

impl Partition {
    /// Its topic and number.
    pub fn id(&self) -> &TopicPartition {
        &self.id
    }

    /// Its topic's id.
    pub fn topic_id(&self) -> TopicId {
        self.topic_id
    }

    /// The epoch of its leader.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.state.lock().leader_epoch
    }

    /// The first offset that can be read.
    pub fn log_start_offset(&self) -> Offset {
        self.state.lock().log.start_offset()
    }

    /// The offset of the next record.
    pub fn log_end_offset(&self) -> Offset {
        self.state.lock().log.end_offset()
    }

    /// Consumers see all below it.
    pub fn high_watermark(&self) -> Offset {
        self.state.lock().watermarks.high().offset
    }

    /// read_committed consumers see all below it.
    pub fn last_stable_offset(&self) -> Offset {
        self.state.lock().last_stable_offset()
    }

    /// Whether it takes records, and if not, why.
    pub fn health(&self) -> Health {
        match &self.state.lock().stopped {
            None => Health::Healthy,
            Some(reason) => Health::Stopped(reason.clone()),
        }
    }

    /// Where the largest epoch not above `epoch` ends; `None` if `epoch` is newer than all in the log
    /// (OffsetForLeaderEpoch).
    pub fn epoch_end_offset(&self, epoch: LeaderEpoch) -> Option<EpochEnd> {
        self.state.lock().epoch_end(epoch)
    }

    /// Waits until all records up to `last_offset` are on the disk. The flush that brings them there was asked
    /// for by [`Partition::append`], if the settings ask for one.
    pub fn committed(&self, last_offset: Offset) -> Committed {
        Committed::new(self.commits.clone(), last_offset)
    }

    /// Lets `wait` count the bytes that become visible from now on.
    ///
    /// `seen` is the high watermark that the read saw ([`crate::Fetched::high_watermark`]), not the offset that
    /// the fetch asked for: with another high watermark now, `wait` is ready at once.
    pub fn watch(&self, seen: Offset, wait: &FetchWait) {
        self.fetchers.watch(seen, wait);
    }

    /// Other settings of the log from now on.
    pub fn set_log_config(&self, config: Arc<LogConfig>) {
        let mut state = self.state.lock();
        let rule = commit_rule(&config);
        state.log.set_config(config);
        let advanced = state.watermarks.set_rule(rule);
        let high = advanced.inspect(|high| state.producers.high_watermark_advanced(high.offset));
        drop(state);
        self.high_watermark_advanced(high);
    }

    /// This broker leads the partition in `epoch` from now on. Fetches that wait are woken, to be answered by
    /// the new leader.
    pub fn set_leader_epoch(&self, epoch: LeaderEpoch) {
        let mut state = self.state.lock();
        state.leader_epoch = epoch;
        let end = state.log.end_offset();
        state.log.assign_epoch(epoch, end);
        drop(state);
        self.fetchers.wake_all();
    }

    /// Tells those who wait for records; outside the lock.
    pub(crate) fn high_watermark_advanced(&self, high: Option<Position>) {
        if let Some(high) = high {
            self.fetchers.advance(high);
        }
    }

    /// Tells everyone that nothing will be written any more; outside the lock.
    pub(crate) fn stop_waiters(&self, reason: &Arc<StopReason>) {
        self.commits.stop(reason.clone());
        self.fetchers.wake_all();
    }

    /// Takes note that the log has stopped; gives why if it has.
    pub(crate) fn notice_stop(&self, state: &mut State) -> Option<Arc<StopReason>> {
        let reason = state.log.stopped()?.clone();
        let stopped = || Arc::new(StopReason::Disk { partition: self.id.clone(), reason });
        Some(state.stopped.get_or_insert_with(stopped).clone())
    }
}

impl State {
    pub(crate) fn last_stable_offset(&self) -> Offset {
        self.watermarks.last_stable_offset(self.producers.first_unstable())
    }

    pub(crate) fn visible_end(&self, isolation: Isolation) -> Offset {
        match isolation {
            Isolation::ReadUncommitted => self.watermarks.high().offset,
            Isolation::ReadCommitted => self.last_stable_offset(),
            Isolation::LogEnd => self.log.end_offset(),
        }
    }

    pub(crate) fn epoch_end(&self, epoch: LeaderEpoch) -> Option<EpochEnd> {
        let (leader_epoch, end_offset) = self.log.epoch_end_offset(epoch)?;
        Some(EpochEnd { leader_epoch, end_offset })
    }

    /// Records can be appended unless the partition is stopped.
    pub(crate) fn writable(&self) -> Result<(), Arc<StopReason>> {
        self.stopped.clone().map_or(Ok(()), Err)
    }

    /// Records can be read unless the partition is closed: after a disk's failure what was visible still is.
    pub(crate) fn readable(&self) -> Result<(), Arc<StopReason>> {
        match &self.stopped {
            Some(reason) if matches!(**reason, StopReason::Closed { .. }) => Err(reason.clone()),
            _ => Ok(()),
        }
    }
}

/// `flush.messages=1` is the promise that what is seen and acknowledged is on the disk.
pub(crate) fn commit_rule(config: &LogConfig) -> CommitRule {
    if config.flush_messages <= 1 { CommitRule::Fsynced } else { CommitRule::Written }
}

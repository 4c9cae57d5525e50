//! Appending a batch.

use std::sync::Arc;

use klamm_model::{Offset, TimestampMs};
use klamm_records::{BatchHeader, ProducedBatch, TimestampType};

use crate::error::AppendError;
use crate::partition::{Partition, State};
use crate::producers::{Check, SequencedBatch, StoredBatch};
use crate::watermarks::{CommitRule, Position};

/// Whether an acknowledgement must wait for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// It need not.
    Done,
    /// It must: await [`Partition::committed`] of the last offset.
    Wait,
}

/// Where a batch is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Offset of its first record.
    pub base_offset: Offset,
    /// Offset of its last record.
    pub last_offset: Offset,
    /// When it was appended, for topics with LogAppendTime; else [`TimestampMs::NONE`]. For a duplicate, the
    /// largest timestamp of the batch, as Kafka answers.
    pub log_append_time: TimestampMs,
    /// The log start offset.
    pub log_start_offset: Offset,
    /// Whether it had been appended before, by an earlier try of the same producer.
    pub duplicate: bool,
    /// Whether its acknowledgement must wait.
    pub commit: Commit,
}

/// What happens after the lock is given up.
struct Effects {
    high_watermark: Option<Position>,
    flush: bool,
}

impl Effects {
    const NONE: Effects = Effects { high_watermark: None, flush: false };
}

impl Partition {
    /// Appends a validated batch, or finds it appended by an earlier try of its producer.
    ///
    /// It returns as soon as the batch is in the page cache. A flush is asked for here if the settings want one;
    /// [`Appended::commit`] says whether to wait for it.
    pub fn append(
        self: &Arc<Self>,
        batch: &ProducedBatch,
        now: TimestampMs,
    ) -> Result<Appended, AppendError> {
        let mut state = self.state.lock();
        state.writable().map_err(AppendError::Stopped)?;
        let outcome = state.append(batch, now);
        let stopped = self.notice_stop(&mut state);
        drop(state);
        if let Some(reason) = stopped {
            self.stop_waiters(&reason);
        }
        let (appended, effects) = outcome?;
        self.high_watermark_advanced(effects.high_watermark);
        if effects.flush {
            self.submit_flush();
        }
        Ok(appended)
    }
}

impl Partition {
    /// Whether [`Partition::append`] would find the batch appended already, or refuse it, for its sequence: known before anything is
    /// done with its records elsewhere.
    ///
    /// # Errors
    /// If its sequence is not the next one, or the partition takes nothing.
    pub fn appended_before(&self, batch: &BatchHeader) -> Result<Option<Appended>, AppendError> {
        let state = self.state.lock();
        state.writable().map_err(AppendError::Stopped)?;
        match SequencedBatch::of(batch).map(|sequenced| state.producers.check(&sequenced)).transpose()? {
            Some(Check::Duplicate(stored)) => Ok(Some(state.duplicate(&stored))),
            Some(Check::Fresh) | None => Ok(None),
        }
    }
}

impl State {
    fn append(
        &mut self,
        batch: &ProducedBatch,
        now: TimestampMs,
    ) -> Result<(Appended, Effects), AppendError> {
        let sequenced = SequencedBatch::of(batch.header());
        if let Some(sequenced) = &sequenced
            && let Check::Duplicate(stored) = self.producers.check(sequenced)?
        {
            return Ok((self.duplicate(&stored), Effects::NONE));
        }
        let placed = batch.place(self.log.end_offset(), self.leader_epoch);
        let header = &placed.header;
        let appended = self.log.append(&placed, now)?;
        self.recent.keep(&placed);
        if let Some(base_offset) = appended.rolled {
            self.note_snapshot(base_offset);
        }
        if let Some(sequenced) = &sequenced {
            let stored = StoredBatch::of(header);
            self.producers.record(sequenced, stored, header.attributes.is_transactional(), now);
        }
        let high_watermark = self.watermarks.appended(header.next_offset(), header.size_bytes() as u64);
        if let Some(high) = high_watermark {
            self.producers.high_watermark_advanced(high.offset);
        }
        self.undurable_since.get_or_insert(now);
        let commit = self.commit(header.last_offset());
        // A sealed segment goes to the disk soon, whatever the settings: a restart then verifies one segment only.
        let flush = commit == Commit::Wait || appended.rolled.is_some();
        let effects = Effects { high_watermark, flush };
        Ok((self.answer(header, commit), effects))
    }

    fn answer(&self, header: &BatchHeader, commit: Commit) -> Appended {
        let log_append_time = match header.attributes.timestamp_type() {
            TimestampType::LogAppendTime => header.max_timestamp,
            TimestampType::CreateTime => TimestampMs::NONE,
        };
        Appended {
            base_offset: header.base_offset,
            last_offset: header.last_offset(),
            log_append_time,
            log_start_offset: self.log.start_offset(),
            duplicate: false,
            commit,
        }
    }

    /// The answer to a retry. Its first try may still wait for the disk, and so must this one.
    fn duplicate(&self, stored: &StoredBatch) -> Appended {
        let undurable = self.watermarks.durable().offset <= stored.last_offset;
        let wait = undurable && self.watermarks.rule() == CommitRule::Fsynced;
        Appended {
            base_offset: stored.base_offset,
            last_offset: stored.last_offset,
            log_append_time: stored.timestamp,
            log_start_offset: self.log.start_offset(),
            duplicate: true,
            commit: if wait { Commit::Wait } else { Commit::Done },
        }
    }

    /// `flush.messages`: when so many records are not on the disk, the append that makes it so many waits.
    fn commit(&self, last_offset: Offset) -> Commit {
        let not_durable = last_offset.next().0 - self.watermarks.durable().offset.0;
        let allowed = self.log.config().flush_messages.max(1);
        if not_durable as u64 >= allowed { Commit::Wait } else { Commit::Done }
    }
}

impl SequencedBatch {
    /// The producer's side of a batch; `None` for a producer without idempotence and for control batches,
    /// which have no sequence.
    pub(crate) fn of(header: &BatchHeader) -> Option<SequencedBatch> {
        let sequenced = header.producer_id.is_some() && header.base_sequence.0 >= 0;
        (sequenced && !header.attributes.is_control()).then(|| SequencedBatch {
            producer_id: header.producer_id,
            epoch: header.producer_epoch,
            first_sequence: header.base_sequence,
            last_sequence: header.last_sequence(),
        })
    }
}

impl StoredBatch {
    pub(crate) fn of(header: &BatchHeader) -> StoredBatch {
        StoredBatch {
            first_sequence: header.base_sequence,
            last_sequence: header.last_sequence(),
            base_offset: header.base_offset,
            last_offset: header.last_offset(),
            timestamp: header.max_timestamp,
        }
    }
}

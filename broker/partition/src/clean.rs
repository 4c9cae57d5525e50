//! Compaction of the log (`cleanup.policy=compact`).

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use klamm_log::cleaner::{
    CleanRules, Cleanable, Cleaned, CleaningRun, CleaningView, MappedKeys, OffsetMap, Pace, Remembered,
};
use klamm_model::{Offset, TimestampMs};

use crate::error::CleanError;
use crate::partition::{Partition, State};

/// How a partition is to be cleaned.
#[derive(Debug, Clone, Copy)]
pub struct Clean {
    /// What there is to do, from [`Partition::cleanable`].
    pub cleanable: Cleanable,
    /// `delete.retention.ms`: tombstones stay this long after they were first seen.
    pub delete_retention_ms: i64,
    /// The time.
    pub now: TimestampMs,
    /// Memory for keys, in bytes: 24 for each.
    pub map_bytes: usize,
    /// The share of it that is used, 0 to 1.
    pub load_factor: f64,
    /// Bytes that are gathered before they are written.
    pub buffer_bytes: usize,
}

/// Asked before so many more bytes are read or written: waits as long as it has to, or ends the cleaning. The function it
/// is given tells whether the partition is being closed, which whoever waits must ask often: the closing waits for it.
pub type CleanPace<'a> = dyn FnMut(usize, &dyn Fn() -> bool) -> ControlFlow<()> + 'a;

/// What [`Partition::clean`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CleanReport {
    /// All below was cleaned, as far as there was memory for keys.
    pub cleaned: Offset,
    /// Keys in the part that was dirty.
    pub keys: usize,
    /// Bytes of the segments that were replaced.
    pub replaced_bytes: u64,
    /// Bytes of those in their place.
    pub written_bytes: u64,
}

impl Partition {
    /// How much there is to clean if all below `cleaned` was before: nothing that consumers of committed records can't
    /// see yet, and nothing that is not on the disk. Reads the disk, without the lock.
    pub fn cleanable(
        &self,
        cleaned: Option<Offset>,
        rules: &CleanRules,
        now: TimestampMs,
    ) -> Result<Cleanable, CleanError> {
        Ok(self.cleaning_view()?.assess(cleaned, rules, now).map_err(klamm_log::cleaner::CleanError::from)?)
    }

    /// Cleans the log: of each key the newest record stays. Blocks, for long; appends and reads go on meanwhile.
    pub fn clean(&self, clean: &Clean, pace: &mut CleanPace<'_>) -> Result<CleanReport, CleanError> {
        let _one_at_a_time = self.cleaning.lock();
        let is_closed = || self.closing.load(Ordering::Acquire);
        let mut pace = |bytes| if is_closed() { ControlFlow::Break(()) } else { pace(bytes, &is_closed) };
        let view = self.cleaning_view()?;
        let remembered = self.state.lock().remembered();
        let map = OffsetMap::new(clean.map_bytes, clean.load_factor);
        let keys = view.map_keys(clean.cleanable, map, self.max_uncompressed_bytes, &mut pace)?;
        let run = CleaningRun {
            map: &keys.map,
            remembered: &remembered,
            delete_retention_ms: clean.delete_retention_ms,
            now: clean.now,
            max_uncompressed_bytes: self.max_uncompressed_bytes,
            buffer_bytes: clean.buffer_bytes,
        };
        self.copy(&view, &run, &keys, &mut pace)
    }

    fn copy(
        &self,
        view: &CleaningView,
        run: &CleaningRun<'_>,
        keys: &MappedKeys,
        pace: &mut Pace<'_>,
    ) -> Result<CleanReport, CleanError> {
        let cleaned = keys.map.upto();
        let mut report = CleanReport { cleaned, keys: keys.map.len(), ..CleanReport::default() };
        let mut copying = view.copying(run, keys);
        for group in view.groups(cleaned).map_err(klamm_log::cleaner::CleanError::from)? {
            match copying.group(&group, pace) {
                Ok(Some(cleaned)) => {
                    self.swap(&cleaned)?;
                    report.replaced_bytes += cleaned.read_bytes;
                    report.written_bytes += cleaned.written_bytes;
                }
                Ok(None) => {}
                Err(error @ klamm_log::cleaner::CleanError::TooLarge { .. }) => {
                    tracing::warn!(partition = %self.id, %error, "a group of segments stays as it is");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(report)
    }

    /// Puts a cleaned segment in its place.
    fn swap(&self, cleaned: &Cleaned) -> Result<(), CleanError> {
        let mut state = self.state.lock();
        let ticket = match &state.stopped {
            None => state.log.begin_swap(cleaned),
            Some(_) => None,
        };
        drop(state);
        let Some(ticket) = ticket else {
            cleaned.discard().map_err(klamm_log::cleaner::CleanError::from)?;
            return Err(klamm_log::cleaner::CleanError::Changed.into());
        };
        let swapped = ticket.run();
        let mut state = self.state.lock();
        state.log.finish_swap(ticket, swapped);
        let stopped = self.notice_stop(&mut state);
        drop(state);
        match stopped {
            None => Ok(()),
            Some(reason) => {
                self.stop_waiters(&reason);
                Err(CleanError::Stopped(reason))
            }
        }
    }

    fn cleaning_view(&self) -> Result<CleaningView, CleanError> {
        let state = self.state.lock();
        state.writable().map_err(CleanError::Stopped)?;
        Ok(state.log.cleaning_view(state.last_stable_offset()))
    }

    /// Waits for a cleaning that is under way, which the closing has told to end.
    pub(crate) fn end_cleaning(&self) {
        drop(self.cleaning.lock());
    }
}

impl State {
    /// The batches that a restart without snapshots must find to know the producers as they are known now. Kafka keeps
    /// one a producer; here it knows the last five.
    fn remembered(&self) -> Remembered {
        let of = |entry: &crate::producers::ProducerEntry| {
            entry.batches().map(|batch| batch.last_offset).collect()
        };
        self.producers.iter().map(|(id, entry)| (id, of(entry))).collect()
    }
}

//! A broker's machine as far as one log goes, and what it must never do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use klamm_log::checkpoint::{self, LOG_START_FILE, RECOVERY_POINT_FILE};
use klamm_log::disk::LateDisk;
use klamm_log::sim::Random;
use klamm_log::{Disk, Log, LogConfig, OpenState, ProducerSnapshotEntry, ReadRequest, Replay, TimeQuery};
use klamm_model::{
    LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence, TimestampMs, TopicPartition,
};
use klamm_records::{BatchHeader, Compression, batches};

use super::planted::{Bug, Planted};
use crate::fixture::{batch_of_times, small, value};

/// What went wrong, in words.
pub type Violation = String;

/// The power failed, or something else did.
pub(super) type Life<T> = Result<T, Box<dyn std::error::Error>>;

pub struct Machine {
    pub(super) disk: Planted,
    log: Option<Log>,
    /// What was appended at each base offset, last.
    pub(super) written: BTreeMap<Offset, Bytes>,
    /// Whether the log is compacted; records have keys then.
    pub(super) compacts: bool,
    /// All from here on was never cleaned.
    pub(super) cleaned_to: Offset,
    /// Where the high watermark was when the log was last cleaned: nothing below is cut. A segment that is cleaned up to some
    /// offset is written anew to its end, with batches that begin where removed ones began.
    pub(super) high_watermark: Offset,
    /// All below was acknowledged: reported durable.
    acknowledged: Offset,
    /// Records below may be gone.
    deleted_before: Offset,
    clean: bool,
    opened: u32,
    /// The leader's epoch, which goes up at every start and now and then.
    pub(super) epoch: i32,
}

fn root() -> &'static Path {
    Path::new("/data")
}

fn partition() -> TopicPartition {
    TopicPartition::new("orders".parse().unwrap(), PartitionIndex(0))
}

fn config() -> LogConfig {
    LogConfig { retention_bytes: Some(12_000), ..small() }
}

impl Machine {
    pub fn new(disk: Planted, compacts: bool) -> Machine {
        // The data directory itself is `DataDir`'s.
        disk.disk.create_dir_all(root()).unwrap();
        disk.disk.sync_dir(Path::new("/")).unwrap();
        Machine {
            disk,
            log: None,
            written: BTreeMap::new(),
            compacts,
            cleaned_to: Offset::ZERO,
            high_watermark: Offset::ZERO,
            acknowledged: Offset::ZERO,
            deleted_before: Offset::ZERO,
            clean: false,
            opened: 0,
            epoch: 0,
        }
    }

    /// Works until something fails, which the power does at some time.
    pub fn live(&mut self, random: &mut Random) {
        let mut log = self.log.take();
        let failed = loop {
            let step = match &mut log {
                Some(open) => self.step(open, random),
                None => self.open().map(|open| log = Some(open)),
            };
            if let Err(error) = step {
                break error;
            }
            if self.clean {
                log = None;
            }
        };
        assert!(self.disk.disk.is_off(), "only the power fails here: {failed}");
    }

    fn step(&mut self, log: &mut Log, random: &mut Random) -> Life<()> {
        match random.below(40) {
            0..20 => self.append(log, random)?,
            20..28 => self.flush(log, random)?,
            28..32 => self.checkpoint(RECOVERY_POINT_FILE, log.checkpoint()?)?,
            32..34 => {
                let entry = snapshot_entry(log.end_offset());
                log.write_producer_snapshot(log.end_offset(), &[entry])?;
            }
            34 => self.delete_records(log, random)?,
            35 => self.retention(log)?,
            36 if random.one_in(3) => self.truncate(log, random)?,
            37 if random.one_in(4) => self.close(log, random)?,
            38 => self.lead(log),
            39 if self.compacts => self.clean(log, random)?,
            _ => {}
        }
        Ok(())
    }

    pub(super) fn append(&mut self, log: &mut Log, random: &mut Random) -> Life<()> {
        let base = log.end_offset();
        let count = 1 + random.below(4);
        let longest = if random.one_in(8) { 3000 } else { 200 };
        let length = random.below(longest) as usize;
        let values: Vec<Vec<u8>> = (0..count).map(|n| value(base.plus(n as i64 + 7), length)).collect();
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        // What is appended in place of something that was lost differs from it.
        let times = vec![(random.below(1 << 30)) as i64; values.len()];
        let batch = if self.compacts {
            self.keyed_batch(base, times[0], &values, random)
        } else {
            batch_of_times(base, self.epoch, &times, &values, Compression::None)
        };
        // It may be there even if the power fails while it is written.
        self.written.insert(base, batch.parts().concat().into());
        let rolled = log.append(&batch, TimestampMs(0))?.rolled;
        if let Some(offset) = rolled {
            log.write_producer_snapshot(offset, &[snapshot_entry(offset)])?;
        }
        Ok(())
    }

    /// Another leader: what is appended from now on is of its epoch.
    fn lead(&mut self, log: &mut Log) {
        self.epoch += 1;
        log.assign_epoch(LeaderEpoch(self.epoch), log.end_offset());
    }

    /// Flushes; appends may come in between, which the flush says nothing of.
    fn flush(&mut self, log: &mut Log, random: &mut Random) -> Life<()> {
        let Some(ticket) = log.begin_flush() else { return Ok(()) };
        let between = if random.one_in(2) { self.append(log, random) } else { Ok(()) };
        let result = ticket.run();
        let failed = result.is_err();
        log.finish_flush(ticket, result);
        assert_eq!(log.stopped().is_some(), failed);
        self.acknowledged = self.acknowledged.max(log.durable_offset());
        if let Some(reason) = log.stopped() {
            return Err(reason.to_string().into());
        }
        between
    }

    pub(super) fn checkpoint(&self, file: &str, offset: Offset) -> Life<()> {
        let offsets = [(partition(), offset)].into();
        Ok(checkpoint::write(&self.disk, &root().join(file), &offsets)?)
    }

    /// `None` if there is no file.
    pub(super) fn checkpointed(&self, file: &str) -> Life<Option<Offset>> {
        let offsets = checkpoint::read(&self.disk, &root().join(file))?;
        Ok(offsets.map(|offsets| offsets.get(&partition()).copied().unwrap_or_default()))
    }

    pub(super) fn delete_records(&mut self, log: &mut Log, random: &mut Random) -> Life<()> {
        let spread = (log.durable_offset().0 - log.start_offset().0) as u64;
        let offset = log.start_offset().plus(random.below(spread / 2 + 1) as i64);
        self.deleted_before = self.deleted_before.max(offset);
        log.delete_records_before(offset, TimestampMs(0))?;
        self.remove_retired(log)
    }

    fn retention(&mut self, log: &mut Log) -> Life<()> {
        log.enforce_retention(TimestampMs(0), log.durable_offset())?;
        self.deleted_before = self.deleted_before.max(log.start_offset());
        self.remove_retired(log)
    }

    fn remove_retired(&self, log: &mut Log) -> Life<()> {
        self.checkpoint(LOG_START_FILE, log.start_offset())?;
        for retired in log.take_retired(TimestampMs(0)) {
            retired.remove()?;
        }
        Ok(())
    }

    fn truncate(&mut self, log: &mut Log, random: &mut Random) -> Life<()> {
        let spread = (log.end_offset().0 - log.start_offset().0) as u64;
        let offset = log.end_offset().plus(-(random.below(spread / 2 + 1) as i64));
        // A batch that holds the offset goes whole.
        let offset = self.written.range(..=offset).next_back().map_or(offset, |(&base, _)| base);
        let offset = offset.max(log.start_offset()).max(self.high_watermark);
        let point = self.checkpointed(RECOVERY_POINT_FILE)?.unwrap_or_default();
        self.checkpoint(RECOVERY_POINT_FILE, point.min(offset))?;
        self.acknowledged = self.acknowledged.min(offset);
        let end = log.truncate_to(offset, TimestampMs(0))?;
        self.forget_from(end);
        Ok(())
    }

    /// The log ends here, and goes on with other batches.
    fn forget_from(&mut self, end: Offset) {
        self.written.retain(|_, bytes| BatchHeader::read(bytes).unwrap().next_offset() <= end);
    }

    fn close(&mut self, log: &mut Log, random: &mut Random) -> Life<()> {
        // Every other time as a server does that has many logs.
        let end = if self.opened.is_multiple_of(2) {
            let late = LateDisk::new(Arc::new(self.disk.clone()));
            let end = log.close_on(&late)?;
            late.settle(root())?;
            end
        } else {
            log.close()?
        };
        self.acknowledged = self.acknowledged.max(end);
        self.checkpoint(RECOVERY_POINT_FILE, end)?;
        self.clean = true;
        if random.one_in(3) {
            // What was closed in order stays in order when the power fails after that.
            self.disk.disk.fail_power_at(0);
        }
        Ok(())
    }

    fn open(&mut self) -> Life<Log> {
        let recovery_point = self.checkpointed(RECOVERY_POINT_FILE)?.unwrap_or_default();
        let log_start_offset = self.checkpointed(LOG_START_FILE)?.unwrap_or(Offset::UNKNOWN);
        let was_clean = std::mem::take(&mut self.clean);
        let clean = was_clean || self.disk.bug == Some(Bug::SkipRecovery);
        // Every other time as a server does that has many logs.
        self.opened += 1;
        let settled = self.opened.is_multiple_of(2);
        if settled {
            self.disk.sync_file_system(root())?;
        }
        let state = OpenState { clean, settled, recovery_point, log_start_offset, now: TimestampMs(0) };
        let mut covered: Option<Offset> = None;
        let mut wrong = None;
        let mut replay = |replay: Replay<'_>| match replay {
            Replay::Snapshot { offset, entries } => {
                covered = Some(offset);
                if entries != [snapshot_entry(offset)] {
                    wrong = Some(format!("the snapshot at {offset} has {entries:?}"));
                }
            }
            Replay::Batch(header) => {
                covered = Some(header.next_offset());
            }
        };
        let disk = Arc::new(self.disk.clone());
        let (log, _) = Log::open(disk, &root().join("orders-0"), Arc::new(config()), state, &mut replay)?;
        if let Some(wrong) = wrong {
            return Err(wrong.into());
        }
        if covered.is_some_and(|covered| covered.max(log.start_offset()) != log.end_offset()) {
            return Err(format!("the replay ended at {covered:?}, the log at {}", log.end_offset()).into());
        }
        Ok(log)
    }

    /// The power fails while the log recovers, or just after that.
    pub fn start_in_vain(&mut self, random: &mut Random) -> Result<(), Violation> {
        self.disk.disk.fail_power_at(1 + random.below(12));
        match self.open() {
            // Whoever was told of what was found counts on it.
            Ok(log) => self.found(&log)?,
            Err(_) if self.disk.disk.is_off() => {}
            Err(error) => return Err(format!("can't open: {error}")),
        }
        self.disk.disk.cut_power();
        Ok(())
    }

    /// What a start has found is there for good, and is all there is.
    fn found(&mut self, log: &Log) -> Result<(), Violation> {
        if !self.disk.disk.is_off() {
            self.compare(log)?;
        }
        self.forget_from(log.end_offset());
        self.acknowledged = self.acknowledged.max(log.end_offset());
        Ok(())
    }

    /// Starts after a power cut, and compares everything.
    pub fn start(&mut self, random: &mut Random) -> Result<(), Violation> {
        if self.clean {
            // The first start takes everything as it is: what the second one does is the first recovery.
            let log = self.open().map_err(|error| format!("can't open after a clean stop: {error}"))?;
            self.compare(&log)?;
        }
        let log = self.open().map_err(|error| format!("can't open: {error}"))?;
        self.compare(&log)?;
        let (end, files) = (log.end_offset(), self.disk.disk.snapshot());
        drop(log);
        // Starting again changes nothing, even if the power was cut just after the first start.
        if random.one_in(2) {
            self.disk.disk.cut_power();
        }
        let log = self.open().map_err(|error| format!("can't open again: {error}"))?;
        if (log.end_offset(), &self.disk.disk.snapshot()) != (end, &files) {
            let now = self.disk.disk.snapshot();
            let differs = |path: &&PathBuf| files.get(*path) != now.get(*path);
            let changed: BTreeSet<&PathBuf> = files.keys().chain(now.keys()).filter(differs).collect();
            let sizes: Vec<_> = changed
                .iter()
                .map(|path| (path, files.get(*path).map(Vec::len), now.get(*path).map(Vec::len)))
                .collect();
            return Err(format!(
                "recovery is not idempotent: end {end} then {}, {sizes:?}",
                log.end_offset()
            ));
        }
        self.found(&log)?;
        let mut log = log;
        self.lead(&mut log);
        self.log = Some(log);
        Ok(())
    }

    fn compare(&self, log: &Log) -> Result<(), Violation> {
        if log.end_offset() < self.acknowledged {
            return Err(format!("acknowledged to {}, there to {}", self.acknowledged, log.end_offset()));
        }
        if log.start_offset() > self.deleted_before {
            return Err(format!(
                "deleted before {}, gone before {}",
                self.deleted_before,
                log.start_offset()
            ));
        }
        self.compare_epochs(log)?;
        if self.compacts {
            return self.compare_records(log);
        }
        self.compare_times(log)?;
        let mut offset = log.start_offset();
        while offset < log.end_offset() {
            let request = ReadRequest { offset, upto: log.end_offset(), max_bytes: 1500, min_one: true };
            let view = log.read_view(request).map_err(|error| error.to_string())?;
            let bytes = view.read().map_err(|error| error.to_string())?.concat();
            for batch in batches(&bytes) {
                let batch = batch.map_err(|error| format!("at {offset}: {error}"))?;
                let base = batch.header.base_offset;
                if self.written.get(&base).is_none_or(|written| written != batch.bytes) {
                    return Err(format!("the batch at {base} was never written so"));
                }
                if base > offset {
                    return Err(format!("nothing at {offset}, the next is {base}"));
                }
                offset = batch.header.next_offset();
            }
        }
        Ok(())
    }
}

impl Machine {
    /// Lookups by time, against a plain search. All records of a batch have its time.
    fn compare_times(&self, log: &Log) -> Result<(), Violation> {
        let (start, end) = (log.start_offset(), log.end_offset());
        let times: Vec<(i64, Offset)> = self
            .written
            .range(..end)
            .map(|(&base, bytes)| (BatchHeader::read(bytes).unwrap(), base.max(start)))
            .filter(|(header, _)| header.next_offset() > start && header.next_offset() <= end)
            .map(|(header, first)| (header.max_timestamp.0, first))
            .collect();
        let find = |query| {
            let found = log.time_view(query, end).find(1 << 20).map_err(|error| error.to_string())?;
            Ok::<_, Violation>(found.map(|found| (found.timestamp.0, found.offset)))
        };
        for n in 0..8 {
            let time = n << 27;
            let expected = times.iter().copied().find(|&(at, _)| at >= time);
            let found = find(TimeQuery::AtOrAfter(TimestampMs(time)))?;
            if found != expected {
                return Err(format!("from time {time} on: found {found:?}, there is {expected:?}"));
            }
        }
        let largest = times.iter().map(|&(at, _)| at).max();
        let expected = times.iter().copied().find(|&(at, _)| Some(at) == largest);
        let found = find(TimeQuery::MaxTimestamp)?;
        if found != expected {
            return Err(format!("the newest: found {found:?}, there is {expected:?}"));
        }
        Ok(())
    }
}

impl Machine {
    /// Each epoch ends where the next one's first batch is (KIP-101), and each record is of its leader's epoch.
    fn compare_epochs(&self, log: &Log) -> Result<(), Violation> {
        let (start, end) = (log.start_offset(), log.end_offset());
        let headers = self.written.range(..end).map(|(_, bytes)| BatchHeader::read(bytes).unwrap());
        let headers: Vec<BatchHeader> = headers.filter(|header| header.next_offset() > start).collect();
        for header in &headers {
            let (epoch, offset) = (header.leader_epoch, header.base_offset.max(start));
            let known = log.epoch_of(offset);
            if known != Some(epoch) {
                return Err(format!("the record at {offset} is of epoch {epoch}, the log says {known:?}"));
            }
            let next = headers.iter().find(|other| other.leader_epoch > epoch);
            let expected = Some((epoch, next.map_or(end, |next| next.base_offset)));
            let found = log.epoch_end_offset(epoch);
            if found != expected {
                return Err(format!("epoch {epoch} ends at {expected:?}, the log says {found:?}"));
            }
        }
        Ok(())
    }
}

/// The state at an offset, such that one of another offset is recognized.
fn snapshot_entry(offset: Offset) -> ProducerSnapshotEntry {
    ProducerSnapshotEntry {
        producer_id: ProducerId(7),
        epoch: ProducerEpoch(1),
        last_sequence: Sequence(3),
        last_offset: offset,
        offset_delta: 2,
        timestamp: TimestampMs(5),
        coordinator_epoch: -1,
        current_txn_first_offset: None,
    }
}

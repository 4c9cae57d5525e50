//! A broker's machine as far as one partition goes, and what it must never do.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use klamm_log::checkpoint::{self, LOG_START_FILE, RECOVERY_POINT_FILE};
use klamm_log::disk::LateDisk;
use klamm_log::sim::{Random, SimDisk};
use klamm_log::{Disk, Flush, OpenState};
use klamm_model::{LeaderEpoch, Offset, TimestampMs, TopicPartition};
use klamm_partition::{Fetch, Isolation, Partition};
use klamm_records::{BatchHeader, batches};

use super::producer::{IN_FLIGHT, Identity, Producer};
use crate::support::{Bench, Gate, NOW, fetch};

/// What went wrong, in words.
pub(crate) type Violation = String;

type Life<T> = Result<T, Box<dyn std::error::Error>>;

/// A bug that somebody could write into the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// A producer has its answer when the batch is written, not when it is on the disk.
    AcknowledgeBeforeSync,
    /// The snapshots of the producers are gone at every start, and the log before the recovery point is not read.
    ForgetProducers,
    /// Where the log starts is not written before files are removed, nor ever.
    SkipLogStart,
}

pub(crate) struct Machine {
    bench: Bench,
    bug: Option<Bug>,
    partition: Option<Arc<Partition>>,
    /// Keeps the thread that flushes from choosing the moment: the history does.
    gate: Option<SyncSender<()>>,
    producers: Vec<Producer>,
    /// What was put at each base offset, last, and in which epoch.
    written: BTreeMap<Offset, (Identity, LeaderEpoch)>,
    acknowledged: Offset,
    /// Records below may be gone.
    deleted_before: Offset,
    /// Records below were deleted on demand, and that was answered after it was checkpointed: they stay gone.
    gone_before: Offset,
    epoch: i32,
    clean: bool,
}

impl Machine {
    pub(crate) fn new(seed: u64, bug: Option<Bug>) -> Machine {
        let mut bench = Bench::with_seed(seed);
        bench.config.segment_bytes = 1800;
        bench.config.index_interval_bytes = 300;
        bench.config.file_delete_delay_ms = 0;
        bench.config.retention_bytes = Some(9000);
        bench.config.retention_ms = None;
        let gate = Some(Gate::shut(&bench.group_commit));
        Machine {
            bench,
            bug,
            partition: None,
            gate,
            producers: (0..3).map(|n| Producer::new(7 + n)).collect(),
            written: BTreeMap::new(),
            acknowledged: Offset::ZERO,
            deleted_before: Offset::ZERO,
            gone_before: Offset::ZERO,
            epoch: 0,
            clean: false,
        }
    }

    pub(crate) fn disk(&self) -> &SimDisk {
        &self.bench.disk
    }

    /// Works until the power fails.
    pub(crate) fn live(&mut self, random: &mut Random) -> Result<(), Violation> {
        while !self.disk().is_off() {
            let step = match self.partition.clone() {
                Some(partition) => self.step(&partition, random),
                None => self.open().and_then(|partition| Ok(self.resend(&partition)?)),
            };
            if let Err(error) = step
                && !self.disk().is_off()
            {
                return Err(error.to_string());
            }
        }
        self.end();
        Ok(())
    }

    /// The process is gone. What it had asked to be flushed can't be any more.
    fn end(&mut self) {
        let Some(partition) = self.partition.take() else { return };
        if !self.disk().is_off() {
            partition.abandon();
        }
        self.gate.take().unwrap().send(()).unwrap();
        self.gate = Some(Gate::shut(&self.bench.group_commit));
    }

    fn step(&mut self, partition: &Arc<Partition>, random: &mut Random) -> Life<()> {
        match random.below(40) {
            0..20 => self.send(partition, random)?,
            20..28 => {
                partition.flush();
                self.answer(partition);
            }
            28..31 => self.retry(partition, random)?,
            31..33 => {
                let offset = partition.checkpoint()?;
                self.checkpoint(RECOVERY_POINT_FILE, offset)?;
            }
            33 => self.delete_records(partition, random)?,
            34..36 => {
                partition.housekeep(NOW)?;
                self.remove_retired(partition)?;
            }
            36 => {
                self.epoch += 1;
                partition.set_leader_epoch(LeaderEpoch(self.epoch));
            }
            37 if random.one_in(3) => self.close(partition, random)?,
            // Killed: the page cache stays.
            38 if random.one_in(3) => self.end(),
            _ => {}
        }
        Ok(())
    }

    fn send(&mut self, partition: &Arc<Partition>, random: &mut Random) -> Life<()> {
        let producer = random.below(self.producers.len() as u64) as usize;
        if self.producers[producer].waiting.len() == IN_FLIGHT {
            return Ok(());
        }
        let records = 1 + random.below(3) as usize;
        let batch = self.producers[producer].next(records);
        // It may be there even if the power fails while it is written.
        let end = partition.log_end_offset();
        self.written.insert(end, (Identity::of(batch.header()), LeaderEpoch(self.epoch)));
        let appended = partition.append(&batch, NOW);
        let offset = appended.as_ref().ok().map(|appended| appended.base_offset);
        self.producers[producer].sent(batch, records, offset);
        if appended?.duplicate {
            return Err("a batch that was never sent is a duplicate".into());
        }
        self.answer(partition);
        Ok(())
    }

    fn answer(&mut self, partition: &Partition) {
        let early = self.bug == Some(Bug::AcknowledgeBeforeSync);
        let high = if early { partition.log_end_offset() } else { partition.high_watermark() };
        self.acknowledged = self.acknowledged.max(high);
        self.producers.iter_mut().for_each(|producer| producer.answer(high));
    }

    /// An answer was lost: the producer asks again, and gets the same one.
    fn retry(&self, partition: &Arc<Partition>, random: &mut Random) -> Life<()> {
        let producer = &self.producers[random.below(self.producers.len() as u64) as usize];
        for sent in producer.known_again() {
            let header = sent.batch.header();
            let again = partition.append(&sent.batch, NOW)?;
            if (Some(again.base_offset), again.duplicate) != (sent.offset, true) {
                return Err(
                    format!("{:?} was at {:?}, now {again:?}", Identity::of(header), sent.offset).into()
                );
            }
        }
        Ok(())
    }

    fn checkpoint(&self, file: &str, offset: Offset) -> Life<()> {
        let offsets = [(self.id(), offset)].into();
        Ok(checkpoint::write(self.disk(), &Path::new("/data").join(file), &offsets)?)
    }

    fn checkpointed(&self, file: &str) -> Life<Option<Offset>> {
        let offsets = checkpoint::read(self.disk(), &Path::new("/data").join(file))?;
        Ok(offsets.map(|offsets| offsets.get(&self.id()).copied().unwrap_or_default()))
    }

    fn id(&self) -> TopicPartition {
        self.bench.options(false, Offset::ZERO).id
    }

    fn delete_records(&mut self, partition: &Arc<Partition>, random: &mut Random) -> Life<()> {
        let (start, high) = (partition.log_start_offset(), partition.high_watermark());
        let offset = start.plus(random.below((high.0 - start.0) as u64 / 2 + 1) as i64);
        self.deleted_before = self.deleted_before.max(offset);
        let start = partition.delete_records(offset, NOW)?;
        self.remove_retired(partition)?;
        self.gone_before = self.gone_before.max(start);
        Ok(())
    }

    /// As the server does: first it is written where the log starts, then files go.
    fn remove_retired(&mut self, partition: &Partition) -> Life<()> {
        let start = partition.log_start_offset();
        self.deleted_before = self.deleted_before.max(start);
        if self.bug != Some(Bug::SkipLogStart) {
            self.checkpoint(LOG_START_FILE, start)?;
        }
        for retired in partition.take_retired(NOW) {
            retired.remove()?;
        }
        Ok(())
    }

    fn close(&mut self, partition: &Partition, random: &mut Random) -> Life<()> {
        // Every other time as a server does that has many logs.
        let end = if self.epoch % 2 == 0 {
            let late = LateDisk::new(Arc::new(self.disk().clone()));
            let end = partition.close_late(&late)?;
            late.settle(Path::new("/data"))?;
            end
        } else {
            partition.close()?
        };
        self.acknowledged = self.acknowledged.max(end);
        self.checkpoint(RECOVERY_POINT_FILE, end)?;
        self.checkpoint(LOG_START_FILE, partition.log_start_offset())?;
        self.clean = true;
        if random.one_in(3) {
            self.disk().fail_power_at(0);
        }
        self.end();
        Ok(())
    }

    fn open(&mut self) -> Life<Arc<Partition>> {
        let recovery_point = self.checkpointed(RECOVERY_POINT_FILE)?.unwrap_or_default();
        let log_start_offset = self.checkpointed(LOG_START_FILE)?.unwrap_or(Offset::UNKNOWN);
        let clean = std::mem::take(&mut self.clean);
        // Every other time as a server does that has many logs.
        let settled = self.epoch % 2 == 0;
        if settled {
            self.disk().sync_file_system(Path::new("/data"))?;
        }
        let mut options = self.bench.options(clean, recovery_point);
        options.open_state = OpenState { clean, settled, recovery_point, log_start_offset, now: NOW };
        self.epoch += 1;
        options.leader_epoch = LeaderEpoch(self.epoch);
        if self.bug == Some(Bug::ForgetProducers) {
            options.producer_expiration_ms = 1;
            options.open_state.now = TimestampMs(NOW.0 + 1_000_000_000);
        }
        let (partition, _) = Partition::open(options)?;
        self.partition = Some(partition.clone());
        Ok(partition)
    }

    /// The power fails while the partition opens, or just after that.
    pub(crate) fn start_in_vain(&mut self, random: &mut Random) -> Result<(), Violation> {
        self.disk().fail_power_at(1 + random.below(12));
        match self.open() {
            Ok(partition) if !self.disk().is_off() => self.found(&partition)?,
            Err(error) if !self.disk().is_off() => return Err(format!("can't open: {error}")),
            _ => {}
        }
        self.disk().fail_power_at(0);
        self.end();
        self.disk().cut_power();
        Ok(())
    }

    /// Starts after a power cut, compares everything, and lets the producers send again.
    pub(crate) fn start(&mut self) -> Result<(), Violation> {
        let partition = self.open().map_err(|error| format!("can't open: {error}"))?;
        self.found(&partition)?;
        self.resend(&partition)
    }

    /// What a start has found is there for good, and is all there is.
    fn found(&mut self, partition: &Partition) -> Result<(), Violation> {
        let (start, end) = (partition.log_start_offset(), partition.log_end_offset());
        if end < self.acknowledged {
            return Err(format!("acknowledged to {}, there to {end}", self.acknowledged));
        }
        if start > self.deleted_before || start < self.gone_before {
            return Err(format!(
                "deleted from {} to {}, the log starts at {start}",
                self.gone_before, self.deleted_before
            ));
        }
        if partition.high_watermark() != end {
            return Err(format!("the log ends at {end}, seen is up to {}", partition.high_watermark()));
        }
        let headers = read_all(partition)?;
        self.compare(&headers)?;
        compare_epochs(partition, &headers)?;
        self.written.retain(|&base, _| base < end);
        self.acknowledged = end;
        Ok(())
    }

    /// Every batch is one that was put there, and none is there twice.
    fn compare(&self, headers: &[BatchHeader]) -> Result<(), Violation> {
        let mut seen = BTreeMap::new();
        for header in headers {
            let found = (Identity::of(header), header.leader_epoch);
            let expected = self.written.get(&header.base_offset);
            if expected != Some(&found) {
                return Err(format!("at {} is {found:?}, written was {expected:?}", header.base_offset));
            }
            if let Some(first) = seen.insert(found.0, header.base_offset) {
                return Err(format!("{:?} is at {first} and at {}", found.0, header.base_offset));
            }
        }
        Ok(())
    }

    /// Producers ask again for all that they have no answer for, and for the last that they have: what is in the log
    /// keeps its offset.
    fn resend(&mut self, partition: &Arc<Partition>) -> Result<(), Violation> {
        let (high, off) = (partition.high_watermark(), self.disk().clone());
        let there: BTreeMap<Identity, Offset> =
            self.written.range(..high).map(|(&base, &(identity, _))| (identity, base)).collect();
        for number in 0..self.producers.len() {
            for index in 0..self.producers[number].waiting.len() {
                let batch = self.producers[number].waiting[index].batch.clone();
                let identity = Identity::of(batch.header());
                let end = partition.log_end_offset();
                if !there.contains_key(&identity) {
                    self.written.insert(end, (identity, LeaderEpoch(self.epoch)));
                }
                let appended = match partition.append(&batch, NOW) {
                    Ok(appended) => appended,
                    Err(_) if off.is_off() => return Ok(()),
                    Err(error) => return Err(format!("{identity:?} is refused: {error}")),
                };
                let expected = there.get(&identity).map_or((end, false), |&base| (base, true));
                if (appended.base_offset, appended.duplicate) != expected {
                    return Err(format!("{identity:?} should be at {expected:?}, is {appended:?}"));
                }
                self.producers[number].waiting[index].offset = Some(appended.base_offset);
            }
        }
        self.answer(partition);
        for producer in &self.producers {
            for sent in producer.known_again() {
                match partition.append(&sent.batch, NOW) {
                    Ok(again) if again.duplicate && Some(again.base_offset) == sent.offset => {}
                    Err(_) if off.is_off() => return Ok(()),
                    other => {
                        return Err(format!(
                            "{:?} was answered: {other:?}",
                            Identity::of(sent.batch.header())
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.disk().fail_power_at(0);
        self.end();
        if let Some(gate) = self.gate.take() {
            let _ = gate.send(());
        }
    }
}

/// The headers of all batches, whose contents are whole and without a gap.
fn read_all(partition: &Partition) -> Result<Vec<BatchHeader>, Violation> {
    let (mut offset, end) = (partition.log_start_offset(), partition.log_end_offset());
    let mut headers = Vec::new();
    while offset < end {
        let request = Fetch { isolation: Isolation::LogEnd, ..fetch(offset.0) };
        let bytes = partition.read(&request).map_err(|error| error.to_string())?.records.concat();
        for batch in batches(&bytes) {
            let batch = batch.map_err(|error| format!("at {offset}: {error}"))?;
            batch.verify_crc().map_err(|error| format!("at {offset}: {error}"))?;
            if batch.header.base_offset > offset {
                return Err(format!("nothing at {offset}, the next is {}", batch.header.base_offset));
            }
            offset = batch.header.next_offset();
            headers.push(batch.header);
        }
        if bytes.is_empty() {
            return Err(format!("nothing at {offset}, but the log ends at {end}"));
        }
    }
    Ok(headers)
}

/// Each epoch ends where the next one's first batch is (KIP-101).
fn compare_epochs(partition: &Partition, headers: &[BatchHeader]) -> Result<(), Violation> {
    for header in headers {
        let epoch = header.leader_epoch;
        let next = headers.iter().find(|other| other.leader_epoch > epoch);
        let expected = next.map_or(partition.log_end_offset(), |next| next.base_offset);
        let found = partition.epoch_end_offset(epoch).map(|end| (end.leader_epoch, end.end_offset));
        if found != Some((epoch, expected)) {
            return Err(format!("epoch {epoch} ends at {expected}, the partition says {found:?}"));
        }
    }
    Ok(())
}

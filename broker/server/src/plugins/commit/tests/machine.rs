//! A process with four logs, which dies after some steps, and a machine that forgets what was not synced.

use std::cell::RefCell;
use std::rc::Rc;

use klamm_model::{Offset, Sequence, TimestampMs};
use klamm_partition::producers::{Check, ProducerTable, SequenceError, SequencedBatch, StoredBatch};
use klamm_records::{BatchHeader, ProducedBatch};

use super::super::Target;
use super::ways::{LOGS, PRODUCER};
use crate::plugins::unfinished::Unfinished;

const NOW: TimestampMs = TimestampMs(1_700_000_000_000);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// The process died before this step.
    Killed,
    Sequence(SequenceError),
    /// An older batch has to come first.
    HeldUp,
}

/// A partition whose log is a list of batches.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    batches: Vec<ProducedBatch>,
    table: ProducerTable,
    /// How many batches are on the disk.
    durable: usize,
}

fn sequenced(header: &BatchHeader) -> SequencedBatch {
    SequencedBatch {
        producer_id: header.producer_id,
        epoch: header.producer_epoch,
        first_sequence: header.base_sequence,
        last_sequence: header.last_sequence(),
    }
}

impl Log {
    fn end(&self) -> Offset {
        let offsets = self.batches.iter().map(|batch| i64::from(batch.header().last_offset_delta) + 1);
        Offset(offsets.sum())
    }

    fn push(&mut self, batch: ProducedBatch) -> Offset {
        let (header, base_offset) = (batch.header(), self.end());
        if header.producer_id.is_some() {
            let sequenced = sequenced(header);
            let stored = StoredBatch {
                first_sequence: sequenced.first_sequence,
                last_sequence: sequenced.last_sequence,
                base_offset,
                last_offset: base_offset.plus(i64::from(header.last_offset_delta)),
                timestamp: NOW,
            };
            self.table.record(&sequenced, stored, false, NOW);
        }
        self.batches.push(batch);
        base_offset
    }

    /// As if there had been a batch before the first, until a start.
    pub(super) fn has_heard_of_the_producer(&mut self) {
        let last = Sequence(i32::MAX);
        let (producer_id, epoch) = PRODUCER;
        let sequenced = SequencedBatch { producer_id, epoch, first_sequence: last, last_sequence: last };
        let (base_offset, last_offset) = (Offset(-1), Offset(-1));
        let stored = StoredBatch {
            first_sequence: last,
            last_sequence: last,
            base_offset,
            last_offset,
            timestamp: NOW,
        };
        self.table.record(&sequenced, stored, false, NOW);
    }

    /// What a start finds, where so many batches are left; a log that is shortened is synced by its recovery.
    fn restart(&mut self, left: usize) {
        let batches = std::mem::take(&mut self.batches);
        *self = Log::default();
        for batch in batches.into_iter().take(left) {
            self.push(batch);
        }
        self.durable = self.batches.len();
    }

    /// Its records: offset and value.
    pub(super) fn records(&self) -> Vec<(i64, String)> {
        let mut records = Vec::new();
        let mut base = 0;
        for batch in &self.batches {
            let unpacked = batch.unpack(usize::MAX).unwrap();
            for record in unpacked.records() {
                let value = unpacked.piece(record.value.as_ref().unwrap());
                let offset = base + i64::from(record.offset_delta);
                records.push((offset, String::from_utf8(value.to_vec()).unwrap()));
            }
            base += i64::from(batch.header().last_offset_delta) + 1;
        }
        records
    }
}

/// The logs of one process, which dies after some steps.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) logs: Vec<Log>,
    /// How many appends and syncs it lives for.
    pub(super) steps_left: usize,
    /// In memory.
    pub(super) unfinished: Unfinished,
}

impl Machine {
    pub(super) fn new() -> Rc<RefCell<Machine>> {
        let logs = (0..LOGS).map(|_| Log::default()).collect();
        Rc::new(RefCell::new(Machine { logs, steps_left: usize::MAX, unfinished: Unfinished::default() }))
    }

    /// Goes on, unless this is where the process dies.
    pub(super) fn step(&mut self) -> Result<(), Failed> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(Failed::Killed)?;
        Ok(())
    }

    /// Everything in these logs is on the disk.
    pub(super) fn sync(&mut self, which: impl Fn(usize) -> bool) {
        for (_, log) in self.logs.iter_mut().enumerate().filter(|(index, _)| which(*index)) {
            log.durable = log.batches.len();
        }
    }

    /// A kill: nothing is forgotten.
    pub(super) fn kill(&mut self) {
        self.unfinished = Unfinished::default();
        self.logs.iter_mut().for_each(|log| log.restart(usize::MAX));
    }

    /// How many batches of each log are not on the disk.
    pub(super) fn not_synced(&self) -> Vec<usize> {
        self.logs.iter().map(|log| log.batches.len() - log.durable).collect()
    }

    /// A loss of power that leaves so many of them.
    pub(super) fn lose_power(&mut self, left: &[usize]) {
        self.unfinished = Unfinished::default();
        for (log, left) in self.logs.iter_mut().zip(left) {
            log.restart(log.durable + left);
        }
    }

    pub(super) fn ingress_end(&self) -> Offset {
        self.logs[super::ways::INGRESS].end()
    }
}

#[derive(Clone)]
pub(super) struct Partition {
    pub(super) machine: Rc<RefCell<Machine>>,
    pub(super) index: usize,
}

impl Target for Partition {
    /// The base offset.
    type Appended = Offset;
    type Error = Failed;

    fn appended_before(&self, batch: &ProducedBatch) -> Result<Option<Offset>, Failed> {
        if !batch.header().producer_id.is_some() {
            return Ok(None);
        }
        let machine = self.machine.borrow();
        let check = machine.logs[self.index].table.check(&sequenced(batch.header()));
        match check.map_err(Failed::Sequence)? {
            Check::Duplicate(stored) => Ok(Some(stored.base_offset)),
            Check::Fresh => Ok(None),
        }
    }

    fn append(&self, batch: &ProducedBatch) -> Result<Offset, Failed> {
        self.machine.borrow_mut().step()?;
        if let Some(before) = self.appended_before(batch)? {
            return Ok(before);
        }
        Ok(self.machine.borrow_mut().logs[self.index].push(batch.clone()))
    }
}

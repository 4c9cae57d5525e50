//! Every way in which two batches of two records can be spread over three partitions, broken off at every step, by a kill and by a loss of
//! power with every combination of what the logs keep, and then once more: each record is there once, in its place, in its order.

use std::cell::RefCell;
use std::rc::Rc;

use klamm_model::{Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use klamm_partition::producers::{Check, ProducerTable, SequenceError, SequencedBatch, StoredBatch};
use klamm_records::{
    BatchBuilder, BatchHeader, BuildOptions, ProduceRules, ProducedBatch, ProducerStamp, validate_produced,
};

use super::{Target, commit};
use crate::plugins::decision::{Decision, Fate};
use crate::plugins::divide::{Divided, Ingress, divide};

const NOW: TimestampMs = TimestampMs(1_700_000_000_000);
const PARTITIONS: usize = 3;
const RECORDS: usize = 2;
/// The partition that the producer sends to.
const INGRESS: usize = 0;

const RULES: ProduceRules =
    ProduceRules { max_uncompressed_bytes: usize::MAX, ..ProduceRules::anything(NOW) };

#[derive(Debug, PartialEq, Eq)]
enum Failed {
    /// The process died before this append.
    Killed,
    Sequence(SequenceError),
}

/// A partition whose log is a list of batches.
#[derive(Debug, Default)]
struct Log {
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
    fn record(&mut self, header: &BatchHeader) {
        let sequenced = sequenced(header);
        let stored = StoredBatch {
            first_sequence: sequenced.first_sequence,
            last_sequence: sequenced.last_sequence,
            base_offset: Offset(0),
            last_offset: Offset(0),
            timestamp: NOW,
        };
        self.table.record(&sequenced, stored, false, NOW);
    }

    /// What a restart finds.
    fn restart(&mut self, batches: usize) {
        self.batches.truncate(batches);
        self.durable = self.durable.min(batches);
        self.table = ProducerTable::default();
        for header in self.batches.iter().map(|batch| *batch.header()).collect::<Vec<_>>() {
            self.record(&header);
        }
    }

    /// The values of its records.
    fn values(&self) -> Vec<String> {
        let of_batch = |batch: &ProducedBatch| -> Vec<String> {
            let unpacked = batch.unpack(usize::MAX).unwrap();
            let value = |range: &_| String::from_utf8(unpacked.piece(range).to_vec()).unwrap();
            unpacked.records().iter().map(|record| value(record.value.as_ref().unwrap())).collect()
        };
        self.batches.iter().flat_map(of_batch).collect()
    }
}

/// The logs of one process, which dies after some appends.
#[derive(Debug, Default)]
struct Machine {
    logs: Vec<Log>,
    appends_left: usize,
}

#[derive(Clone)]
struct Partition {
    machine: Rc<RefCell<Machine>>,
    index: usize,
}

impl Target for Partition {
    type Appended = ();
    type Error = Failed;

    fn appended_before(&self, batch: &ProducedBatch) -> Result<Option<()>, Failed> {
        let machine = self.machine.borrow();
        let check = machine.logs[self.index].table.check(&sequenced(batch.header()));
        match check.map_err(Failed::Sequence)? {
            Check::Duplicate(_) => Ok(Some(())),
            Check::Fresh => Ok(None),
        }
    }

    fn append(&self, batch: &ProducedBatch) -> Result<(), Failed> {
        let mut machine = self.machine.borrow_mut();
        machine.appends_left = machine.appends_left.checked_sub(1).ok_or(Failed::Killed)?;
        drop(machine);
        if self.appended_before(batch)?.is_none() {
            let log = &mut self.machine.borrow_mut().logs[self.index];
            log.record(batch.header());
            log.batches.push(batch.clone());
        }
        Ok(())
    }
}

/// Where each record of each batch goes.
type Routes = [[usize; RECORDS]; 2];

fn batch(number: usize) -> ProducedBatch {
    let base_sequence = Sequence((number * RECORDS) as i32);
    let producer = ProducerStamp { id: ProducerId(5), epoch: ProducerEpoch(0), base_sequence };
    let mut builder = BatchBuilder::new(BuildOptions { producer: Some(producer), ..BuildOptions::default() });
    for record in 0..RECORDS {
        builder.append(NOW, None, Some(format!("{number}.{record}").as_bytes()), &[]);
    }
    validate_produced(&builder.build().unwrap(), &RULES).unwrap()
}

/// The batches as plug-ins divide them; the same at every try.
fn divided(routes: &Routes) -> Vec<(ProducedBatch, Divided)> {
    let divided = routes.iter().enumerate().map(|(number, route)| {
        let batch = batch(number);
        let unpacked = batch.unpack(usize::MAX).unwrap();
        let fate = |target: &usize| match *target {
            INGRESS => Fate::Stay,
            target => Fate::Leave(PartitionIndex(target as i32)),
        };
        let decision = Decision { fates: route.iter().map(fate).collect(), edits: Vec::new() };
        let partition = PartitionIndex(INGRESS as i32);
        let ingress = Ingress { topic: "orders", partition, base_offset: Offset(0) };
        let divided = divide(&batch, &unpacked, &decision, ingress, &RULES).unwrap();
        (batch, divided)
    });
    divided.collect()
}

fn machine() -> Rc<RefCell<Machine>> {
    let logs = (0..PARTITIONS).map(|_| Log::default()).collect();
    Rc::new(RefCell::new(Machine { logs, appends_left: usize::MAX }))
}

/// Sends the batches from `first` on, one after the other, until the process dies after `appends`; gives how many went through.
fn send(
    machine: &Rc<RefCell<Machine>>,
    batches: &[(ProducedBatch, Divided)],
    first: usize,
    appends: usize,
) -> usize {
    machine.borrow_mut().appends_left = appends;
    let partition = |index| Partition { machine: Rc::clone(machine), index };
    for (number, (batch, divided)) in batches.iter().enumerate().skip(first) {
        let own = partition(INGRESS);
        let before = own.appended_before(batch).expect("the sequences are right");
        let parts: Vec<_> = divided
            .leaving
            .iter()
            .map(|(target, part)| (partition(target.0 as usize), part.clone()))
            .collect();
        match commit(&own, before, &divided.stays, &parts) {
            Ok(_) => {}
            Err(failed) => {
                assert_eq!(failed, Failed::Killed);
                return number;
            }
        }
    }
    batches.len()
}

/// Every way to choose one of 0 to `most[i]` for each `i`.
fn choices(most: &[usize]) -> Vec<Vec<usize>> {
    most.iter().fold(vec![Vec::new()], |all, most| {
        let longer = |chosen: Vec<usize>| {
            (0..=*most).map(move |choice| chosen.iter().copied().chain([choice]).collect())
        };
        all.into_iter().flat_map(longer).collect()
    })
}

fn every_route() -> Vec<Routes> {
    let most = [PARTITIONS - 1; 2 * RECORDS];
    choices(&most).into_iter().map(|way| [[way[0], way[1]], [way[2], way[3]]]).collect()
}

/// Each record once, where it belongs, in the order in which it was sent.
fn check(machine: &Rc<RefCell<Machine>>, routes: &Routes, how: &str) {
    for (index, log) in machine.borrow().logs.iter().enumerate() {
        let mut expected = Vec::new();
        for (number, route) in routes.iter().enumerate() {
            let here = route.iter().enumerate().filter(|(_, target)| **target == index);
            expected.extend(here.map(|(record, _)| format!("{number}.{record}")));
        }
        assert_eq!(log.values(), expected, "partition {index} of {routes:?}, {how}");
    }
}

/// More than the appends of all batches together.
const ALL_APPENDS: usize = 2 * (RECORDS + 1) + 1;

#[test]
fn killed_twice_at_any_step() {
    for routes in every_route() {
        let batches = divided(&routes);
        for (first_kill, second_kill) in
            (0..ALL_APPENDS).flat_map(|first| (0..ALL_APPENDS).map(move |second| (first, second)))
        {
            let machine = machine();
            let mut acknowledged = 0;
            for appends in [first_kill, second_kill, usize::MAX] {
                acknowledged = send(&machine, &batches, acknowledged, appends);
                for log in &mut machine.borrow_mut().logs {
                    log.restart(usize::MAX);
                }
            }
            check(&machine, &routes, &format!("killed after {first_kill}, then {second_kill} appends"));
        }
    }
}

#[test]
fn power_lost_at_any_step_with_any_rest_of_what_was_not_synced() {
    for routes in every_route() {
        let batches = divided(&routes);
        for appends in 0..=ALL_APPENDS {
            // What is not acknowledged may be on the disk of one log and not on that of another.
            let not_synced = {
                let machine = machine();
                send(&machine, &batches, 0, appends);
                let kept: Vec<usize> = machine.borrow().logs.iter().map(|log| log.batches.len()).collect();
                kept
            };
            for kept in choices(&not_synced) {
                let machine = machine();
                send(&machine, &batches, 0, appends);
                for (log, kept) in machine.borrow_mut().logs.iter_mut().zip(&kept) {
                    log.restart(*kept);
                }
                // None was acknowledged, so both come again.
                send(&machine, &batches, 0, usize::MAX);
                check(&machine, &routes, &format!("without power after {appends} appends, {kept:?} kept"));
            }
        }
    }
}

/// The order of the steps matters: what decides first, and then breaks off, has lost the rest if a found batch is taken for all of it.
#[test]
fn a_planted_mistake_is_found() {
    let routes = [[1, 0], [0, 0]];
    let batches = divided(&routes);
    let machine = machine();
    let own = Partition { machine: Rc::clone(&machine), index: INGRESS };
    machine.borrow_mut().appends_left = 1;
    // The partition's own append first, and the part never.
    own.append(&batches[0].1.stays).unwrap();
    machine.borrow_mut().appends_left = usize::MAX;
    assert_eq!(own.appended_before(&batches[0].0), Ok(Some(())));
    assert_eq!(machine.borrow().logs[1].values(), Vec::<String>::new(), "the record is missing");
    // The steps as they are bring it back.
    send(&machine, &batches, 0, usize::MAX);
    check(&machine, &routes, "repaired");
}

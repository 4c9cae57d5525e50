//! Whether a history is one that a broker may leave.

use std::collections::HashMap;

use crate::content::RecordId;
use crate::history::{Acknowledgement, Guarantee, History, Partition, ProducerHistory, ReadRecord, Reading};
use crate::violation::Violation;

/// What the checker found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Every broken promise; empty is good.
    pub violations: Vec<Violation>,
    /// How much was checked.
    pub figures: Figures,
}

/// How much there was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Records sent.
    pub sent: u64,
    /// Records acknowledged.
    pub acknowledged: u64,
    /// Records read at the end.
    pub read: u64,
    /// Records read earlier and compared.
    pub read_before: u64,
    /// Records of plain producers that are there again.
    pub duplicates: u64,
    /// How often a plain producer's log goes back to earlier records.
    pub resends: u64,
}

/// Checks all of it.
pub fn check(history: &History) -> Verdict {
    let mut violations = Vec::new();
    let mut figures = Figures::default();
    check_contents(history, &mut violations);
    for producer in &history.producers {
        let acknowledged = by_counter(producer, &mut violations);
        check_acknowledged(producer, &history.last, &mut violations);
        let (resends, duplicates) = check_orders(producer, &acknowledged, &history.last, &mut violations);
        if producer.guarantee == Guarantee::AtLeastOnce && resends > history.crashes {
            let producer = producer.producer;
            violations.push(Violation::TooManyResends { producer, resends, crashes: history.crashes });
        }
        figures.sent += producer.sent;
        figures.acknowledged += acknowledged.len() as u64;
        figures.resends += resends;
        figures.duplicates += duplicates;
    }
    figures.read = history.last.values().map(|records| records.len() as u64).sum();
    for earlier in &history.earlier {
        figures.read_before += check_unchanged(earlier, &history.last, &mut violations);
    }
    Verdict { violations, figures }
}

/// Every record is one that was sent to this topic, with its exact bytes, and offsets have no gap.
fn check_contents(history: &History, violations: &mut Vec<Violation>) {
    let producers: HashMap<u32, &ProducerHistory> =
        history.producers.iter().map(|producer| (producer.producer, producer)).collect();
    for (partition, records) in &history.last {
        for (expected, read) in (0..).zip(records) {
            if read.offset != expected {
                let partition = partition.clone();
                violations.push(Violation::OffsetGap { partition, expected, found: read.offset });
                break; // one gap shifts everything after it
            }
        }
        for read in records {
            let offset = read.offset;
            let sent = read.record.filter(|id| {
                let producer = producers.get(&id.producer);
                producer.is_some_and(|p| id.counter < p.sent && p.topic == partition.topic)
            });
            let partition = partition.clone();
            match sent {
                None => violations.push(Violation::NeverSent { record: read.record, partition, offset }),
                Some(record) if record.content().digest() != read.digest => {
                    violations.push(Violation::Changed { record, partition, offset });
                }
                Some(_) => {}
            }
        }
    }
}

fn by_counter(producer: &ProducerHistory, violations: &mut Vec<Violation>) -> HashMap<u64, Acknowledgement> {
    let mut acknowledged = HashMap::with_capacity(producer.acknowledged.len());
    for answer in &producer.acknowledged {
        let record = id(producer, answer.counter);
        if answer.offset < 0 {
            violations.push(Violation::NoOffset { record, offset: answer.offset });
        }
        if acknowledged.insert(answer.counter, *answer).is_some() {
            violations.push(Violation::AcknowledgedTwice { record });
        }
    }
    acknowledged
}

/// Every acknowledged record is where the broker said.
fn check_acknowledged(producer: &ProducerHistory, last: &Reading, violations: &mut Vec<Violation>) {
    for answer in &producer.acknowledged {
        let record = id(producer, answer.counter);
        let partition = Partition { topic: producer.topic.clone(), index: answer.partition };
        let offset = answer.offset;
        match last.get(&partition).and_then(|records| at(records, offset)) {
            None => violations.push(Violation::Lost { record, partition, offset }),
            Some(read) if read.record != Some(record) => {
                violations.push(Violation::Displaced { record, partition, offset, found: read.record });
            }
            Some(_) => {}
        }
    }
}

/// The order of one producer's records in each partition; gives resends and duplicates of a plain one.
fn check_orders(
    producer: &ProducerHistory,
    acknowledged: &HashMap<u64, Acknowledgement>,
    last: &Reading,
    violations: &mut Vec<Violation>,
) -> (u64, u64) {
    let (mut resends, mut duplicates) = (0, 0);
    for (partition, records) in last.iter().filter(|(partition, _)| partition.topic == producer.topic) {
        let mut walk = Walk::new(producer, partition, acknowledged, records);
        for read in records {
            if let Some(record) = read.record.filter(|record| record.producer == producer.producer) {
                walk.step(record, read.offset, violations);
            }
        }
        resends += walk.resends;
        duplicates += walk.duplicates;
    }
    (resends, duplicates)
}

/// One producer's way through one partition.
struct Walk<'a> {
    producer: &'a ProducerHistory,
    partition: &'a Partition,
    acknowledged: &'a HashMap<u64, Acknowledgement>,
    /// The counters that belong here, in the order of sending: those acknowledged for this partition, and those that were
    /// written without the producer hearing of it.
    sequence: Vec<u64>,
    seen: Vec<bool>,
    /// The place in `sequence` of the record that should follow.
    next: usize,
    resends: u64,
    duplicates: u64,
}

impl<'a> Walk<'a> {
    fn new(
        producer: &'a ProducerHistory,
        partition: &'a Partition,
        acknowledged: &'a HashMap<u64, Acknowledgement>,
        records: &[ReadRecord],
    ) -> Walk<'a> {
        let here = acknowledged.values().filter(|answer| answer.partition == partition.index);
        let read = records.iter().filter_map(|read| read.record);
        let read = read.filter(|record| record.producer == producer.producer).map(|record| record.counter);
        let unheard = read.filter(|counter| !acknowledged.contains_key(counter));
        let mut sequence: Vec<u64> = here.map(|answer| answer.counter).chain(unheard).collect();
        sequence.sort_unstable();
        sequence.dedup();
        let seen = vec![false; sequence.len()];
        Walk { producer, partition, acknowledged, sequence, seen, next: 0, resends: 0, duplicates: 0 }
    }

    fn step(&mut self, record: RecordId, offset: i64, violations: &mut Vec<Violation>) {
        let partition = || self.partition.clone();
        let Ok(place) = self.sequence.binary_search(&record.counter) else {
            violations.push(Violation::Elsewhere { record, partition: partition(), offset });
            return;
        };
        let answer = self.acknowledged.get(&record.counter);
        let exactly_once = self.producer.guarantee == Guarantee::ExactlyOnce;
        let again = std::mem::replace(&mut self.seen[place], true);
        if exactly_once && again {
            violations.push(Violation::Duplicate { record, partition: partition(), offset });
        } else if place > self.next {
            let expected = id(self.producer, self.sequence[self.next]);
            violations.push(Violation::Skipped { record, partition: partition(), offset, expected });
        } else if place < self.next && !again {
            violations.push(Violation::Reordered { record, partition: partition(), offset });
        } else if let Some(answer) = answer.filter(|answer| answer.offset < offset) {
            let acknowledged = answer.offset;
            violations.push(Violation::AfterAnswer { record, partition: partition(), offset, acknowledged });
        }
        self.resends += u64::from(place < self.next);
        self.duplicates += u64::from(again);
        self.next = place + 1;
    }
}

/// What was read before is there still, byte for byte; gives how many records were compared.
fn check_unchanged(earlier: &Reading, last: &Reading, violations: &mut Vec<Violation>) -> u64 {
    let mut compared = 0;
    for (partition, records) in earlier {
        let now = last.get(partition).map(Vec::as_slice).unwrap_or_default();
        for pair in records.windows(2) {
            if pair[1].offset != pair[0].offset + 1 {
                let (expected, found) = (pair[0].offset + 1, pair[1].offset);
                violations.push(Violation::OffsetGap { partition: partition.clone(), expected, found });
            }
        }
        for read in records {
            compared += 1;
            let (partition, offset) = (partition.clone(), read.offset);
            match at(now, offset) {
                None => violations.push(Violation::Vanished { partition, offset }),
                Some(found) if found != read => violations.push(Violation::Rewritten { partition, offset }),
                Some(_) => {}
            }
        }
    }
    compared
}

/// The record at `offset`; records are in the order of their offsets.
fn at(records: &[ReadRecord], offset: i64) -> Option<&ReadRecord> {
    records.binary_search_by_key(&offset, |read| read.offset).ok().map(|place| &records[place])
}

fn id(producer: &ProducerHistory, counter: u64) -> RecordId {
    RecordId { producer: producer.producer, counter }
}

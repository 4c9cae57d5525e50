//! Whether a history of topics with plug-ins is one that a broker may leave.

use std::collections::{BTreeMap, HashMap};

use super::history::{Letter, PluggedHistory, TopicReading};
use super::order::Order;
use super::topic::{Destiny, PluggedTopic};
use super::violation::PluggedViolation as Violation;
use crate::content::RecordId;
use crate::history::{Acknowledgement, Guarantee, Partition, ProducerHistory, ReadRecord, Reading};

/// What the checker found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluggedVerdict {
    /// Every broken promise; empty is good.
    pub violations: Vec<Violation>,
    /// How much was checked.
    pub figures: PluggedFigures,
}

/// How much there was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PluggedFigures {
    /// Records sent.
    pub sent: u64,
    /// Records acknowledged.
    pub acknowledged: u64,
    /// Records in topics, at the end.
    pub stored: u64,
    /// Of these, in another partition than they were sent to.
    pub elsewhere: u64,
    /// Records in quarantine.
    pub quarantined: u64,
    /// Of these, with another offset in their headers than their producer was told: a first try had broken off.
    pub told_before_a_crash: u64,
    /// Records read earlier and compared.
    pub read_before: u64,
}

/// Checks all of it.
pub fn check_plugged(history: &PluggedHistory) -> PluggedVerdict {
    let mut check = Check { violations: Vec::new(), figures: PluggedFigures::default() };
    for (topic, reading) in &history.topics {
        let producers: Vec<&ProducerHistory> =
            history.producers.iter().filter(|producer| producer.topic == topic.name).collect();
        debug_assert!(producers.iter().all(|producer| producer.guarantee == Guarantee::ExactlyOnce));
        let answers = Answers::of(&producers, &mut check.violations);
        let mut seen = Seen {
            topic,
            producers: &producers,
            answers: &answers,
            places: HashMap::new(),
            check: &mut check,
        };
        seen.stored(reading);
        seen.letters(&reading.letters);
        seen.all_acknowledged();
        seen.length(reading);
        for earlier in &history.earlier {
            check.figures.read_before += unchanged(earlier, topic, reading, &mut check.violations);
        }
    }
    PluggedVerdict { violations: check.violations, figures: check.figures }
}

struct Check {
    violations: Vec<Violation>,
    figures: PluggedFigures,
}

/// What the producers of a topic were told.
struct Answers {
    places: HashMap<RecordId, Acknowledgement>,
    records: HashMap<(i32, i64), RecordId>,
}

impl Answers {
    fn of(producers: &[&ProducerHistory], violations: &mut Vec<Violation>) -> Answers {
        let mut answers = Answers { places: HashMap::new(), records: HashMap::new() };
        for producer in producers {
            for answer in &producer.acknowledged {
                let record = RecordId { producer: producer.producer, counter: answer.counter };
                if answers.places.insert(record, *answer).is_some() {
                    violations.push(Violation::AcknowledgedTwice { record });
                }
                let offset = answer.offset;
                if let Some(other) = answers.records.insert((answer.partition, offset), record) {
                    violations.push(Violation::SharedOffset { record, other, offset });
                }
            }
        }
        answers
    }
}

/// What was found of a topic.
struct Seen<'a> {
    topic: &'a PluggedTopic,
    producers: &'a [&'a ProducerHistory],
    answers: &'a Answers,
    /// Where each record is.
    places: HashMap<RecordId, (Partition, i64)>,
    check: &'a mut Check,
}

impl Seen<'_> {
    fn violated(&mut self, violation: Violation) {
        self.check.violations.push(violation);
    }

    fn stored(&mut self, reading: &TopicReading) {
        for (index, records) in &reading.stored {
            let mut newest = Newest::default();
            for read in records {
                let partition = self.topic.partition(*index);
                self.whose_offset(&partition, read);
                let Some(record) = self.new_record(read.record, &partition, read.offset) else { continue };
                self.in_topic(record, &partition, read);
                self.in_order(&mut newest, record, partition, read.offset);
            }
        }
    }

    fn letters(&mut self, letters: &[Letter]) {
        let partition = Partition { topic: self.topic.quarantine(), index: 0 };
        let mut newest = Newest::default();
        for letter in letters {
            let offset = letter.offset;
            let Some(record) = self.new_record(letter.record, &partition, offset) else { continue };
            self.in_quarantine(record, &partition, letter);
            self.in_order(&mut newest, record, partition.clone(), offset);
        }
    }

    /// The record, if it is one that was sent to this topic and was not seen yet.
    fn new_record(
        &mut self,
        found: Option<RecordId>,
        partition: &Partition,
        offset: i64,
    ) -> Option<RecordId> {
        let sent = |id: &RecordId| {
            self.producers
                .iter()
                .any(|producer| producer.producer == id.producer && id.counter < producer.sent)
        };
        let Some(record) = found.filter(sent) else {
            self.violated(Violation::NeverSent { record: found, partition: partition.clone(), offset });
            return None;
        };
        if self.places.contains_key(&record) {
            self.violated(Violation::Duplicate { record, partition: partition.clone(), offset });
            return None;
        }
        self.places.insert(record, (partition.clone(), offset));
        Some(record)
    }

    /// At an offset that a producer was told of, there is that record or a gap.
    fn whose_offset(&mut self, partition: &Partition, read: &ReadRecord) {
        let told = self.answers.records.get(&(partition.index, read.offset)).copied();
        if let (Some(told), Some(record)) = (told, read.record)
            && told != record
        {
            self.violated(Violation::Taken {
                record,
                partition: partition.clone(),
                offset: read.offset,
                told,
            });
        }
    }

    fn in_topic(&mut self, record: RecordId, partition: &Partition, read: &ReadRecord) {
        let (partition, offset) = (partition.clone(), read.offset);
        self.check.figures.stored += 1;
        let Destiny::Stored { partition: right, content } = self.topic.destiny(Order(record)) else {
            return self.violated(Violation::PoisonStored { record, partition, offset });
        };
        if content.digest() != read.digest {
            self.violated(Violation::Changed { record, partition: partition.clone(), offset });
        }
        let told = self.answers.places.get(&record).map(|answer| (answer.partition, answer.offset));
        let moved = right.is_some_and(|right| told.is_some_and(|(sent_to, _)| sent_to != right));
        self.check.figures.elsewhere += u64::from(moved);
        match (right, told) {
            (Some(right), _) if right != partition.index => {
                self.violated(Violation::WrongPartition { record, partition, offset, right });
            }
            (_, Some(told)) if !moved && told != (partition.index, offset) => {
                self.violated(Violation::Displaced { record, partition, offset, told });
            }
            _ => {}
        }
    }

    fn in_quarantine(&mut self, record: RecordId, partition: &Partition, letter: &Letter) {
        let (partition, offset) = (partition.clone(), letter.offset);
        self.check.figures.quarantined += 1;
        let Destiny::Quarantine(by) = self.topic.destiny(Order(record)) else {
            return self.violated(Violation::Quarantined { record, partition, offset });
        };
        if Order(record).sent().digest() != letter.digest {
            self.violated(Violation::Changed { record, partition, offset });
        }
        let answer = self.answers.places.get(&record).copied();
        if let Err(what) = self.told(record, by, answer, &letter.told) {
            self.violated(Violation::Untold { record, offset, what });
        }
    }

    /// Whether a dead letter says what it should.
    fn told(
        &mut self,
        record: RecordId,
        by: &str,
        answer: Option<Acknowledgement>,
        told: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        let text = |name: &str| told.get(name).map(String::as_str).ok_or(format!("{name} is missing"));
        let is = |name: &str, wanted: &str| match text(name)? {
            found if found == wanted => Ok(()),
            found => Err(format!("{name} is {found}, not {wanted}")),
        };
        let number = |name: &str| text(name)?.parse::<i64>().map_err(|error| format!("{name}: {error}"));
        is("topic", &self.topic.name)?;
        is("plugin", by)?;
        is("version", PluggedTopic::VERSION)?;
        is("timestamp", &Order(record).sent().timestamp_ms.to_string())?;
        if text("digest")?.len() != 64 || !text("reason")?.starts_with("not JSON: ") {
            return Err(format!("digest {:?}, reason {:?}", text("digest"), text("reason")));
        }
        if number("producer.id")? < 0 {
            return Err("there is no producer.id".to_owned());
        }
        let offset = number("offset")?;
        let Some(answer) = answer else { return Ok(()) };
        is("partition", &answer.partition.to_string())?;
        // A letter of a try that broke off has the offset that was next then; what came in between has moved the batch up.
        if !(0..=answer.offset).contains(&offset) {
            return Err(format!("offset is {offset}, and {} was told", answer.offset));
        }
        self.check.figures.told_before_a_crash += u64::from(offset != answer.offset);
        Ok(())
    }

    /// The orders of a key come in the order in which their producer sent them.
    fn in_order(&mut self, newest: &mut Newest, record: RecordId, partition: Partition, offset: i64) {
        let before = newest.0.entry((record.producer, Order(record).key())).or_insert(record);
        let after = *before;
        *before = after.max(record);
        if after.counter > record.counter {
            self.violated(Violation::Reordered { record, partition, offset, after });
        }
    }

    fn all_acknowledged(&mut self) {
        for producer in self.producers {
            self.check.figures.sent += producer.sent;
        }
        self.check.figures.acknowledged += self.answers.places.len() as u64;
        let answers = self.answers;
        let mut lost: Vec<_> =
            answers.places.iter().filter(|(record, _)| !self.places.contains_key(record)).collect();
        lost.sort_unstable_by_key(|(record, _)| **record);
        for (record, answer) in lost {
            let partition = self.topic.partition(answer.partition);
            self.violated(Violation::Lost { record: *record, partition, offset: answer.offset });
        }
    }

    /// Every record has an offset where it was sent, and one more where a partitioner has put it: batches that were taken twice would
    /// show here even if nothing was left of them.
    fn length(&mut self, reading: &TopicReading) {
        let offsets: i64 = reading.ends.values().sum();
        let mut most = 0;
        for producer in self.producers {
            for counter in 0..producer.sent {
                let record = RecordId { producer: producer.producer, counter };
                let Destiny::Stored { partition: Some(right), .. } = self.topic.destiny(Order(record)) else {
                    most += 1;
                    continue;
                };
                let stays = self.answers.places.get(&record).is_some_and(|answer| answer.partition == right);
                most += if stays { 1 } else { 2 };
            }
        }
        if offsets > most {
            self.violated(Violation::TooLong { topic: self.topic.name.clone(), offsets, most });
        }
    }
}

/// The newest record so far of each producer and key.
#[derive(Default)]
struct Newest(HashMap<(u32, u64), RecordId>);

/// What was read before is there still, and nothing has come in between; gives how many records were compared.
fn unchanged(
    earlier: &Reading,
    topic: &PluggedTopic,
    reading: &TopicReading,
    violations: &mut Vec<Violation>,
) -> u64 {
    let mut compared = 0;
    for partition in topic.all_partitions() {
        let before = earlier.get(&partition).map(Vec::as_slice).unwrap_or_default();
        let now = reading.stored.get(&partition.index).map(Vec::as_slice).unwrap_or_default();
        let Some(first) = before.first() else { continue };
        let start = now.partition_point(|read| read.offset < first.offset);
        let now = &now[start..];
        compared += before.len() as u64;
        if let Some((_, read)) = (0..).zip(before).find(|(at, read)| now.get(*at) != Some(read)) {
            violations.push(Violation::Unlike { partition, offset: read.offset });
        }
    }
    compared
}

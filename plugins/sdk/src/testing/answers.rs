//! A plug-in's answers to a test's records.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::Records;
use crate::abi::layout::{Edit, Span};
use crate::failure::Failure;
use crate::filter::{self, Filter, Verdict, Verdicts};
use crate::host::Level;
use crate::parameters::{BadParameter, Parameters};
use crate::partitioner::{self, Partitioner};
use crate::plugin::Plugin;
use crate::serializer::{self, Changes, Operation, Serializer};
use crate::transform::{self, Output, Transform};

/// A plug-in with these parameters, started as a broker would.
pub fn start<P: Plugin>(parameters: &[(&str, &str)]) -> Result<P, BadParameter> {
    let parameters = Parameters::new("test", parameters.iter().copied());
    let plugin = P::start(&parameters)?;
    parameters.refuse_unknown()?;
    Ok(plugin)
}

/// A filter's verdicts, one for each record.
pub fn check<F: Filter>(filter: &mut F, records: &Records) -> Result<Vec<Verdict>, Failure> {
    let mut verdicts = Verdicts::default();
    filter::check(filter, &records.batch(), &mut verdicts)?;
    let mut notes = verdicts.notes.into_iter().map(|note| note.reason);
    let mut reason = || notes.next().unwrap_or_default();
    let verdicts = verdicts.actions.iter().map(|action| match action {
        0 => Verdict::Accept,
        1 => Verdict::Drop,
        2 => Verdict::Reject(reason()),
        _ => Verdict::DeadLetter(reason()),
    });
    Ok(verdicts.collect())
}

/// A partitioner's choices, one for each record; `None` is the producer's.
pub fn assign<P: Partitioner>(
    partitioner: &mut P,
    records: &Records,
    partitions: u32,
) -> Result<Vec<Option<u32>>, Failure> {
    let mut assigned = Vec::new();
    partitioner::assign(partitioner, &records.batch(), partitions, &mut assigned)?;
    Ok(assigned.into_iter().map(|partition| u32::try_from(partition).ok()).collect())
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rewritten {
    /// Neither key nor value changed.
    Kept,
    /// What they are now.
    Changed {
        /// The key, changed or not.
        key: Option<Vec<u8>>,
        /// The value, changed or not.
        value: Option<Vec<u8>>,
    },
    /// It can't be rewritten; the binding's `on-failure` decides what becomes of it.
    Refused(String),
}

/// What [`Serializer::encode`] makes of each record.
pub fn encode<S: Serializer>(serializer: &mut S, records: &Records) -> Result<Vec<Rewritten>, Failure> {
    rewrite(serializer, Operation::Encode, records)
}

/// What [`Serializer::decode`] makes of each record.
pub fn decode<S: Serializer>(serializer: &mut S, records: &Records) -> Result<Vec<Rewritten>, Failure> {
    rewrite(serializer, Operation::Decode, records)
}

/// What [`Serializer::convert`] makes of each record.
pub fn convert<S: Serializer>(serializer: &mut S, records: &Records) -> Result<Vec<Rewritten>, Failure> {
    rewrite(serializer, Operation::Convert, records)
}

fn rewrite<S: Serializer>(
    serializer: &mut S,
    operation: Operation,
    records: &Records,
) -> Result<Vec<Rewritten>, Failure> {
    let mut out = Changes::default();
    let batch = records.batch();
    serializer::run(serializer, operation, &batch, &mut out)?;
    let mut notes = out.notes.iter().peekable();
    let mut rewritten = Vec::new();
    for ((index, record), change) in batch.records().enumerate().zip(&out.each) {
        let edited = |edit, span, before: Option<&[u8]>| match edit {
            Edit::KEEP => before.map(<[u8]>::to_vec),
            Edit::SET => bytes(&out.blob, span),
            _ => None,
        };
        rewritten.push(if let Some(note) = notes.next_if(|note| note.record == index as u32) {
            Rewritten::Refused(note.reason.clone())
        } else if (change.key, change.value) == (Edit::KEEP, Edit::KEEP) {
            Rewritten::Kept
        } else {
            Rewritten::Changed {
                key: edited(change.key, change.key_bytes, record.key()),
                value: edited(change.value, change.value_bytes, record.value()),
            }
        });
    }
    Ok(rewritten)
}

/// A record that a transform made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The place of the record that it comes from.
    pub source: usize,
    /// Its topic; empty for the binding's first output.
    pub topic: String,
    /// Its partition; `None`: by the key.
    pub partition: Option<u32>,
    /// Its timestamp, in milliseconds since 1970.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// The place of a record that can't be worked on, and the reason.
pub type Refused = (usize, String);

/// What a transform makes of records, and those that it can't work on.
pub fn apply<T: Transform>(
    transform: &mut T,
    records: &Records,
) -> Result<(Vec<Made>, Vec<Refused>), Failure> {
    let mut out = Output::default();
    transform::apply(transform, &records.batch(), &mut out)?;
    let blob = &out.blob;
    let headers_of = |place: usize| {
        let own = out.headers.iter().filter(move |header| header.rec as usize == place);
        own.map(|header| (bytes(blob, header.key).unwrap_or_default(), bytes(blob, header.value))).collect()
    };
    let made = out.records.iter().enumerate().map(|(place, record)| Made {
        source: record.source as usize,
        topic: record.topic.clone(),
        partition: u32::try_from(record.partition).ok(),
        timestamp: record.timestamp,
        key: bytes(blob, record.key),
        value: bytes(blob, record.value),
        headers: headers_of(place),
    });
    let notes = out.notes.iter().map(|note| (note.record as usize, note.reason.clone()));
    Ok((made.collect(), notes.collect()))
}

fn bytes(blob: &[u8], span: Span) -> Option<Vec<u8>> {
    let length = usize::try_from(span.len).ok()?;
    Some(blob[span.off as usize..][..length].to_vec())
}

thread_local! {
    static LOG: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
    static COUNTERS: RefCell<BTreeMap<String, u64>> = const { RefCell::new(BTreeMap::new()) };
}

pub(crate) fn keep_line(level: Level, line: &str) {
    LOG.with_borrow_mut(|log| log.push((level, line.to_owned())));
}

pub(crate) fn keep_count(counter: &str, more: u64) {
    COUNTERS.with_borrow_mut(|counters| *counters.entry(counter.to_owned()).or_default() += more);
}

/// The lines that this thread's plug-ins logged since the last call.
pub fn take_log() -> Vec<(Level, String)> {
    LOG.take()
}

/// What this thread's plug-ins counted since the last call.
pub fn take_counters() -> BTreeMap<String, u64> {
    COUNTERS.take()
}

//! Transforms: new records from stored ones.

use crate::abi::layout::{RawHeader, Span};
use crate::batch::{Batch, Record};
use crate::failure::Failure;
use crate::filter::Note;
use crate::plugin::Plugin;

/// Makes new records from stored ones, from topic to topic.
pub trait Transform: Plugin {
    /// Appends what becomes of this record: nothing, one or several.
    fn apply(&mut self, record: &Record<'_>, out: &mut NewRecords<'_>) -> Result<(), Failure>;
}

/// A new record.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewRecord<'a> {
    /// A topic that the binding names as an output; empty for the first.
    pub topic: &'a str,
    /// `None`: by the key.
    pub partition: Option<u32>,
    /// Milliseconds since 1970; `None`: that of the record it comes from.
    pub timestamp: Option<i64>,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: Option<&'a [u8]>,
    /// Names and values of its headers.
    pub headers: &'a [(&'a [u8], Option<&'a [u8]>)],
}

/// Where new records are appended.
#[derive(Debug)]
pub struct NewRecords<'a> {
    out: &'a mut Output,
    source: u32,
    timestamp: i64,
}

impl NewRecords<'_> {
    /// Appends a record.
    pub fn push(&mut self, record: &NewRecord<'_>) {
        let place = self.out.records.len() as u32;
        let new = Made {
            source: self.source,
            topic: record.topic.to_owned(),
            partition: record.partition.map_or(-1, |partition| partition as i32),
            timestamp: record.timestamp.unwrap_or(self.timestamp),
            key: self.out.append(record.key),
            value: self.out.append(record.value),
        };
        for (key, value) in record.headers {
            let header =
                RawHeader { rec: place, key: self.out.append(Some(key)), value: self.out.append(*value) };
            self.out.headers.push(header);
        }
        self.out.records.push(new);
    }
}

/// A new record whose bytes are in the output's blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) source: u32,
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) timestamp: i64,
    pub(crate) key: Span,
    pub(crate) value: Span,
}

/// New records, kept from call to call.
#[derive(Debug, Default)]
pub struct Output {
    pub(crate) blob: Vec<u8>,
    pub(crate) records: Vec<Made>,
    pub(crate) headers: Vec<RawHeader>,
    pub(crate) notes: Vec<Note>,
}

impl Output {
    fn append(&mut self, bytes: Option<&[u8]>) -> Span {
        let Some(bytes) = bytes else { return Span::NULL };
        let off = self.blob.len() as u32;
        self.blob.extend_from_slice(bytes);
        Span { off, len: bytes.len() as i32 }
    }
}

/// All new records of a batch. What a record that fails has made so far goes with it.
pub(crate) fn apply<T: Transform>(
    transform: &mut T,
    batch: &Batch<'_>,
    out: &mut Output,
) -> Result<(), Failure> {
    out.blob.clear();
    out.records.clear();
    out.headers.clear();
    out.notes.clear();
    for (index, record) in batch.records().enumerate() {
        let before = (out.blob.len(), out.records.len(), out.headers.len());
        let mut new = NewRecords { out: &mut *out, source: index as u32, timestamp: record.timestamp() };
        match transform.apply(&record, &mut new) {
            Ok(()) => {}
            Err(Failure::Record(reason)) => {
                out.blob.truncate(before.0);
                out.records.truncate(before.1);
                out.headers.truncate(before.2);
                out.notes.push(Note { record: index as u32, reason });
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

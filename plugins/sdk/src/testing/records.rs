//! Records for a test, one after the other.

use crate::abi::layout::{RawHeader, RawRecord, Span};
use crate::batch::Batch;

/// Records for a test.
#[derive(Debug, Clone)]
pub struct Records {
    topic: String,
    partition: i32,
    blob: Vec<u8>,
    raw: Vec<RawRecord>,
    headers: Vec<RawHeader>,
}

impl Records {
    /// None so far, of this topic.
    #[must_use]
    pub fn of_topic(topic: &str) -> Records {
        Records {
            topic: topic.to_owned(),
            partition: 0,
            blob: Vec::new(),
            raw: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// Records without keys, of the topic `test`.
    #[must_use]
    pub fn of_values<V: AsRef<[u8]>>(values: impl IntoIterator<Item = V>) -> Records {
        let none = Records::of_topic("test");
        values.into_iter().fold(none, |records, value| records.record(None, Some(value.as_ref())))
    }

    /// The partition that the producer chose; 0 unless this says another.
    #[must_use]
    pub fn partition(mut self, partition: i32) -> Records {
        self.partition = partition;
        self
    }

    /// With one more record.
    #[must_use]
    pub fn record(mut self, key: Option<&[u8]>, value: Option<&[u8]>) -> Records {
        let record = RawRecord {
            offset_delta: self.raw.len() as u32,
            timestamp: 0,
            key: self.append(key),
            value: self.append(value),
        };
        self.raw.push(record);
        self
    }

    /// With one more header for the last record.
    #[must_use]
    pub fn header(mut self, name: &str, value: Option<&[u8]>) -> Records {
        let rec = self.raw.len().saturating_sub(1) as u32;
        let header = RawHeader { rec, key: self.append(Some(name.as_bytes())), value: self.append(value) };
        self.headers.push(header);
        self
    }

    /// With this timestamp of the last record, in milliseconds since 1970.
    #[must_use]
    pub fn timestamp(mut self, milliseconds: i64) -> Records {
        if let Some(last) = self.raw.last_mut() {
            last.timestamp = milliseconds;
        }
        self
    }

    /// All of them.
    #[must_use]
    pub fn batch(&self) -> Batch<'_> {
        Batch {
            topic: &self.topic,
            partition: self.partition,
            blob: &self.blob,
            records: &self.raw,
            headers: &self.headers,
        }
    }

    fn append(&mut self, bytes: Option<&[u8]>) -> Span {
        let Some(bytes) = bytes else { return Span::NULL };
        let off = self.blob.len() as u32;
        self.blob.extend_from_slice(bytes);
        Span { off, len: bytes.len() as i32 }
    }
}

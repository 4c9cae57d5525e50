//! Views of records: nothing is copied.

use std::fmt;

use crate::abi::layout::{RawHeader, RawRecord, Span};

/// Records on their way to one partition.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) blob: &'a [u8],
    pub(crate) records: &'a [RawRecord],
    /// In the order of their records.
    pub(crate) headers: &'a [RawHeader],
}

impl<'a> Batch<'a> {
    /// The topic's name.
    pub fn topic(&self) -> &'a str {
        self.topic
    }

    /// The partition that the producer chose.
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The records, in the order of their offsets.
    pub fn records(&self) -> impl ExactSizeIterator<Item = Record<'a>> + use<'a> {
        let batch = *self;
        (0..self.records.len()).map(move |index| Record { batch, index })
    }

    /// # Panics
    /// If the span isn't inside the blob, which no broker sends.
    fn bytes(&self, span: Span) -> Option<&'a [u8]> {
        let length = usize::try_from(span.len).ok()?;
        let start = span.off as usize;
        Some(&self.blob[start..start + length])
    }
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records of {}-{}", self.len(), self.topic, self.partition)
    }
}

/// One record.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    batch: Batch<'a>,
    index: usize,
}

impl<'a> Record<'a> {
    fn raw(&self) -> &'a RawRecord {
        &self.batch.records[self.index]
    }

    /// The topic's name.
    pub fn topic(&self) -> &'a str {
        self.batch.topic
    }

    /// The partition that the producer chose.
    pub fn partition(&self) -> i32 {
        self.batch.partition
    }

    /// Its place after the first record that the producer sent in this batch.
    pub fn offset_delta(&self) -> u32 {
        self.raw().offset_delta
    }

    /// Milliseconds since 1970, as the producer gave it. There is no other clock.
    pub fn timestamp(&self) -> i64 {
        self.raw().timestamp
    }

    /// `None` if it is null, or if [`Wants::keys`](crate::Wants::keys) wasn't asked for.
    pub fn key(&self) -> Option<&'a [u8]> {
        self.batch.bytes(self.raw().key)
    }

    /// `None` if it is null (a tombstone), or if [`Wants::values`](crate::Wants::values) wasn't asked for.
    pub fn value(&self) -> Option<&'a [u8]> {
        self.batch.bytes(self.raw().value)
    }

    /// Its headers: names, and values, which may be null. None unless [`Wants::headers`](crate::Wants::headers) was asked for.
    pub fn headers(&self) -> Headers<'a> {
        let headers = self.batch.headers;
        let first = headers.partition_point(|header| (header.rec as usize) < self.index);
        Headers { batch: self.batch, index: self.index, rest: &headers[first..] }
    }

    /// The value of the last header of this name; Kafka's clients take the last one, too. `None` if there is none, or if
    /// it is null.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers().filter(|(key, _)| *key == name.as_bytes()).last()?.1
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("offset_delta", &self.offset_delta())
            .field("timestamp", &self.timestamp())
            .field("key", &self.key().map(String::from_utf8_lossy))
            .field("value", &self.value().map(String::from_utf8_lossy))
            .finish_non_exhaustive()
    }
}

/// A record's headers, one after the other.
#[derive(Clone)]
pub struct Headers<'a> {
    batch: Batch<'a>,
    index: usize,
    rest: &'a [RawHeader],
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let (first, rest) = self.rest.split_first()?;
        if first.rec as usize != self.index {
            return None;
        }
        self.rest = rest;
        Some((self.batch.bytes(first.key).unwrap_or_default(), self.batch.bytes(first.value)))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Records;

    #[test]
    fn a_record_is_seen_as_it_was_sent() {
        let records = Records::of_topic("orders")
            .partition(3)
            .record(Some(b"k"), Some(b"v"))
            .header("a", Some(b"1"))
            .header("a", Some(b"2"))
            .record(None, None)
            .record(Some(b""), Some(b""))
            .header("b", None)
            .timestamp(77);
        let batch = records.batch();
        let seen: Vec<_> = batch.records().collect();
        assert_eq!((batch.topic(), batch.partition(), batch.len()), ("orders", 3, 3));
        assert_eq!((seen[0].key(), seen[0].value()), (Some(&b"k"[..]), Some(&b"v"[..])));
        assert_eq!((seen[1].key(), seen[1].value()), (None, None));
        assert_eq!((seen[2].key(), seen[2].value()), (Some(&b""[..]), Some(&b""[..])));
        assert_eq!((seen[2].offset_delta(), seen[2].timestamp()), (2, 77));
        assert_eq!(seen[0].headers().count(), 2);
        assert_eq!(seen[0].header("a"), Some(&b"2"[..]));
        assert_eq!(seen[1].headers().count(), 0);
        assert_eq!(seen[2].headers().collect::<Vec<_>>(), [(&b"b"[..], None)]);
    }
}

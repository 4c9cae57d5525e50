//! What a plug-in is given: records as spans into one run of bytes.

use std::ops::Range;

/// A piece of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// Where it starts.
    pub off: u32,
    /// Its length; -1 is null, -2 says that it was left out.
    pub len: i32,
}

impl Span {
    /// Kafka's null.
    pub const NULL: Span = Span { off: 0, len: -1 };
    /// Left out, because the plug-in didn't ask for it.
    pub const LEFT_OUT: Span = Span { off: 0, len: -2 };

    /// Where it lies, if it has bytes and lies within a blob of `blob_bytes`.
    pub fn range(self, blob_bytes: usize) -> Option<Range<usize>> {
        let len = usize::try_from(self.len).ok()?;
        let off = self.off as usize;
        let end = off.checked_add(len)?;
        (end <= blob_bytes).then_some(off..end)
    }

    /// Whether it is null, left out, or within a blob of `blob_bytes`.
    fn is_sound(self, blob_bytes: usize) -> bool {
        self.len == -1 || self.len == -2 || self.range(blob_bytes).is_some()
    }
}

/// A header of the record at place `rec`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The record's place in the batch.
    pub rec: u32,
    /// UTF-8, as Kafka has it.
    pub key: Span,
    /// May be null.
    pub value: Span,
}

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Its place after the first record that the producer sent in this batch.
    pub offset_delta: u32,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// May be null.
    pub key: Span,
    /// May be null.
    pub value: Span,
}

/// Records on their way to one partition.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition that the producer chose.
    pub partition: i32,
    /// What all spans point into.
    pub blob: &'a [u8],
    /// The records.
    pub records: &'a [Record],
    /// Their headers, in the order of the records.
    pub headers: &'a [Header],
}

impl Batch<'_> {
    /// Whether every span lies within the blob and headers are in the order of their records.
    pub(crate) fn is_sound(&self) -> bool {
        let bytes = self.blob.len();
        let records = self.records.iter().all(|it| it.key.is_sound(bytes) && it.value.is_sound(bytes));
        let headers = self.headers.iter().all(|it| {
            (it.rec as usize) < self.records.len() && it.key.is_sound(bytes) && it.value.is_sound(bytes)
        });
        records && headers && self.headers.is_sorted_by_key(|header| header.rec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: Span = Span { off: 0, len: 3 };

    fn sound(key: Span, headers: &[Header]) -> bool {
        let record = Record { offset_delta: 0, timestamp: 0, key, value: Span::NULL };
        Batch { topic: "t", partition: 0, blob: b"abc", records: &[record, record], headers }.is_sound()
    }

    #[test]
    fn spans_lie_within_the_blob() {
        assert!(sound(BYTES, &[]));
        assert!(sound(Span { off: 3, len: 0 }, &[]));
        assert!(sound(Span::NULL, &[]));
        for (off, len) in [(0, 4), (4, 0), (u32::MAX, i32::MAX), (0, -3), (1, 3)] {
            assert!(!sound(Span { off, len }, &[]), "{off} {len}");
        }
    }

    #[test]
    fn headers_belong_to_records_in_order() {
        let header = |rec| Header { rec, key: BYTES, value: Span::NULL };
        assert!(sound(BYTES, &[header(0), header(0), header(1)]));
        assert!(!sound(BYTES, &[header(1), header(0)]));
        assert!(!sound(BYTES, &[header(2)]));
    }
}

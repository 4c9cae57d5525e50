//! A produced batch as one run of bytes and the pieces in it, for who looks at every record.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use klamm_model::TimestampMs;

use crate::attributes::TimestampType;
use crate::compression::Compression;
use crate::error::BatchError;
use crate::header::BatchHeader;
use crate::produced::ProducedBatch;
use crate::record::{Header, Records};

/// The records of a produced batch, decompressed.
#[derive(Debug, Clone)]
pub struct UnpackedBatch {
    bytes: Bytes,
    records: Vec<UnpackedRecord>,
    headers: Vec<UnpackedHeader>,
}

/// One record; its pieces are ranges of [`UnpackedBatch::bytes`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpackedRecord {
    /// Its place in the batch.
    pub offset_delta: i32,
    /// When it was made, as its producer says.
    pub timestamp: TimestampMs,
    /// Its key.
    pub key: Option<Range<u32>>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Range<u32>>,
    /// Which of [`UnpackedBatch::headers`] are its.
    pub headers: Range<u32>,
}

/// A header of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpackedHeader {
    /// Its key.
    pub key: Range<u32>,
    /// Its value.
    pub value: Option<Range<u32>>,
}

impl ProducedBatch {
    /// The batch's records, decompressed to no more than `max_uncompressed_bytes`. Records that are not compressed are not
    /// copied.
    ///
    /// # Errors
    /// If they decompress to more; the batch was valid otherwise when it passed the door.
    pub fn unpack(&self, max_uncompressed_bytes: usize) -> Result<UnpackedBatch, BatchError> {
        let header = *self.header();
        let bytes = match header.attributes.compression()? {
            Compression::None => self.body().clone(),
            codec => Bytes::from(codec.decompress(self.body(), max_uncompressed_bytes)?),
        };
        if u32::try_from(bytes.len()).is_err() {
            return Err(BatchError::Count { count: header.record_count, what: "they are larger than 4 GiB" });
        }
        let mut unpacked = UnpackedBatch {
            bytes: bytes.clone(),
            records: Vec::with_capacity(usize::try_from(header.record_count).unwrap_or(0)),
            headers: Vec::new(),
        };
        let start = bytes.as_ptr().addr();
        let range = |piece: &[u8]| {
            let at = (piece.as_ptr().addr() - start) as u32;
            at..at + piece.len() as u32
        };
        // The times that the producer gave are in the records, whatever the batch says of the log's.
        let attributes = header.attributes.with_timestamp_type(TimestampType::CreateTime);
        let mut records = Records::new(BatchHeader { attributes, ..header }, Cow::Borrowed(&bytes));
        while let Some(record) = records.next_record()? {
            let first = unpacked.headers.len() as u32;
            let header = |header: &Header<'_>| UnpackedHeader {
                key: range(header.key),
                value: header.value.map(range),
            };
            unpacked.headers.extend(record.headers.iter().map(header));
            unpacked.records.push(UnpackedRecord {
                offset_delta: record.offset.0 as i32,
                timestamp: record.timestamp,
                key: record.key.map(range),
                value: record.value.map(range),
                headers: first..unpacked.headers.len() as u32,
            });
        }
        Ok(unpacked)
    }
}

impl UnpackedBatch {
    /// What all ranges point into.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The records, in their order.
    pub fn records(&self) -> &[UnpackedRecord] {
        &self.records
    }

    /// The headers of all records, in the records' order.
    pub fn headers(&self) -> &[UnpackedHeader] {
        &self.headers
    }

    /// The bytes of a piece.
    pub fn piece(&self, range: &Range<u32>) -> &[u8] {
        &self.bytes[range.start as usize..range.end as usize]
    }

    /// The headers of a record.
    pub fn headers_of<'a>(&'a self, record: &UnpackedRecord) -> Vec<Header<'a>> {
        self.headers[record.headers.start as usize..record.headers.end as usize]
            .iter()
            .map(|header| Header {
                key: self.piece(&header.key),
                value: header.value.as_ref().map(|value| self.piece(value)),
            })
            .collect()
    }
}

//! Records, and iteration over those of a batch.

use std::borrow::Cow;

use klamm_model::{Offset, TimestampMs};

use crate::attributes::TimestampType;
use crate::error::BatchError;
use crate::header::BatchHeader;
use crate::varint::{read_i32, read_i64};
use crate::walk::WalkError;

/// A header of a record: a key, which is text by Kafka's rules but not checked here, and a value or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its key; several headers may have the same.
    pub key: &'a [u8],
    /// Its value.
    pub value: Option<&'a [u8]>,
}

/// One record of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its offset in the partition.
    pub offset: Offset,
    /// When it was made, or appended.
    pub timestamp: TimestampMs,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its headers, in their order.
    pub headers: Vec<Header<'a>>,
}

/// The records of a batch, decompressed.
#[derive(Debug)]
pub struct Records<'a> {
    header: BatchHeader,
    bytes: Cow<'a, [u8]>,
    position: usize,
    read: i32,
    last_delta: i32,
}

impl<'a> Records<'a> {
    pub(crate) fn new(header: BatchHeader, bytes: Cow<'a, [u8]>) -> Records<'a> {
        Records { header, bytes, position: 0, read: 0, last_delta: -1 }
    }

    /// The next record; `None` after the last.
    ///
    /// (Not `Iterator::next`: a record borrows the decompressed bytes, which live here.)
    ///
    /// # Errors
    /// If the record contradicts itself or the batch; there is nothing more to read then.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, BatchError> {
        let count = self.header.record_count;
        let rest = &self.bytes[self.position..];
        if self.read == count {
            let at_end = rest.is_empty();
            return if at_end {
                Ok(None)
            } else {
                Err(BatchError::Count { count, what: "bytes follow the last one" })
            };
        }
        if rest.is_empty() {
            return Err(BatchError::Count { count, what: "there are fewer" });
        }
        let Read { record, offset_delta, used } =
            read_record(rest, &self.header, self.last_delta).map_err(|error| error.at(self.read))?;
        self.position += used;
        self.read += 1;
        self.last_delta = offset_delta;
        Ok(Some(record))
    }
}

struct Read<'b> {
    record: Record<'b>,
    offset_delta: i32,
    used: usize,
}

/// Reads the record at the start of `bytes`, whose offset delta must be larger than `previous`.
fn read_record<'b>(bytes: &'b [u8], header: &BatchHeader, previous: i32) -> Result<Read<'b>, WalkError> {
    let mut reader = bytes;
    let mut prefix = 0;
    let length = read_i32(&mut reader, &mut prefix)?;
    let length = usize::try_from(length).map_err(|_| WalkError::Record("has a negative length"))?;
    if length > reader.len() {
        return Err(WalkError::End);
    }
    let mut body = &reader[..length];
    let mut left = length as i64;
    take(&mut body, 1, &mut left)?; // attributes: none are defined for a record
    let timestamp = timestamp(header, read_i64(&mut body, &mut left)?);
    let offset_delta = read_i32(&mut body, &mut left)?;
    // A batch that compaction has thinned out has gaps, but no record is before another or after the last.
    if offset_delta <= previous || offset_delta > header.last_offset_delta {
        return Err(WalkError::Record("has an offset out of order"));
    }
    let offset = Offset(header.base_offset.0.saturating_add(i64::from(offset_delta)));
    let key = read_field(&mut body, &mut left)?;
    let value = read_field(&mut body, &mut left)?;
    let headers = read_headers(&mut body, &mut left)?;
    if left != 0 {
        return Err(WalkError::Record("is not as long as it says"));
    }
    let used = bytes.len() - reader.len() + length;
    Ok(Read { record: Record { offset, timestamp, key, value, headers }, offset_delta, used })
}

fn timestamp(header: &BatchHeader, delta: i64) -> TimestampMs {
    match header.attributes.timestamp_type() {
        TimestampType::CreateTime => TimestampMs(header.base_timestamp.0.wrapping_add(delta)),
        TimestampType::LogAppendTime => header.max_timestamp,
    }
}

fn read_headers<'b>(body: &mut &'b [u8], left: &mut i64) -> Result<Vec<Header<'b>>, WalkError> {
    let count = read_i32(body, left)?;
    // A header has at least two bytes; a count beyond that is a lie, and reserves nothing.
    if count < 0 || i64::from(count) * 2 > *left {
        return Err(WalkError::Record("has an impossible number of headers"));
    }
    let mut headers = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let key = read_field(body, left)?.ok_or(WalkError::Record("has a header without a key"))?;
        headers.push(Header { key, value: read_field(body, left)? });
    }
    Ok(headers)
}

fn read_field<'b>(body: &mut &'b [u8], left: &mut i64) -> Result<Option<&'b [u8]>, WalkError> {
    let length = read_i32(body, left)?;
    match length {
        -1 => Ok(None),
        ..-1 => Err(WalkError::Record("has a field of negative length")),
        _ => take(body, length as usize, left).map(Some),
    }
}

fn take<'b>(body: &mut &'b [u8], bytes: usize, left: &mut i64) -> Result<&'b [u8], WalkError> {
    let Some((taken, rest)) = body.split_at_checked(bytes) else {
        return Err(WalkError::Record("has a field that goes past its end"));
    };
    *body = rest;
    *left -= bytes as i64;
    Ok(taken)
}

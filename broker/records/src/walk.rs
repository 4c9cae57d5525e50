//! A walk over records that keeps nothing of them: for validation, at the cost of one pass and no memory.

use std::io::{self, BufRead};

use crate::compression::CompressionError;
use crate::error::BatchError;
use crate::varint::{read_i32, read_i64};

/// Why a walk stopped; the walk's caller knows the record's number.
#[derive(Debug)]
pub(crate) enum WalkError {
    /// The bytes end within a record.
    End,
    /// The record contradicts itself.
    Record(&'static str),
    /// The bytes don't decompress.
    Compression(CompressionError),
}

impl WalkError {
    pub(crate) fn from_io(error: &io::Error) -> WalkError {
        WalkError::Compression(CompressionError::from_io(error))
    }

    pub(crate) fn at(self, index: i32) -> BatchError {
        match self {
            WalkError::End => BatchError::Record { index, what: "ends after the batch does" },
            WalkError::Record(what) => BatchError::Record { index, what },
            WalkError::Compression(error) => BatchError::Compression(error),
        }
    }
}

/// What validation needs to know of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordShape {
    pub timestamp_delta: i64,
    pub offset_delta: i32,
    pub has_key: bool,
}

/// Walks over `count` records and calls `each` with the shape of each; all bytes must be used up.
pub(crate) fn walk<R: BufRead>(
    reader: &mut R,
    count: i32,
    mut each: impl FnMut(i32, RecordShape),
) -> Result<(), BatchError> {
    for index in 0..count {
        if reader.fill_buf().map_err(|error| WalkError::from_io(&error).at(index))?.is_empty() {
            return Err(BatchError::Count { count, what: "there are fewer" });
        }
        each(index, walk_record(reader).map_err(|error| error.at(index))?);
    }
    match reader.fill_buf() {
        Ok([]) => Ok(()),
        Ok(_) => Err(BatchError::Count { count, what: "bytes follow the last one" }),
        Err(error) => Err(WalkError::from_io(&error).at(count)),
    }
}

fn walk_record<R: BufRead>(reader: &mut R) -> Result<RecordShape, WalkError> {
    let mut unlimited = i64::MAX;
    let mut left = i64::from(read_i32(reader, &mut unlimited)?);
    if left < 0 {
        return Err(WalkError::Record("has a negative length"));
    }
    skip(reader, 1, &mut left)?; // attributes: none are defined for a record
    let timestamp_delta = read_i64(reader, &mut left)?;
    let offset_delta = read_i32(reader, &mut left)?;
    let has_key = skip_field(reader, &mut left)?;
    skip_field(reader, &mut left)?;
    let headers = read_i32(reader, &mut left)?;
    // A header has at least two bytes; a count beyond that is a lie, and stops here.
    if headers < 0 || i64::from(headers) * 2 > left {
        return Err(WalkError::Record("has an impossible number of headers"));
    }
    for _ in 0..headers {
        if !skip_field(reader, &mut left)? {
            return Err(WalkError::Record("has a header without a key"));
        }
        skip_field(reader, &mut left)?;
    }
    if left != 0 {
        return Err(WalkError::Record("is not as long as it says"));
    }
    Ok(RecordShape { timestamp_delta, offset_delta, has_key })
}

/// Skips a field with a length in front; whether it is there at all (not null).
fn skip_field<R: BufRead>(reader: &mut R, left: &mut i64) -> Result<bool, WalkError> {
    let length = read_i32(reader, left)?;
    match length {
        -1 => Ok(false),
        ..-1 => Err(WalkError::Record("has a field of negative length")),
        _ => skip(reader, i64::from(length), left).map(|()| true),
    }
}

fn skip<R: BufRead>(reader: &mut R, bytes: i64, left: &mut i64) -> Result<(), WalkError> {
    if bytes > *left {
        return Err(WalkError::Record("has a field that goes past its end"));
    }
    *left -= bytes;
    let mut missing = bytes as usize;
    while missing > 0 {
        let available = reader.fill_buf().map_err(|error| WalkError::from_io(&error))?.len();
        if available == 0 {
            return Err(WalkError::End);
        }
        let step = available.min(missing);
        reader.consume(step);
        missing -= step;
    }
    Ok(())
}

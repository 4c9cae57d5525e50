//! Zigzag varints, as records have them (Protocol Buffers' encoding).

use std::io::BufRead;

use crate::walk::WalkError;

/// The most bytes of a 32-bit varint.
const MAX_BYTES_32: usize = 5;
/// The most bytes of a 64-bit varint.
const MAX_BYTES_64: usize = 10;

/// Reads a 32-bit varint and counts its bytes off `left`.
pub(crate) fn read_i32<R: BufRead>(reader: &mut R, left: &mut i64) -> Result<i32, WalkError> {
    let raw = read_raw(reader, left, MAX_BYTES_32)?;
    let raw = u32::try_from(raw).map_err(|_| WalkError::Record("has a number that is too long"))?;
    Ok((raw >> 1) as i32 ^ -((raw & 1) as i32))
}

/// Reads a 64-bit varint and counts its bytes off `left`.
pub(crate) fn read_i64<R: BufRead>(reader: &mut R, left: &mut i64) -> Result<i64, WalkError> {
    let raw = read_raw(reader, left, MAX_BYTES_64)?;
    Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
}

#[inline]
fn read_raw<R: BufRead>(reader: &mut R, left: &mut i64, most: usize) -> Result<u64, WalkError> {
    let buffer = reader.fill_buf().map_err(|error| WalkError::from_io(&error))?;
    // Nearly all numbers lie whole in the buffer, and most of them have one byte.
    let (value, bytes) = match buffer {
        [byte, ..] if byte & 0x80 == 0 => (u64::from(*byte), 1),
        _ => match whole(buffer, most) {
            Some(found) => found,
            None => return read_across(reader, left, most),
        },
    };
    reader.consume(bytes);
    *left -= bytes as i64;
    Ok(value)
}

/// The number at the start of `buffer`, and its bytes; `None` if it does not end there.
#[inline]
fn whole(buffer: &[u8], most: usize) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (index, &byte) in buffer.iter().take(most).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

/// Reads a number that goes on in the next buffer, or is none.
#[cold]
fn read_across<R: BufRead>(reader: &mut R, left: &mut i64, most: usize) -> Result<u64, WalkError> {
    let mut value = 0_u64;
    for index in 0..most {
        let buffer = reader.fill_buf().map_err(|error| WalkError::from_io(&error))?;
        let &byte = buffer.first().ok_or(WalkError::End)?;
        reader.consume(1);
        *left -= 1;
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(WalkError::Record("has a number that is too long"))
}

/// Appends a 32-bit varint.
pub(crate) fn write_i32(out: &mut Vec<u8>, value: i32) {
    write_raw(out, u64::from(((value << 1) ^ (value >> 31)) as u32));
}

/// Appends a 64-bit varint.
pub(crate) fn write_i64(out: &mut Vec<u8>, value: i64) {
    write_raw(out, ((value << 1) ^ (value >> 63)) as u64);
}

fn write_raw(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The bytes of a 32-bit varint.
pub(crate) fn size_i32(value: i32) -> usize {
    size_i64(i64::from(value))
}

/// The bytes of a 64-bit varint.
pub(crate) fn size_i64(value: i64) -> usize {
    let raw = ((value << 1) ^ (value >> 63)) as u64;
    (64 - (raw | 1).leading_zeros() as usize).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{read_i32, read_i64, size_i32, size_i64, write_i32, write_i64};

    proptest! {
        #[test]
        fn numbers_round_trip(small: i32, large: i64) {
            let mut bytes = Vec::new();
            write_i32(&mut bytes, small);
            prop_assert_eq!(bytes.len(), size_i32(small));
            write_i64(&mut bytes, large);
            prop_assert_eq!(bytes.len(), size_i32(small) + size_i64(large));
            let (mut reader, mut left) = (bytes.as_slice(), bytes.len() as i64);
            prop_assert_eq!(read_i32(&mut reader, &mut left).unwrap(), small);
            prop_assert_eq!(read_i64(&mut reader, &mut left).unwrap(), large);
            prop_assert_eq!(left, 0);
            let mut piecemeal = std::io::BufReader::with_capacity(1, bytes.as_slice());
            let mut left = bytes.len() as i64;
            prop_assert_eq!(read_i32(&mut piecemeal, &mut left).unwrap(), small);
            prop_assert_eq!(read_i64(&mut piecemeal, &mut left).unwrap(), large);
            prop_assert_eq!(left, 0);
        }
    }

    #[test]
    fn endless_numbers_are_refused() {
        let endless = [0xff; 11];
        assert!(read_i32(&mut &endless[..], &mut 11).is_err());
        assert!(read_i64(&mut &endless[..], &mut 11).is_err());
    }
}

//! Structs that stand alone behind their version: records of internal topics, what consumers tell each other.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::codec::Wire;
use crate::{DecodeError, DecodeFault, Decoder, EncodeError, Encoder, Limits};

const VERSION_BYTES: usize = 2;

/// Writes the version, 16 bits, and the struct in it.
pub fn encode_versioned<T: Wire>(value: &T, version: i16, flexible: bool) -> Result<Bytes, EncodeError> {
    let mut encoder = Encoder::new();
    version.write(&mut encoder, version)?;
    encoder.set_flexible(flexible);
    value.write(&mut encoder, version)?;
    encoder.finish().map(crate::EncodedFrame::into_body)
}

/// Reads a version and the struct in it, which has compact lengths from the version `first_flexible` on. Bytes behind it
/// are an error.
pub fn decode_versioned<T: Wire>(
    bytes: &Bytes,
    versions: RangeInclusive<i16>,
    first_flexible: Option<i16>,
) -> Result<T, DecodeError> {
    let mut decoder = Decoder::new(bytes.clone(), Limits::REQUEST);
    let version = i16::read(&mut decoder, 0)?;
    if !versions.contains(&version) {
        return Err(DecodeError::new(DecodeFault::UnsupportedVersion { version }, 0));
    }
    decoder.set_flexible(first_flexible.is_some_and(|first| version >= first));
    let value = T::read(&mut decoder, version)?;
    match decoder.remaining() {
        0 => Ok(value),
        extra => Err(decoder.fault(DecodeFault::TrailingBytes { extra })),
    }
}

/// The version in front of a struct, `None` if there are not even bytes for that.
pub fn version_of(bytes: &[u8]) -> Option<i16> {
    bytes.first_chunk::<VERSION_BYTES>().map(|bytes| i16::from_be_bytes(*bytes))
}

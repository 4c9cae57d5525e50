//! How each type of a field looks on the wire.
//!
//! ```text
//!   i16, f64, bool, TopicId ..   numbers.rs   big-endian, of fixed length
//!   String                       text.rs      16-bit or compact length, UTF-8
//!   Bytes, Records               binary.rs    32-bit or compact length, shared with the frame
//!   Vec<T>                       list.rs      32-bit or compact count, elements
//!   structs                      derived      fields in order, then tagged ones
//! ```

mod binary;
mod list;
mod numbers;
mod text;

use crate::{DecodeError, DecodeFault, Decoder, EncodeError, EncodeFault, Encoder};

/// A type that fields of messages have.
pub trait Wire: Sized {
    /// A lower bound of its length on the wire in this version, in bytes. A count of elements that the
    /// remaining bytes can't hold is refused before anything is allocated.
    fn min_bytes(version: i16) -> usize;

    /// Reads a value that is not null.
    fn read(decoder: &mut Decoder, version: i16) -> Result<Self, DecodeError>;

    /// Writes a value that is not null.
    fn write(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError>;
}

/// A type that can be null in versions that say so.
pub trait Nullable: Wire {
    /// Reads a value or null.
    fn read_nullable(decoder: &mut Decoder, version: i16) -> Result<Option<Self>, DecodeError>;

    /// Writes a value or null.
    fn write_nullable(value: Option<&Self>, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError>;
}

/// Marks the structs of declarations, whose null is a byte of its own before the fields.
pub trait WireStruct: Wire {}

const NULL_STRUCT: i8 = -1;
const PRESENT_STRUCT: i8 = 1;

impl<T: WireStruct> Nullable for T {
    fn read_nullable(decoder: &mut Decoder, version: i16) -> Result<Option<T>, DecodeError> {
        if i8::read(decoder, version)? < 0 {
            return Ok(None);
        }
        T::read(decoder, version).map(Some)
    }

    fn write_nullable(value: Option<&T>, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        match value {
            None => NULL_STRUCT.write(encoder, version),
            Some(value) => {
                PRESENT_STRUCT.write(encoder, version)?;
                value.write(encoder, version)
            }
        }
    }
}

/// Writes an `Option` in a version that has no null for it.
pub fn write_never_null<T: Wire>(
    value: Option<&T>,
    encoder: &mut Encoder,
    version: i16,
) -> Result<(), EncodeError> {
    match value {
        Some(value) => value.write(encoder, version),
        None => Err(EncodeError::new(EncodeFault::Null { version })),
    }
}

/// The value, or the error of a null that the version does not have.
fn never_null<T>(decoder: &Decoder, value: Option<T>) -> Result<T, DecodeError> {
    value.ok_or_else(|| decoder.fault(DecodeFault::Null))
}

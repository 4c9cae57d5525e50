//! Texts.

use super::{Nullable, Wire, never_null};
use crate::{DecodeError, DecodeFault, Decoder, EncodeError, EncodeFault, Encoder};

/// Kafka's limit for texts, also where the length is compact.
const MAX_TEXT_BYTES: usize = i16::MAX as usize;

impl Wire for String {
    fn min_bytes(_version: i16) -> usize {
        1
    }

    #[inline]
    fn read(decoder: &mut Decoder, version: i16) -> Result<String, DecodeError> {
        let text = String::read_nullable(decoder, version)?;
        never_null(decoder, text)
    }

    #[inline]
    fn write(&self, encoder: &mut Encoder, _version: i16) -> Result<(), EncodeError> {
        if self.len() > MAX_TEXT_BYTES {
            return Err(EncodeError::new(EncodeFault::TextTooLong { length: self.len() }));
        }
        encoder.put_length::<2>(Some(self.len()))?;
        encoder.put_slice(self.as_bytes());
        Ok(())
    }
}

impl Nullable for String {
    fn read_nullable(decoder: &mut Decoder, _version: i16) -> Result<Option<String>, DecodeError> {
        let Some(length) = decoder.take_length::<2>()? else { return Ok(None) };
        if length > MAX_TEXT_BYTES {
            return Err(decoder.fault(DecodeFault::TextTooLong { length }));
        }
        let at_byte = decoder.position();
        decoder.charge(length)?;
        match std::str::from_utf8(decoder.take_slice(length)?) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(error) => Err(DecodeError::new(DecodeFault::NotUtf8, at_byte + error.valid_up_to())),
        }
    }

    fn write_nullable(
        value: Option<&String>,
        encoder: &mut Encoder,
        version: i16,
    ) -> Result<(), EncodeError> {
        match value {
            Some(text) => text.write(encoder, version),
            None => encoder.put_length::<2>(None),
        }
    }
}

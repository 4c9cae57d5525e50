//! Byte strings, which share the memory of their frame.

use bytes::Bytes;

use super::{Nullable, Wire, never_null};
use crate::{DecodeError, Decoder, EncodeError, Encoder, Records};

impl Wire for Bytes {
    fn min_bytes(_version: i16) -> usize {
        1
    }

    fn read(decoder: &mut Decoder, version: i16) -> Result<Bytes, DecodeError> {
        let bytes = Bytes::read_nullable(decoder, version)?;
        never_null(decoder, bytes)
    }

    fn write(&self, encoder: &mut Encoder, _version: i16) -> Result<(), EncodeError> {
        encoder.put_length::<4>(Some(self.len()))?;
        encoder.put_shared(self);
        Ok(())
    }
}

impl Nullable for Bytes {
    fn read_nullable(decoder: &mut Decoder, _version: i16) -> Result<Option<Bytes>, DecodeError> {
        match decoder.take_length::<4>()? {
            Some(length) => decoder.take_shared(length).map(Some),
            None => Ok(None),
        }
    }

    fn write_nullable(value: Option<&Bytes>, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        match value {
            Some(bytes) => bytes.write(encoder, version),
            None => encoder.put_length::<4>(None),
        }
    }
}

impl Wire for Records {
    fn min_bytes(_version: i16) -> usize {
        1
    }

    fn read(decoder: &mut Decoder, version: i16) -> Result<Records, DecodeError> {
        let records = Records::read_nullable(decoder, version)?;
        never_null(decoder, records)
    }

    fn write(&self, encoder: &mut Encoder, _version: i16) -> Result<(), EncodeError> {
        encoder.put_length::<4>(Some(self.len()))?;
        for chunk in self.chunks() {
            encoder.put_shared(chunk);
        }
        Ok(())
    }
}

impl Nullable for Records {
    fn read_nullable(decoder: &mut Decoder, version: i16) -> Result<Option<Records>, DecodeError> {
        let bytes = Bytes::read_nullable(decoder, version)?;
        if bytes.is_some() {
            // The list of the one chunk is the only allocation.
            decoder.charge(size_of::<Bytes>())?;
        }
        Ok(bytes.map(Records::from))
    }

    fn write_nullable(
        value: Option<&Records>,
        encoder: &mut Encoder,
        version: i16,
    ) -> Result<(), EncodeError> {
        match value {
            Some(records) => records.write(encoder, version),
            None => encoder.put_length::<4>(None),
        }
    }
}

//! Lists.

use super::{Nullable, Wire, never_null};
use crate::{DecodeError, DecodeFault, Decoder, EncodeError, Encoder};

/// What an element counts for at least, however small it is: most lists of numbers name partitions, and the answer has
/// a struct for each.
const MIN_ELEMENT_BYTES: usize = 32;

impl<T: Wire> Wire for Vec<T> {
    fn min_bytes(_version: i16) -> usize {
        1
    }

    fn read(decoder: &mut Decoder, version: i16) -> Result<Vec<T>, DecodeError> {
        let list = Vec::read_nullable(decoder, version)?;
        never_null(decoder, list)
    }

    fn write(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        encoder.put_length::<4>(Some(self.len()))?;
        for (index, element) in self.iter().enumerate() {
            element.write(encoder, version).map_err(|error| error.in_element(index))?;
        }
        Ok(())
    }
}

impl<T: Wire> Nullable for Vec<T> {
    fn read_nullable(decoder: &mut Decoder, version: i16) -> Result<Option<Vec<T>>, DecodeError> {
        let Some(count) = decoder.take_length::<4>()? else { return Ok(None) };
        let remaining = decoder.remaining();
        if count > remaining / T::min_bytes(version).max(1) {
            return Err(decoder.fault(DecodeFault::TooManyElements { count, remaining }));
        }
        decoder.charge(count.saturating_mul(size_of::<T>().max(MIN_ELEMENT_BYTES)))?;
        // Even a count that the bytes could hold may lie: what is reserved at once is no more than the bytes
        // that are there, and the rest grows with elements that were read.
        let mut list = Vec::with_capacity(count.min(remaining / size_of::<T>().max(1)));
        for index in 0..count {
            list.push(T::read(decoder, version).map_err(|error| error.in_element(index))?);
        }
        Ok(Some(list))
    }

    fn write_nullable(
        value: Option<&Vec<T>>,
        encoder: &mut Encoder,
        version: i16,
    ) -> Result<(), EncodeError> {
        match value {
            Some(list) => list.write(encoder, version),
            None => encoder.put_length::<4>(None),
        }
    }
}

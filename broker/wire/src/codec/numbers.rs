//! Numbers and other values of fixed length.

use klamm_model::TopicId;

use super::Wire;
use crate::{DecodeError, Decoder, EncodeError, Encoder};

macro_rules! big_endian {
    ($($number:ty),*) => {
        $(impl Wire for $number {
            fn min_bytes(_version: i16) -> usize {
                size_of::<$number>()
            }

            #[inline]
            fn read(decoder: &mut Decoder, _version: i16) -> Result<$number, DecodeError> {
                decoder.take_array().map(<$number>::from_be_bytes)
            }

            #[inline]
            fn write(&self, encoder: &mut Encoder, _version: i16) -> Result<(), EncodeError> {
                encoder.put_slice(&self.to_be_bytes());
                Ok(())
            }
        })*
    };
}

big_endian!(i8, i16, u16, i32, i64, f64);

impl Wire for bool {
    fn min_bytes(_version: i16) -> usize {
        1
    }

    /// Every byte but 0 is true, as in Kafka.
    #[inline]
    fn read(decoder: &mut Decoder, _version: i16) -> Result<bool, DecodeError> {
        decoder.take_array().map(|[byte]| byte != 0)
    }

    #[inline]
    fn write(&self, encoder: &mut Encoder, _version: i16) -> Result<(), EncodeError> {
        encoder.put_slice(&[u8::from(*self)]);
        Ok(())
    }
}

impl Wire for TopicId {
    fn min_bytes(_version: i16) -> usize {
        16
    }

    #[inline]
    fn read(decoder: &mut Decoder, _version: i16) -> Result<TopicId, DecodeError> {
        decoder.take_array().map(TopicId::from_bytes)
    }

    #[inline]
    fn write(&self, encoder: &mut Encoder, _version: i16) -> Result<(), EncodeError> {
        encoder.put_slice(&self.to_bytes());
        Ok(())
    }
}

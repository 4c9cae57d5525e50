//! What a message is.

use std::ops::RangeInclusive;

use crate::codec::Wire;
use crate::{ApiKey, DecodeError, DecodeFault, Decoder, EncodeError, EncodeFault, Encoder};

/// A request or a response of one API, in all of its versions.
pub trait Message: Wire + Default {
    /// Its API.
    const KEY: ApiKey;
    /// The versions that can be decoded and encoded.
    const VERSIONS: RangeInclusive<i16>;
    /// The first version with compact lengths and tagged fields (KIP-482).
    const FIRST_FLEXIBLE: Option<i16>;
    /// Its name in Kafka's definitions, such as `ProduceRequest`.
    const NAME: &'static str;

    /// Reads the message's body.
    fn decode(decoder: &mut Decoder, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(&version) {
            let error = decoder.fault(DecodeFault::UnsupportedVersion { version });
            return Err(error.in_field(Self::NAME));
        }
        decoder.set_flexible(Self::KEY.is_flexible(version));
        Self::read(decoder, version).map_err(|error| error.in_field(Self::NAME))
    }

    /// Writes the message's body.
    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(&version) {
            let error = EncodeError::new(EncodeFault::UnsupportedVersion { version });
            return Err(error.in_field(Self::NAME));
        }
        encoder.set_flexible(Self::KEY.is_flexible(version));
        self.write(encoder, version).map_err(|error| error.in_field(Self::NAME))
    }
}

/// A message from a client to a broker.
pub trait Request: Message {
    /// The answer to it.
    type Response: Response;
}

/// A message from a broker to a client.
pub trait Response: Message {}

//! What stands before a message in its frame.

use bytes::Bytes;

use crate::codec::{Nullable, Wire};
use crate::{ApiKey, DecodeError, DecodeFault, Decoder, EncodeError, Encoder, Limits};

/// The first 8 bytes of every request: enough to answer one that can't be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestHead {
    /// The API, known or not.
    pub api_key: i16,
    /// The version of the request, known or not.
    pub api_version: i16,
    /// A number of the client's choice that the answer repeats.
    pub correlation_id: i32,
}

/// The header of a request (versions 1 and 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHeader {
    /// The API's number.
    pub api_key: i16,
    /// The version of the request.
    pub api_version: i16,
    /// A number of the client's choice that the answer repeats.
    pub correlation_id: i32,
    /// How the client calls itself, for logs and quotas.
    pub client_id: Option<String>,
}

impl RequestHeader {
    /// The first 8 bytes of a frame (without its size), whatever the API and version.
    pub fn peek(frame: &Bytes) -> Result<RequestHead, DecodeError> {
        let mut decoder = Decoder::new(frame.clone(), Limits::REQUEST);
        read_head(&mut decoder).map_err(|error| error.in_field("RequestHeader"))
    }

    /// Reads the header, also of versions that the API does not have: a header depends only on whether the
    /// version is flexible.
    pub fn decode(decoder: &mut Decoder) -> Result<RequestHeader, DecodeError> {
        RequestHeader::read(decoder).map_err(|error| error.in_field("RequestHeader"))
    }

    fn read(decoder: &mut Decoder) -> Result<RequestHeader, DecodeError> {
        let RequestHead { api_key, api_version, correlation_id } = read_head(decoder)?;
        let Some(api) = ApiKey::from_i16(api_key) else {
            return Err(
                DecodeError::new(DecodeFault::UnexpectedApiKey { key: api_key }, 0).in_field("api_key")
            );
        };
        // The client id has a length of 16 bits in every version, so that a broker can read it from any.
        decoder.set_flexible(false);
        let client_id = String::read_nullable(decoder, 1).map_err(|error| error.in_field("client_id"))?;
        if api.request_header_version(api_version) >= 2 {
            decoder.skip_tagged_fields()?;
        }
        Ok(RequestHeader { api_key, api_version, correlation_id, client_id })
    }

    /// Writes the header in the version that `api`'s version of `api_version` asks for.
    pub(crate) fn encode(&self, encoder: &mut Encoder, api: ApiKey) -> Result<(), EncodeError> {
        encoder.set_flexible(false);
        encoder.put_slice(&self.api_key.to_be_bytes());
        encoder.put_slice(&self.api_version.to_be_bytes());
        encoder.put_slice(&self.correlation_id.to_be_bytes());
        String::write_nullable(self.client_id.as_ref(), encoder, 1)
            .map_err(|error| error.in_field("RequestHeader.client_id"))?;
        if api.request_header_version(self.api_version) >= 2 {
            encoder.put_uvarint(0);
        }
        Ok(())
    }
}

fn read_head(decoder: &mut Decoder) -> Result<RequestHead, DecodeError> {
    Ok(RequestHead {
        api_key: i16::read(decoder, 0).map_err(|error| error.in_field("api_key"))?,
        api_version: i16::read(decoder, 0).map_err(|error| error.in_field("api_version"))?,
        correlation_id: i32::read(decoder, 0).map_err(|error| error.in_field("correlation_id"))?,
    })
}

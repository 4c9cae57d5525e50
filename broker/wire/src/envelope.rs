//! Whole frames: header and message.

use bytes::Bytes;

use crate::codec::Wire;
use crate::{
    DecodeError, DecodeFault, Decoder, EncodeError, EncodedFrame, Encoder, Limits, Message, Request,
    RequestHeader, Response,
};

/// Reads a message's body; bytes after it are an error.
pub fn decode_message<M: Message>(body: Bytes, version: i16) -> Result<M, DecodeError> {
    let mut decoder = Decoder::new(body, Limits::REQUEST);
    decode_last(&mut decoder, version)
}

/// Reads a request's frame (without its size). A frame of another API than `R`'s is an error, and so are bytes
/// after the message: they are a sign of a client that means another version.
pub fn decode_request<R: Request>(frame: Bytes, limits: Limits) -> Result<(RequestHeader, R), DecodeError> {
    let mut decoder = Decoder::new(frame, limits);
    let header = RequestHeader::decode(&mut decoder)?;
    if header.api_key != R::KEY.as_i16() {
        let fault = DecodeFault::UnexpectedApiKey { key: header.api_key };
        return Err(DecodeError::new(fault, 0).in_field("api_key").in_field("RequestHeader"));
    }
    let body = decode_last(&mut decoder, header.api_version)?;
    Ok((header, body))
}

/// Reads a response's frame (without its size): the correlation id and the message. Bytes after the message
/// are ignored, as Kafka's clients do.
pub fn decode_response<R: Response>(frame: Bytes, version: i16) -> Result<(i32, R), DecodeError> {
    let mut decoder = Decoder::new(frame, Limits::RESPONSE);
    let header = |error: DecodeError| error.in_field("ResponseHeader");
    let correlation_id = i32::read(&mut decoder, 0).map_err(header)?;
    if R::KEY.response_header_version(version) >= 1 {
        decoder.skip_tagged_fields().map_err(header)?;
    }
    Ok((correlation_id, R::decode(&mut decoder, version)?))
}

/// Writes a request's frame in version `header.api_version`; `header.api_key` must be `R`'s.
pub fn encode_request<R: Request>(header: &RequestHeader, body: &R) -> Result<EncodedFrame, EncodeError> {
    debug_assert_eq!(header.api_key, R::KEY.as_i16(), "the header says another API than the message is of");
    let mut encoder = Encoder::new();
    header.encode(&mut encoder, R::KEY)?;
    body.encode(&mut encoder, header.api_version)?;
    encoder.finish()
}

/// Writes a response's frame.
pub fn encode_response<R: Response>(
    correlation_id: i32,
    version: i16,
    body: &R,
) -> Result<EncodedFrame, EncodeError> {
    let mut encoder = Encoder::new();
    encoder.put_slice(&correlation_id.to_be_bytes());
    if R::KEY.response_header_version(version) >= 1 {
        encoder.put_uvarint(0);
    }
    body.encode(&mut encoder, version)?;
    encoder.finish()
}

fn decode_last<M: Message>(decoder: &mut Decoder, version: i16) -> Result<M, DecodeError> {
    let message = M::decode(decoder, version)?;
    match decoder.remaining() {
        0 => Ok(message),
        extra => Err(decoder.fault(DecodeFault::TrailingBytes { extra }).in_field(M::NAME)),
    }
}

//! Frames. The input of a request is the frame without its size; that of a response has the key and the version in
//! front, two bytes each.

use std::fmt::Debug;

use bytes::Bytes;
use klamm_wire::{
    ApiKey, Limits, Request, RequestHead, RequestHeader, decode_request, decode_response, encode_request,
    encode_response,
};

use crate::bounds::within_bounds;
use crate::input::Input;

/// An empty text of one byte takes 24; the largest element takes as many on the wire as it has fields.
const PER_BYTE: u64 = 64;
/// An error's box and path.
const FIXED: u64 = 4096;

macro_rules! by_key {
    ($( $module:ident $request:ident $response:ident; )*) => {
        fn request_of(key: ApiKey, frame: &Bytes) -> bool {
            $( if key == <klamm_wire::$request as klamm_wire::Message>::KEY {
                return request_round_trips::<klamm_wire::$request>(frame);
            } )*
            panic!("{key} is in no target");
        }

        fn response_of(key: ApiKey, version: i16, frame: &Bytes) -> bool {
            $( if key == <klamm_wire::$request as klamm_wire::Message>::KEY {
                return response_round_trips::<klamm_wire::$response>(version, frame);
            } )*
            panic!("{key} is in no target");
        }
    };
}

klamm_wire::for_each_api!(by_key);

pub(super) fn request(input: &[u8]) -> bool {
    let frame = Bytes::copy_from_slice(input);
    let Ok(RequestHead { api_key, .. }) = RequestHeader::peek(&frame) else { return false };
    ApiKey::from_i16(api_key).is_some_and(|key| request_of(key, &frame))
}

pub(super) fn response(input: &[u8]) -> bool {
    let mut input = Input::new(input);
    let (key, version) = (input.u16().cast_signed(), input.u16().cast_signed());
    let Some(key) = ApiKey::from_i16(key) else { return false };
    response_of(key, version, &Bytes::copy_from_slice(input.rest()))
}

fn request_round_trips<R: Request + PartialEq + Debug>(frame: &Bytes) -> bool {
    let decode = || decode_request::<R>(frame.clone(), Limits::REQUEST);
    let Ok((header, request)) = within_bounds(frame.len(), PER_BYTE, FIXED, decode) else { return false };
    let encoded = encode_request(&header, &request).unwrap().into_bytes().slice(4..);
    let again = decode_request::<R>(encoded.clone(), Limits::REQUEST).unwrap();
    same(&again, &(header, request));
    let twice = encode_request(&again.0, &again.1).unwrap().into_bytes().slice(4..);
    assert_eq!(twice, encoded, "one message has one encoding");
    true
}

fn response_round_trips<R: klamm_wire::Response + PartialEq + Debug>(version: i16, frame: &Bytes) -> bool {
    let decode = || decode_response::<R>(frame.clone(), version);
    let Ok((id, response)) = within_bounds(frame.len(), PER_BYTE, FIXED, decode) else { return false };
    let encoded = encode_response(id, version, &response).unwrap().into_bytes().slice(4..);
    same(&decode_response::<R>(encoded, version).unwrap(), &(id, response));
    true
}

/// Fails unless both are equal, or equal but for NaN, which is not equal to itself (quotas are `f64`).
fn same<T: PartialEq + Debug>(again: &T, first: &T) {
    assert!(again == first || format!("{again:?}") == format!("{first:?}"), "{again:?} is not {first:?}");
}

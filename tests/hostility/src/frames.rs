//! Broken request frames of every API and version that a broker offers, and what may come back.

use bytes::Bytes;
use klamm_wire::generate::{Generate, Tape};
use klamm_wire::{
    ApiKey, FetchRequest, ProduceRequest, Request, RequestHead, RequestHeader, Response, decode_request,
    decode_response, encode_request,
};

use crate::Random;

/// Numbers that are lengths, counts and limits somewhere: null, the largest, less than null, compact ones.
const TELLING: [[u8; 5]; 8] = [
    [0xff, 0xff, 0xff, 0xff, 0x0f],
    [0x7f, 0xff, 0xff, 0xff, 0xff],
    [0x80, 0, 0, 0, 0],
    [0, 0, 0, 0, 0],
    [0x00, 0x7f, 0xff, 0xff, 0xff],
    [0xff, 0xff, 0xff, 0xfe, 0xff],
    [0x80, 0x80, 0x80, 0x80, 0x08],
    [0x00, 0x00, 0x00, 0xff, 0x7f],
];

/// An endless, always equal sequence of requests, most of them broken somewhere.
#[derive(Debug)]
pub struct Frames {
    random: Random,
    offered: Vec<(ApiKey, i16)>,
    next: usize,
}

macro_rules! by_key {
    ($( $module:ident $request:ident $response:ident; )*) => {
        fn valid_of(key: ApiKey, version: i16, tape: &[u8]) -> Vec<u8> {
            $( if key == <klamm_wire::$request as klamm_wire::Message>::KEY {
                return encode(version, &klamm_wire::$request::generate(&mut Tape::new(tape), version));
            } )*
            panic!("{key} has no messages");
        }

        fn check_of(key: ApiKey, version: i16, frame: Bytes) {
            $( if key == <klamm_wire::$request as klamm_wire::Message>::KEY {
                return check::<klamm_wire::$response>(key, version, frame);
            } )*
            panic!("{key} has no messages");
        }
    };
}

klamm_wire::for_each_api!(by_key);

fn encode<R: Request>(version: i16, body: &R) -> Vec<u8> {
    let client_id = Some("hostile".to_owned());
    let header =
        RequestHeader { api_key: R::KEY.as_i16(), api_version: version, correlation_id: 77, client_id };
    encode_request(&header, body).unwrap().into_bytes()[4..].to_vec()
}

fn check<R: Response>(key: ApiKey, version: i16, frame: Bytes) {
    if let Err(error) = decode_response::<R>(frame, version) {
        panic!("an answer to {key} {version} can't be read: {error}");
    }
}

/// Fails unless `answer` is an answer to `request`, both without their sizes.
pub fn well_formed(request: &[u8], answer: Bytes) {
    let RequestHead { api_key, api_version, correlation_id } =
        RequestHeader::peek(&Bytes::copy_from_slice(request)).unwrap();
    let key = ApiKey::from_i16(api_key).expect("only APIs that there are have answers");
    assert_eq!(
        answer[..4],
        correlation_id.to_be_bytes(),
        "correlation id of an answer to {key} {api_version}"
    );
    // An unknown version of ApiVersions is answered in version 0 (KIP-511).
    let known = key.versions().contains(&api_version);
    assert!(known || key == ApiKey::ApiVersions, "an answer to {key} {api_version}, which is not offered");
    check_of(key, if known { api_version } else { 0 }, answer);
}

impl Frames {
    /// Requests of these APIs, in all of their versions.
    pub fn new(offered: &[ApiKey], seed: u64) -> Frames {
        let versions = |key: &ApiKey| key.versions().map(|version| (*key, version)).collect::<Vec<_>>();
        let offered = offered.iter().flat_map(versions).collect();
        Frames { random: Random::new(seed), offered, next: 0 }
    }

    /// How many pairs of API and version there are.
    pub fn kinds(&self) -> usize {
        self.offered.len()
    }

    /// The next request, without its size.
    pub fn next_frame(&mut self) -> Vec<u8> {
        let (key, version) = self.offered[self.next % self.offered.len()];
        self.next += 1;
        let tape: Vec<u8> = match self.random.below(3) {
            0 => [2, 1, 2, 5, 1, 2, 2, 7].repeat(32),
            _ => (0..self.random.below(256)).map(|_| self.random.byte()).collect(),
        };
        let mut frame = valid_of(key, version, &tape);
        for _ in 0..self.random.below(4) {
            self.harm(&mut frame);
        }
        in_reasonable_time(frame)
    }

    fn harm(&mut self, frame: &mut Vec<u8>) {
        // The first eight bytes decide what the rest is: they are harmed seldom.
        let from = if self.random.below(32) == 0 { 0 } else { 8.min(frame.len()) };
        let place = from + self.random.below(frame.len() - from + 1);
        match self.random.below(6) {
            0 => frame.truncate(place.max(8)),
            1 => {
                let bit = 1 << self.random.below(8);
                frame.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= bit);
            }
            2 | 3 => {
                let number = TELLING[self.random.below(TELLING.len())];
                let width = [1, 2, 4, 5][self.random.below(4)];
                frame.iter_mut().skip(place).take(width).zip(number).for_each(|(byte, new)| *byte = new);
            }
            4 => {
                let more = (0..self.random.below(40)).map(|_| self.random.byte()).collect::<Vec<_>>();
                frame.splice(place..place, more);
            }
            _ => {
                let end = (place + self.random.below(16)).min(frame.len());
                frame.drain(place..end);
            }
        }
    }
}

/// A Fetch that still can be read may ask to wait for weeks, and a Produce for no answer: then nothing would be learned.
fn in_reasonable_time(frame: Vec<u8>) -> Vec<u8> {
    let bytes = Bytes::from(frame);
    if let Ok((header, mut fetch)) =
        decode_request::<FetchRequest>(bytes.clone(), klamm_wire::Limits::REQUEST)
    {
        fetch.max_wait_ms = fetch.max_wait_ms.min(1);
        return encode_request(&header, &fetch).unwrap().into_bytes()[4..].to_vec();
    }
    let produce = decode_request::<ProduceRequest>(bytes.clone(), klamm_wire::Limits::REQUEST);
    if let Ok((header, mut produce)) = produce
        && produce.acks == 0
    {
        produce.acks = 1;
        return encode_request(&header, &produce).unwrap().into_bytes()[4..].to_vec();
    }
    bytes.to_vec()
}

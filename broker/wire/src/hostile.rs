//! Bytes that nobody should send: every one gives a message or an error, and neither costs much.

use std::fmt::Debug;

use allocation_counter::measure;
use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestRunner};

use crate::generate::{Generate, Tape};
use crate::messages::elect_leaders::TopicPartitions;
use crate::{
    DecodeFault, Decoder, ElectLeadersRequest, Encoder, Limits, Message, MetadataRequest, ProduceRequest,
};

const TAPE_BYTES: usize = 300;
const CASES: u32 = 24;
/// Far below the frames' own expansion, so that the budget is what stops it.
const TIGHT: Limits = Limits { max_decoded_bytes: 2048 };
/// An error's box and path.
const ERROR_BYTES: u64 = 2048;
/// An empty text of one byte takes 24; the largest element (64 bytes or more) takes as many on the wire.
const MOST_EXPANSION: u64 = 64;

/// Decodes and checks the cost, with the usual limits and with tight ones.
fn decode_cheaply<M: Message>(bytes: &Bytes, version: i16) {
    let length = bytes.len() as u64;
    let peak = |limits: Limits| {
        measure(|| {
            let _ = M::decode(&mut Decoder::new(bytes.clone(), limits), version);
        })
        .bytes_max
    };
    let usual = peak(Limits::REQUEST);
    assert!(usual <= MOST_EXPANSION * length + ERROR_BYTES, "{usual} bytes for a frame of {length}");
    // Lists grow by doubling, and the old half lives while it is copied.
    let tight = peak(TIGHT);
    assert!(tight <= 3 * TIGHT.max_decoded_bytes as u64 + ERROR_BYTES, "{tight} bytes against the limit");
}

/// Every kind of harm to a valid frame.
fn harm<M: Message + Generate + Debug>(tape: &[u8], harm: &[(u16, u8)], version: i16) {
    let mut encoder = Encoder::new();
    M::generate(&mut Tape::new(tape), version).encode(&mut encoder, version).unwrap();
    let valid = encoder.finish().unwrap().into_bytes().slice(4..);
    decode_cheaply::<M>(&valid, version);
    decode_cheaply::<M>(&Bytes::copy_from_slice(tape), version);
    for &(place, value) in harm {
        let place = usize::from(place) % (valid.len() + 1);
        let truncated = valid.slice(..place);
        assert!(
            M::decode(&mut Decoder::new(truncated.clone(), Limits::REQUEST), version).is_err()
                || place == valid.len()
        );
        decode_cheaply::<M>(&truncated, version);
        for width in [1, 2, 4, 5] {
            // 1 flips bits; the others write large lengths of 16 and 32 bits and compact ones.
            let mut bytes = BytesMut::from(&valid[..]);
            for (offset, byte) in bytes.iter_mut().skip(place).take(width).enumerate() {
                *byte = match (width, offset) {
                    (1, _) => *byte ^ value,
                    (_, 0) if width < 5 => 0x7f,
                    (5, 4) => 0x0f,
                    _ => 0xff,
                };
            }
            decode_cheaply::<M>(&bytes.freeze(), version);
        }
    }
}

fn survives<M: Message + Generate + Debug>() {
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let input = (vec(any::<u8>(), 0..TAPE_BYTES), vec(any::<(u16, u8)>(), 0..12));
    let result = runner.run(&input, |(tape, places)| {
        for version in M::VERSIONS {
            harm::<M>(&tape, &places, version);
        }
        Ok(())
    });
    result.unwrap();
}

macro_rules! hostile {
    ($( $test:ident $request:ident $response:ident; )*) => {
        $(#[test]
        fn $test() {
            survives::<crate::$request>();
            survives::<crate::$response>();
        })*
    };
}

crate::for_each_api!(hostile);

/// A list of many tiny elements is refused by its count, before memory is taken for it.
#[test]
fn a_frame_of_tiny_elements_can_not_grow_beyond_the_budget() {
    let limits = Limits { max_decoded_bytes: 1 << 20 };
    // Version 9: a compact list of topics, each an empty name of one byte and no tagged fields.
    let count = 1_000_000u32;
    let mut encoder = Encoder::new();
    encoder.put_uvarint(count + 1);
    for _ in 0..count {
        encoder.put_uvarint(1);
        encoder.put_uvarint(0);
    }
    let frame = encoder.finish().unwrap().into_bytes().slice(4..);
    let mut fault = None;
    let cost = measure(|| {
        let result = MetadataRequest::decode(&mut Decoder::new(frame.clone(), limits), 9);
        fault = result.err().map(|error| error.fault());
    });
    assert_eq!(fault, Some(DecodeFault::OverBudget { limit: 1 << 20 }));
    assert!(cost.bytes_max <= ERROR_BYTES, "{} bytes", cost.bytes_max);
}

/// Numbers of partitions are small, and the answer has a struct for each: a list of them counts for that.
#[test]
fn a_list_of_numbers_counts_for_more_than_its_bytes() {
    let partitions = |count| {
        let topic = TopicPartitions { topic: "t".to_owned(), partitions: vec![0; count] };
        let request = ElectLeadersRequest { topic_partitions: Some(vec![topic]), ..Default::default() };
        let mut encoder = Encoder::new();
        request.encode(&mut encoder, 2).unwrap();
        let frame = encoder.finish().unwrap().into_bytes().slice(4..);
        let limits = Limits { max_decoded_bytes: 1 << 20 };
        ElectLeadersRequest::decode(&mut Decoder::new(frame, limits), 2).map_err(|error| error.fault())
    };
    assert!(partitions(30_000).is_ok());
    assert_eq!(partitions(33_000), Err(DecodeFault::OverBudget { limit: 1 << 20 }));
}

/// A count of two billion in a frame of a few bytes costs nothing.
#[test]
fn a_count_that_lies_is_refused_before_it_costs() {
    // Version 3: a null transactional id, acks, timeout, then the count of topics.
    let frame = Bytes::from_static(&[0xff, 0xff, 0, 1, 0, 0, 0, 9, 0x7f, 0xff, 0xff, 0xff, 0, 0]);
    let mut error = None;
    let cost = measure(|| {
        error = ProduceRequest::decode(&mut Decoder::new(frame.clone(), Limits::REQUEST), 3).err();
    });
    let error = error.unwrap();
    assert_eq!(error.fault(), DecodeFault::TooManyElements { count: i32::MAX as usize, remaining: 2 });
    assert_eq!(error.path(), "ProduceRequest.topic_data");
    assert_eq!(error.at_byte(), 12);
    assert!(cost.bytes_max <= ERROR_BYTES, "{} bytes", cost.bytes_max);
}

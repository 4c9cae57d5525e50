//! The crate `kafka-protocol`, which is generated from Kafka's definitions, as the judge of every message in
//! every version, both ways.
//!
//! For a value of ours: the oracle reads our bytes to their end, its struct has the same values under the
//! same names, it writes the same bytes, and we read those back as the same value.

mod debug_tree;

use std::fmt::Debug;

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages as theirs;
use kafka_protocol::protocol::{Decodable, Encodable};
use proptest::collection::vec;
use proptest::prelude::{any, proptest};
use proptest::test_runner::{Config, TestRunner};

use self::debug_tree::{Tree, tree_of};
use crate::generate::{Generate, Tape};
use crate::{ApiKey, Decoder, Encoder, Limits, Message, RequestHeader, decode_message};

const TAPE_BYTES: usize = 400;
const CASES: u32 = 96;

/// Where the oracle, which is of Kafka 4.1, and Kafka 4.3's definitions differ: the definitions win.
mod known {
    use super::{ApiKey, Tree};

    /// The oracle's version that looks the same, if there is one. ListOffsets 11 (KIP-1023) looks like 10; the
    /// judge of the others is `tests/newer_than_the_oracle.rs`.
    pub(super) fn oracle_version(key: ApiKey, version: i16) -> Option<i16> {
        match (key, version) {
            (ApiKey::ListOffsets, 11) => Some(10),
            (ApiKey::OffsetCommit | ApiKey::OffsetFetch, 10) | (ApiKey::DescribeLogDirs, 5) => None,
            _ => Some(version),
        }
    }

    /// The last versions in the tables of the oracle and of Kafka 4.3: 4.3 added some, and InitProducerId 6 is not
    /// stable in it.
    pub(super) fn last_version(key: ApiKey) -> (i16, i16) {
        let ours = *key.versions().end();
        match key {
            ApiKey::ListOffsets => (10, 11),
            ApiKey::InitProducerId => (6, 5),
            ApiKey::DescribeLogDirs => (4, 5),
            _ => (ours, ours),
        }
    }

    /// The oracle's name of a field that Rust has a word for.
    pub(super) fn oracle_name(name: &str) -> &str {
        if name == "match" { "_match" } else { name }
    }

    /// An `Option` that a version lacks is null here; Kafka's default, and the oracle's, is an empty value.
    pub(super) fn is_default_of_an_absent_field(ours: &Tree, theirs: &Tree) -> bool {
        let empty = match theirs {
            Tree::Leaf(text) => text == "\"\"",
            Tree::List(list) => list.is_empty(),
            _ => false,
        };
        *ours == Tree::Null && empty
    }

    /// InitProducerId 6 (KIP-939) is not stable in Kafka 4.3, so its fields are not declared here.
    const INIT_PRODUCER_ID_6: [&str; 4] =
        ["enable_2_pc", "keep_prepared_txn", "ongoing_txn_producer_id", "ongoing_txn_producer_epoch"];

    pub(super) fn is_field_of_an_unstable_version(name: &str) -> bool {
        INIT_PRODUCER_ID_6.contains(&name)
    }

    /// Fields that versions newer than the oracle added.
    const NEWER: [&str; 2] = ["topic_id", "is_cordoned"];

    pub(super) fn is_field_of_a_newer_version(key: ApiKey, name: &str) -> bool {
        key.versions().any(|version| oracle_version(key, version).is_none()) && NEWER.contains(&name)
    }
}

/// The body of a message as bytes.
fn encode<M: Message>(message: &M, version: i16) -> Bytes {
    let mut encoder = Encoder::new();
    message.encode(&mut encoder, version).unwrap();
    encoder.finish().unwrap().into_bytes().slice(4..)
}

fn agree<Ours, Theirs>()
where
    Ours: Message + Generate + PartialEq + Debug,
    Theirs: Decodable + Encodable + Debug,
{
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let tapes = vec(any::<u8>(), 0..TAPE_BYTES);
    let result = runner.run(&tapes, |tape| {
        for version in Ours::VERSIONS {
            agree_on::<Ours, Theirs>(&Ours::generate(&mut Tape::new(&tape), version), version);
        }
        Ok(())
    });
    result.unwrap();
}

fn agree_on<Ours, Theirs>(ours: &Ours, version: i16)
where
    Ours: Message + PartialEq + Debug,
    Theirs: Decodable + Encodable + Debug,
{
    let bytes = encode(ours, version);
    let Some(oracle_version) = known::oracle_version(Ours::KEY, version) else {
        assert_eq!(decode_message::<Ours>(bytes, version).as_ref(), Ok(ours), "version {version}");
        return;
    };
    let mut rest = bytes.clone();
    let theirs = Theirs::decode(&mut rest, oracle_version).unwrap();
    assert_eq!(rest.remaining(), 0, "version {version}: the oracle stops early");
    same_fields(Ours::KEY, Ours::NAME, &tree_of(ours), &tree_of(&theirs));

    let mut written = BytesMut::new();
    theirs.encode(&mut written, oracle_version).unwrap();
    assert_eq!(written, bytes, "version {version}: the oracle writes other bytes");
    assert_eq!(decode_message::<Ours>(written.freeze(), version).as_ref(), Ok(ours), "version {version}");
}

fn same_fields(key: ApiKey, path: &str, ours: &Tree, theirs: &Tree) {
    match (ours, theirs) {
        (Tree::Struct(ours), Tree::Struct(theirs)) => {
            for (name, value) in ours {
                match theirs.get(known::oracle_name(name)) {
                    Some(their) => same_fields(key, &format!("{path}.{name}"), value, their),
                    None if known::is_field_of_a_newer_version(key, name) => {}
                    None => panic!("{path}.{name} is not the oracle's"),
                }
            }
            for name in theirs.keys().filter(|name| !ours.keys().any(|our| known::oracle_name(our) == *name))
            {
                assert!(known::is_field_of_an_unstable_version(name), "{path}.{name} is missing here");
            }
        }
        (Tree::List(ours), Tree::List(theirs)) if ours.len() == theirs.len() => {
            for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                same_fields(key, &format!("{path}[{index}]"), ours, theirs);
            }
        }
        _ if known::is_default_of_an_absent_field(ours, theirs) => {}
        _ => assert_eq!(ours, theirs, "{path}"),
    }
}

macro_rules! oracle {
    ($( $test:ident $request:ident $response:ident; )*) => {
        $(#[test]
        fn $test() {
            agree::<crate::$request, theirs::$request>();
            agree::<crate::$response, theirs::$response>();
        })*

        #[test]
        fn every_key_has_its_test() {
            let mut tested = vec![$( <crate::$request as Message>::KEY, <crate::$response as Message>::KEY, )*];
            tested.sort();
            tested.dedup();
            assert_eq!(tested, ApiKey::ALL);
        }
    };
}

crate::for_each_api!(oracle);

/// The oracle's ranges are Kafka 4.1's.
#[test]
fn keys_have_the_oracles_versions_and_headers() {
    for &key in ApiKey::ALL {
        let theirs = theirs::ApiKey::try_from(key.as_i16()).unwrap();
        let range = theirs.valid_versions();
        let (oracles, last) = known::last_version(key);
        assert_eq!((range.min..=range.max, key.versions()), (range.min..=oracles, range.min..=last), "{key}");
        for version in range.min..=range.max.min(last) {
            assert_eq!(key.request_header_version(version), theirs.request_header_version(version), "{key}");
            assert_eq!(
                key.response_header_version(version),
                theirs.response_header_version(version),
                "{key}"
            );
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: CASES, failure_persistence: None, ..Config::default() })]

    #[test]
    fn request_headers(tape in vec(any::<u8>(), 0..40)) {
        let mut tape = Tape::new(&tape);
        for &key in ApiKey::ALL {
            for api_version in key.versions() {
                let header = RequestHeader {
                    api_key: key.as_i16(),
                    api_version,
                    correlation_id: i32::generate(&mut tape, 0),
                    client_id: tape.null_or(|tape| String::generate(tape, 0)),
                };
                agree_on_header(&header, key);
            }
        }
    }
}

fn agree_on_header(header: &RequestHeader, key: ApiKey) {
    let header_version = key.request_header_version(header.api_version);
    let mut encoder = Encoder::new();
    header.encode(&mut encoder, key).unwrap();
    let bytes = encoder.finish().unwrap().into_bytes().slice(4..);
    let theirs = theirs::RequestHeader::decode(&mut bytes.clone(), header_version).unwrap();
    assert_eq!(theirs.request_api_key, header.api_key);
    assert_eq!(theirs.request_api_version, header.api_version);
    assert_eq!(theirs.correlation_id, header.correlation_id);
    assert_eq!(theirs.client_id.as_deref(), header.client_id.as_deref());
    let mut written = BytesMut::new();
    theirs.encode(&mut written, header_version).unwrap();
    let mut decoder = Decoder::new(written.freeze(), Limits::REQUEST);
    assert_eq!(RequestHeader::decode(&mut decoder).as_ref(), Ok(header));
    assert_eq!(decoder.remaining(), 0);
}

//! Requests as bytes: what a client sends, and what is wrong with what it should not send.

use bytes::{Bytes, BytesMut};
use klamm_wire::messages::fetch::FetchTopic;
use klamm_wire::messages::metadata::MetadataRequestTopic;
use klamm_wire::messages::produce::{PartitionProduceData, TopicProduceData};
use klamm_wire::{
    ApiKey, ApiVersionsRequest, DecodeFault, Decoder, EncodeFault, FetchRequest, JoinGroupRequest, Limits,
    Message, MetadataRequest, ProduceRequest, RequestHeader, decode_message, decode_request, encode_request,
};

fn header(api_key: ApiKey, api_version: i16) -> RequestHeader {
    let client_id = Some("me".to_owned());
    RequestHeader { api_key: api_key.as_i16(), api_version, correlation_id: 7, client_id }
}

/// The frame without its size.
fn frame<R: klamm_wire::Request>(version: i16, body: &R) -> Bytes {
    encode_request(&header(R::KEY, version), body).expect("it has an encoding").into_bytes().slice(4..)
}

fn metadata_of(topic: &str) -> MetadataRequest {
    let topic = MetadataRequestTopic { name: Some(topic.to_owned()), ..Default::default() };
    MetadataRequest { topics: Some(vec![topic]), ..Default::default() }
}

#[test]
fn an_old_request_has_fixed_lengths() {
    let bytes = encode_request(&header(ApiKey::Metadata, 1), &metadata_of("t")).unwrap().into_bytes();
    #[rustfmt::skip]
    let expected = [
        0, 0, 0, 19, // size
        0, 3, 0, 1, 0, 0, 0, 7, 0, 2, b'm', b'e', // header 1
        0, 0, 0, 1, 0, 1, b't', // one topic
    ];
    assert_eq!(bytes, expected[..]);
}

#[test]
fn a_flexible_request_has_compact_lengths_and_tagged_fields() {
    let bytes = encode_request(&header(ApiKey::Metadata, 9), &metadata_of("t")).unwrap().into_bytes();
    #[rustfmt::skip]
    let expected = [
        0, 0, 0, 21, // size
        0, 3, 0, 9, 0, 0, 0, 7, 0, 2, b'm', b'e', 0, // header 2: the client id keeps its 16-bit length
        2, 2, b't', 0, // one topic
        1, 0, 0, // auto-creation, authorized operations of the cluster and of topics
        0, // tagged fields
    ];
    assert_eq!(bytes, expected[..]);
}

#[test]
fn a_head_can_be_read_of_any_api_and_version() {
    let bytes = Bytes::from_static(&[0x7f, 0, 0, 99, 0, 0, 1, 0]);
    let head = RequestHeader::peek(&bytes).unwrap();
    assert_eq!((head.api_key, head.api_version, head.correlation_id), (0x7f00, 99, 256));

    let error = RequestHeader::peek(&bytes.slice(..7)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "RequestHeader.correlation_id at byte 4: 4 bytes are needed and 3 are left"
    );
}

#[test]
fn a_header_can_be_read_of_a_version_that_the_api_does_not_have() {
    // Kafka answers ApiVersions 99 with its range, and logs the client's name.
    let bytes = Bytes::from_static(&[0, 18, 0, 99, 0, 0, 0, 1, 0, 1, b'c', 0, 1, 2, 3]);
    let read = RequestHeader::decode(&mut Decoder::new(bytes.clone(), Limits::REQUEST)).unwrap();
    assert_eq!(read.client_id.as_deref(), Some("c"));

    let error = decode_request::<ApiVersionsRequest>(bytes, Limits::REQUEST).unwrap_err();
    assert_eq!(error.fault(), DecodeFault::UnsupportedVersion { version: 99 });
    assert_eq!(error.path(), "ApiVersionsRequest");
}

#[test]
fn a_request_of_another_api_is_refused() {
    let error = decode_request::<FetchRequest>(frame(1, &metadata_of("t")), Limits::REQUEST).unwrap_err();
    assert_eq!(error.fault(), DecodeFault::UnexpectedApiKey { key: 3 });
    let unknown = Bytes::from_static(&[0, 4, 0, 1, 0, 0, 0, 1, 0xff, 0xff]);
    let error = decode_request::<FetchRequest>(unknown, Limits::REQUEST).unwrap_err();
    assert_eq!(error.to_string(), "RequestHeader.api_key at byte 0: the API key is 4");
}

#[test]
fn bytes_after_a_request_are_an_error() {
    let mut bytes = BytesMut::from(&frame(1, &metadata_of("t"))[..]);
    bytes.extend_from_slice(&[0, 0]);
    let error = decode_request::<MetadataRequest>(bytes.freeze(), Limits::REQUEST).unwrap_err();
    assert_eq!(error.to_string(), "MetadataRequest at byte 19: 2 bytes follow the message");
}

#[test]
fn records_share_the_frames_memory() {
    let records = Bytes::from(vec![7; 100]);
    let partition = PartitionProduceData { index: 1, records: Some(records.clone()) };
    let topic =
        TopicProduceData { name: "t".to_owned(), partition_data: vec![partition], ..Default::default() };
    let request = ProduceRequest { acks: -1, timeout_ms: 1, topic_data: vec![topic], ..Default::default() };
    let frame = frame(9, &request);
    let (read_header, read) = decode_request::<ProduceRequest>(frame.clone(), Limits::REQUEST).unwrap();
    assert_eq!(read_header, header(ApiKey::Produce, 9));
    assert_eq!(read, request);

    let slice = read.topic_data[0].partition_data[0].records.as_ref().unwrap();
    assert!(frame.as_ptr_range().contains(&slice.as_ptr()), "a slice of the frame, not a copy");
}

#[test]
fn an_error_says_which_field_of_which_element_at_which_byte() {
    // Version 1: two topics, the second of which has a name that is not UTF-8.
    let body = Bytes::from_static(&[0, 0, 0, 2, 0, 1, b't', 0, 2, b'a', 0xff]);
    let error = decode_message::<MetadataRequest>(body, 1).unwrap_err();
    assert_eq!(error.to_string(), "MetadataRequest.topics[1].name at byte 10: the text is not UTF-8");
}

#[test]
fn null_is_refused_where_a_version_has_none() {
    let error = decode_message::<MetadataRequest>(Bytes::from_static(&[0xff; 4]), 0).unwrap_err();
    assert_eq!((error.fault(), error.path()), (DecodeFault::Null, "MetadataRequest.topics"));

    let all_topics = MetadataRequest::default();
    assert_eq!(all_topics.topics, None);
    let error = encode_request(&header(ApiKey::Metadata, 0), &all_topics).unwrap_err();
    assert_eq!(error.to_string(), "MetadataRequest.topics: version 0 does not allow null");
    assert!(encode_request(&header(ApiKey::Metadata, 1), &all_topics).is_ok());
}

#[test]
fn lengths_below_null_are_refused() {
    let body = Bytes::from_static(&[0xff, 0xff, 0xff, 0xfe]);
    let error = decode_message::<MetadataRequest>(body, 1).unwrap_err();
    assert_eq!(error.fault(), DecodeFault::NegativeLength { length: -2 });
}

#[test]
fn a_value_that_matters_is_not_dropped_for_an_older_version() {
    // KIP-345: a static member on a version without static members would be another member.
    let join = JoinGroupRequest { group_instance_id: Some("static".to_owned()), ..Default::default() };
    let error = encode_request(&header(ApiKey::JoinGroup, 4), &join).unwrap_err();
    assert_eq!(error.fault(), EncodeFault::NotInVersion { version: 4 });
    assert_eq!(error.path(), "JoinGroupRequest.group_instance_id");
}

#[test]
fn a_value_that_is_ignorable_is_dropped_for_an_older_version() {
    let fetch = FetchRequest { rack_id: "r1".to_owned(), ..Default::default() };
    let (_, read) = decode_request::<FetchRequest>(frame(10, &fetch), Limits::REQUEST).unwrap();
    assert_eq!(read.rack_id, "");
    let (_, read) = decode_request::<FetchRequest>(frame(11, &fetch), Limits::REQUEST).unwrap();
    assert_eq!(read.rack_id, "r1");
}

#[test]
fn defaults_are_kafkas() {
    let fetch = FetchRequest::default();
    assert_eq!((fetch.replica_id, fetch.max_bytes, fetch.session_epoch), (-1, i32::MAX, -1));
    assert_eq!((fetch.replica_state.replica_id, fetch.replica_state.replica_epoch), (-1, -1));
    assert!(MetadataRequest::default().allow_auto_topic_creation);
}

#[test]
fn a_text_longer_than_kafkas_limit_is_refused_in_every_version() {
    let long = "x".repeat(32_768);
    for version in MetadataRequest::VERSIONS {
        let error = encode_request(&header(ApiKey::Metadata, version), &metadata_of(&long)).unwrap_err();
        assert_eq!(error.fault(), EncodeFault::TextTooLong { length: 32_768 });
    }
    let mut body = BytesMut::from(&[2, 0x81, 0x80, 0x02][..]);
    body.extend_from_slice(long.as_bytes());
    let error = decode_message::<MetadataRequest>(body.freeze(), 9).unwrap_err();
    assert_eq!(error.fault(), DecodeFault::TextTooLong { length: 32_768 });
    assert!(encode_request(&header(ApiKey::Metadata, 9), &metadata_of(&long[1..])).is_ok());
}

#[test]
fn variable_length_numbers_have_32_bits() {
    for (body, fault) in [
        (&[0xff, 0xff, 0xff, 0xff, 0x1f][..], DecodeFault::VarintTooLong),
        (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x01][..], DecodeFault::VarintTooLong),
        (&[0x80, 0x80][..], DecodeFault::Truncated { needed: 1, remaining: 0 }),
    ] {
        let error = decode_message::<MetadataRequest>(Bytes::copy_from_slice(body), 9).unwrap_err();
        assert_eq!(error.fault(), fault, "{body:x?}");
    }
    let largest = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 0x0f]);
    let error = decode_message::<MetadataRequest>(largest, 9).unwrap_err();
    let count = u32::MAX as usize - 1;
    assert_eq!(error.fault(), DecodeFault::TooManyElements { count, remaining: 0 });
}

/// The end of a Fetch 12 body: its tagged fields.
fn fetch_with_tagged_fields(tagged: &[u8]) -> Bytes {
    let request = FetchRequest { topics: vec![FetchTopic::default()], ..Default::default() };
    let frame = frame(12, &request);
    let header_bytes = 13;
    let body = frame.slice(header_bytes..frame.len() - 1);
    [&body[..], tagged].concat().into()
}

#[test]
fn known_tagged_fields_are_read_and_unknown_ones_skipped() {
    let body = fetch_with_tagged_fields(&[3, 0, 3, 3, b'i', b'd', 9, 2, 0xde, 0xad, 0x80, 0x01, 0]);
    let fetch = decode_message::<FetchRequest>(body, 12).unwrap();
    assert_eq!(fetch.cluster_id.as_deref(), Some("id"));
    assert_eq!(fetch.topics.len(), 1);
}

#[test]
fn a_tag_of_a_later_version_is_unknown() {
    // Tag 1 is the replica state, from version 15 on.
    let body = fetch_with_tagged_fields(&[1, 1, 2, 0xde, 0xad]);
    assert_eq!(decode_message::<FetchRequest>(body, 12).unwrap().replica_state.replica_id, -1);
}

#[test]
fn a_tagged_field_of_another_size_is_refused() {
    let body = fetch_with_tagged_fields(&[1, 0, 4, 3, b'i', b'd', 0]);
    let error = decode_message::<FetchRequest>(body, 12).unwrap_err();
    assert_eq!(error.fault(), DecodeFault::TaggedFieldSize { size: 4, taken: 3 });

    // The value may not read beyond its size, even where the frame goes on.
    let body = fetch_with_tagged_fields(&[1, 0, 2, 3, b'i', b'd', 0]);
    let error = decode_message::<FetchRequest>(body, 12).unwrap_err();
    assert_eq!(error.fault(), DecodeFault::Truncated { needed: 2, remaining: 1 });
    assert_eq!(error.path(), "FetchRequest.cluster_id");
}

#[test]
fn two_thousand_million_tagged_fields_end_with_the_frame() {
    let body = fetch_with_tagged_fields(&[0xff, 0xff, 0xff, 0xff, 0x07, 5, 0]);
    let error = decode_message::<FetchRequest>(body, 12).unwrap_err();
    assert_eq!(error.fault(), DecodeFault::Truncated { needed: 1, remaining: 0 });
}

//! Responses as bytes, and how few of them are copied.

use bytes::Bytes;
use klamm_wire::messages::api_versions::ApiVersion;
use klamm_wire::messages::fetch::{FetchableTopicResponse, PartitionData};
use klamm_wire::messages::produce::{
    LeaderIdAndEpoch, PartitionProduceResponse, ProduceResponse, TopicProduceResponse,
};
use klamm_wire::{
    ApiVersionsResponse, FetchResponse, HeartbeatResponse, Records, decode_response, encode_response,
};

/// A fetch response of one partition with these slices of records.
fn fetched(chunks: Vec<Bytes>) -> FetchResponse {
    let partition = PartitionData { records: Some(Records::from(chunks)), ..Default::default() };
    let topic =
        FetchableTopicResponse { topic: "t".to_owned(), partitions: vec![partition], ..Default::default() };
    FetchResponse { responses: vec![topic], ..Default::default() }
}

#[test]
fn an_old_response_has_header_0_and_a_flexible_one_header_1() {
    let response = HeartbeatResponse { throttle_time_ms: 1, error_code: 2 };
    let bytes = |version| encode_response(9, version, &response).unwrap().into_bytes();
    assert_eq!(bytes(0), [0, 0, 0, 6, 0, 0, 0, 9, 0, 2][..]);
    assert_eq!(bytes(3), [0, 0, 0, 10, 0, 0, 0, 9, 0, 0, 0, 1, 0, 2][..]);
    assert_eq!(bytes(4), [0, 0, 0, 12, 0, 0, 0, 9, 0, 0, 0, 0, 1, 0, 2, 0][..]);
}

#[test]
fn api_versions_answers_with_header_0_in_every_version() {
    let api_keys = vec![ApiVersion { api_key: 18, min_version: 0, max_version: 4 }];
    let response = ApiVersionsResponse { api_keys, ..Default::default() };
    let bytes = encode_response(9, 3, &response).unwrap().into_bytes();
    #[rustfmt::skip]
    let expected = [
        0, 0, 0, 19, 0, 0, 0, 9, // no tagged fields in the header
        0, 0, 2, 0, 18, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0,
    ];
    assert_eq!(bytes, expected[..]);
    assert_eq!(decode_response(bytes.slice(4..), 3), Ok((9, response)));
}

#[test]
fn bytes_after_a_response_are_ignored() {
    let frame = Bytes::from_static(&[0, 0, 0, 9, 0, 2, 0xde, 0xad]);
    let response = HeartbeatResponse { throttle_time_ms: 0, error_code: 2 };
    assert_eq!(decode_response(frame, 0), Ok((9, response)));
}

#[test]
fn large_records_are_chunks_of_their_own_without_a_copy() {
    let (large, small) = (Bytes::from(vec![1; 5000]), Bytes::from(vec![2; 100]));
    let response = fetched(vec![large.clone(), small.clone(), large.clone()]);
    for version in [4, 12] {
        let frame = encode_response(1, version, &response).unwrap();
        let shared = frame.chunks.iter().filter(|chunk| chunk.as_ptr() == large.as_ptr()).count();
        assert_eq!(shared, 2, "version {version}");
        assert!(frame.chunks.iter().all(|chunk| !chunk.is_empty()));

        let length = frame.len();
        let bytes = frame.into_bytes();
        assert_eq!(bytes.len(), length);
        assert_eq!(bytes[..4], (length as i32 - 4).to_be_bytes());
        let (_, read) = decode_response::<FetchResponse>(bytes.slice(4..), version).unwrap();
        assert_eq!(read, response, "equal bytes, differently cut");
    }
}

#[test]
fn small_records_are_copied_into_the_one_chunk() {
    let frame = encode_response(1, 12, &fetched(vec![Bytes::from(vec![2; 4095])])).unwrap();
    assert_eq!(frame.chunks.len(), 1);
}

#[test]
fn records_are_equal_by_their_bytes() {
    let cut = |chunks: &[&'static [u8]]| {
        Records::from(chunks.iter().map(|chunk| Bytes::from_static(chunk)).collect::<Vec<_>>())
    };
    assert_eq!(cut(&[b"ab", b"", b"c"]), cut(&[b"a", b"bc"]));
    assert_ne!(cut(&[b"ab"]), cut(&[b"ac"]));
    assert_eq!(cut(&[b"ab", b"c"]).into_bytes(), "abc");
    assert_eq!(cut(&[]).into_bytes(), "");
    assert!(cut(&[b""]).is_empty());
    assert_eq!(cut(&[b"ab", b"c"]).len(), 3);
}

#[test]
fn a_tagged_field_is_written_only_if_it_says_something() {
    let response = |current_leader| {
        let partition = PartitionProduceResponse { current_leader, ..Default::default() };
        let topic = TopicProduceResponse { partition_responses: vec![partition], ..Default::default() };
        ProduceResponse { responses: vec![topic], ..Default::default() }
    };
    let length = |response| encode_response(1, 10, &response).unwrap().len();
    let silent = length(response(LeaderIdAndEpoch::default()));
    let leader = LeaderIdAndEpoch { leader_id: 2, leader_epoch: 5 };
    // The tag, the size, two numbers of 4 bytes, no tagged fields within.
    assert_eq!(length(response(leader.clone())), silent + 1 + 1 + 4 + 4 + 1);

    // KIP-951 came with version 10: an older client must not be told, and can't be by accident.
    let error = encode_response(1, 9, &response(leader)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "ProduceResponse.responses[0].partition_responses[0].current_leader: \
         version 9 does not have this field, and its value matters"
    );
}

#[test]
fn an_unsupported_version_is_an_error_both_ways() {
    let error = encode_response(1, 3, &FetchResponse::default()).unwrap_err();
    assert_eq!(error.to_string(), "FetchResponse: the message has no version 3");
    let error = decode_response::<FetchResponse>(Bytes::from_static(&[0; 40]), 19).unwrap_err();
    assert_eq!(error.to_string(), "FetchResponse at byte 5: the message has no version 19");
}

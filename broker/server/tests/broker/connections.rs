//! Frames, order, versions, and what ends a connection.

use std::time::Duration;

use klamm_model::ErrorCode;
use klamm_wire::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use klamm_wire::messages::metadata::{MetadataRequest, MetadataResponse};
use klamm_wire::messages::produce::ProduceResponse;
use klamm_wire::{ApiKey, decode_response};

use crate::support::{TestBroker, batch, create_topic, error, offset_of, produce};

#[test]
fn pipelined_requests_are_answered_in_order() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    // Produce requests wait for the disk, the others don't: the answers must keep the order all the same.
    let mut frames = Vec::new();
    let mut sent = Vec::new();
    for number in 0..40 {
        let (id, frame) = if number % 4 == 3 {
            client.frame(9, &MetadataRequest::default())
        } else {
            client.frame(9, &produce("t", 1, batch(&["a", "b"])))
        };
        frames.extend_from_slice(&frame);
        sent.push(id);
    }
    client.send_bytes(&frames);
    let mut next_offset = 0;
    for (number, id) in sent.into_iter().enumerate() {
        if number % 4 == 3 {
            assert_eq!(client.receive::<MetadataResponse>(9).0, id);
        } else {
            let (received, response) = client.receive::<ProduceResponse>(9);
            assert_eq!((received, offset_of(&response)), (id, next_offset));
            next_offset += 2;
        }
    }
}

#[test]
fn requests_in_small_pieces_are_put_together() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    let (id, frame) = client.frame(3, &ApiVersionsRequest::default());
    for byte in frame.chunks(3) {
        client.send_bytes(byte);
    }
    assert_eq!(client.receive::<ApiVersionsResponse>(3).0, id);
}

#[test]
fn an_unknown_version_of_api_versions_is_answered_in_version_0() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    client.send_header(ApiKey::ApiVersions as i16, 77, 5, b"whatever");
    let (id, response) = client.receive::<ApiVersionsResponse>(0);
    assert_eq!(id, 5);
    assert_eq!(error(response.error_code), ErrorCode::UnsupportedVersion);
    let [only] = response.api_keys.as_slice() else { panic!("{response:?}") };
    assert_eq!((only.api_key, only.min_version, only.max_version), (18, 0, 4));
    // The connection goes on.
    assert!(!client.ask(&ApiVersionsRequest::default()).api_keys.is_empty());
}

#[test]
fn what_is_advertised_is_what_is_served() {
    let broker = TestBroker::start();
    let response = broker.client().ask(&ApiVersionsRequest::default());
    for api in response.api_keys {
        let key = ApiKey::from_i16(api.api_key).unwrap();
        let versions = key.versions();
        // librdkafka takes a broker without Produce 0 for one that can't compress.
        let min = if key == ApiKey::Produce { 0 } else { *versions.start() };
        assert_eq!((api.min_version, api.max_version), (min, *versions.end()), "{key:?}");
    }
}

#[test]
fn keys_and_versions_that_are_not_served_end_the_connection() {
    let broker = TestBroker::start();
    for (key, version) in [(9999, 0), (-1, 0), (ApiKey::Metadata as i16, 99), (ApiKey::Produce as i16, 2)] {
        let mut client = broker.client();
        client.send_header(key, version, 1, &[]);
        assert!(client.is_closed(), "{key} {version}");
    }
}

#[test]
fn frames_that_are_none_end_the_connection() {
    let broker = TestBroker::with(&[("socket.request.max.bytes", "1000")]);
    for size in [1001_i32, i32::MAX, -1, i32::MIN, 7, 0] {
        let mut client = broker.client();
        client.send_bytes(&size.to_be_bytes());
        assert!(client.is_closed(), "{size}");
    }
}

#[test]
fn bodies_that_are_none_end_the_connection() {
    let broker = TestBroker::start();
    for body in [&b""[..], b"\xff\xff\xff", b"\x7f\xff\xff\xff"] {
        let mut client = broker.client();
        client.send_header(ApiKey::Metadata as i16, 4, 1, body);
        assert!(client.is_closed(), "{body:?}");
    }
    assert!(!broker.client().ask(&ApiVersionsRequest::default()).api_keys.is_empty(), "others are served");
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_request_harms_no_one() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    let (_, frame) = client.frame(3, &ApiVersionsRequest::default());
    client.send_bytes(&frame[..frame.len() - 1]);
    client.shutdown_write();
    assert!(client.is_closed());
    assert!(!broker.client().ask(&ApiVersionsRequest::default()).api_keys.is_empty());
}

#[test]
fn a_response_header_of_api_versions_never_has_tags() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    let id = client.send(4, &ApiVersionsRequest::default());
    let frame = client.receive_frame();
    assert_eq!(&frame[4..6], &[0, 0], "the error code follows the correlation id at once");
    let (received, _) = decode_response::<ApiVersionsResponse>(frame, 4).unwrap();
    assert_eq!(received, id);
    assert!(client.is_silent_for(Duration::from_millis(20)));
}

//! What all clients together may take.

use std::time::{Duration, Instant};

use klamm_wire::messages::api_versions::ApiVersionsRequest;
use klamm_wire::messages::fetch::{FetchRequest, FetchResponse};

use crate::support::{TestBroker, batch, create_topic, fetch, offset_of, produce, records_of};

#[test]
fn an_address_has_a_number_of_connections() {
    let broker = TestBroker::with(&[("max.connections.per.ip", "2")]);
    let mut first = broker.client();
    let mut second = broker.client();
    first.ask(&ApiVersionsRequest::default());
    second.ask(&ApiVersionsRequest::default());
    assert!(broker.client().is_closed());
    second.ask(&ApiVersionsRequest::default());
}

#[test]
fn the_broker_has_a_number_of_connections() {
    let broker = TestBroker::with(&[("max.connections", "1")]);
    let mut first = broker.client();
    first.ask(&ApiVersionsRequest::default());
    assert!(broker.client().is_closed());
}

#[test]
fn an_idle_client_is_let_go() {
    let broker = TestBroker::with(&[("connections.max.idle.ms", "100")]);
    let mut client = broker.client();
    client.ask(&ApiVersionsRequest::default());
    assert!(client.is_closed());
}

#[test]
fn bytes_in_flight_are_limited_and_all_requests_are_answered() {
    let broker =
        TestBroker::with(&[("socket.request.max.bytes", "2000000"), ("queued.max.request.bytes", "2000000")]);
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    let large = "x".repeat(900_000);
    let mut clients: Vec<_> = (0..6).map(|_| broker.client()).collect();
    for client in &mut clients {
        let (_, frame) = client.frame(9, &produce("t", -1, batch(&[&large])));
        client.send_bytes(&frame);
    }
    let mut offsets: Vec<i64> = clients.iter_mut().map(|client| offset_of(&client.receive(9).1)).collect();
    offsets.sort_unstable();
    assert_eq!(offsets, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_client_that_does_not_read_has_to_wait_and_loses_nothing() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    let large = "x".repeat(900_000);
    for _ in 0..4 {
        offset_of(&client.call(9, &produce("t", -1, batch(&[&large]))));
    }
    // 40 answers of 3.6 MB are far more than the sockets' buffers: the broker must stop reading requests.
    let mut frames = Vec::new();
    let request = FetchRequest { max_bytes: 10 << 20, ..fetch("t", 0, 1000) };
    let request = with_partition_bytes(request, 10 << 20);
    let sent: Vec<i32> = (0..40)
        .map(|_| {
            let (id, frame) = client.frame(12, &request);
            frames.extend_from_slice(&frame);
            id
        })
        .collect();
    client.send_bytes(&frames);
    let other = broker.client().call(12, &fetch("t", 0, 1000));
    assert_eq!(records_of(&other.responses[0].partitions[0]).len(), 1, "others are served meanwhile");
    for id in sent {
        let (received, response) = client.receive::<FetchResponse>(12);
        assert_eq!(received, id);
        assert_eq!(records_of(&response.responses[0].partitions[0]).len(), 4);
    }
}

fn with_partition_bytes(mut request: FetchRequest, bytes: i32) -> FetchRequest {
    request.topics[0].partitions[0].partition_max_bytes = bytes;
    request
}

#[test]
fn a_request_that_never_ends_keeps_no_one_else_waiting() {
    let broker = TestBroker::start();
    let mut slow = broker.client();
    slow.send_bytes(&(100_i32 << 20).to_be_bytes());
    slow.send_bytes(&[0, 18, 0]);
    broker.client().ask(&ApiVersionsRequest::default());
    assert!(slow.is_silent_for(Duration::from_millis(20)));
}

#[test]
fn an_address_may_have_a_limit_of_its_own() {
    let broker = TestBroker::with(&[
        ("max.connections.per.ip", "1"),
        ("max.connections.per.ip.overrides", "10.0.0.1:1,127.0.0.1:3"),
    ]);
    let mut clients = [(); 3].map(|()| broker.client());
    for client in &mut clients {
        client.ask(&ApiVersionsRequest::default());
    }
    assert!(broker.client().is_closed());
}

#[test]
fn connections_that_come_too_fast_wait_and_are_all_served() {
    let broker = TestBroker::with(&[("max.connection.creation.rate", "10")]);
    let begun = Instant::now();
    let mut clients: Vec<_> = (0..15).map(|_| broker.client()).collect();
    for client in &mut clients {
        client.ask(&ApiVersionsRequest::default());
    }
    // Ten at once, and five more take half a second at least.
    assert!(begun.elapsed() >= Duration::from_millis(490), "{:?}", begun.elapsed());
}

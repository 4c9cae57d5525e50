//! Quotas of clients: setting and describing them, and what they do (KIP-219).

use std::time::{Duration, Instant};

use klamm_model::ErrorCode;
use klamm_wire::messages::alter_client_quotas::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, EntityData, EntryData, OpData,
};
use klamm_wire::messages::api_versions::ApiVersionsRequest;
use klamm_wire::messages::describe_client_quotas::{ComponentData, DescribeClientQuotasRequest};

use crate::support::{Client, TestBroker, batch, create_topic, error, fetch, offset_of, produce, records_of};

/// Windows so short that a test can wait for all of them: a rate is measured over one to two seconds.
const SHORT: [(&str, &str); 2] = [("quota.window.num", "2"), ("quota.window.size.seconds", "1")];
const SLOW: [(&str, Option<&str>); 1] = [("client-id", Some("slow"))];

fn request(entity: &[(&str, Option<&str>)], key: &str, value: Option<f64>) -> AlterClientQuotasRequest {
    let part = |(kind, name): &(&str, Option<&str>)| EntityData {
        entity_type: (*kind).to_owned(),
        entity_name: name.map(str::to_owned),
    };
    let op = OpData { key: key.to_owned(), value: value.unwrap_or(0.0), remove: value.is_none() };
    let entry = EntryData { entity: entity.iter().map(part).collect(), ops: vec![op] };
    AlterClientQuotasRequest { entries: vec![entry], validate_only: false }
}

fn code(response: &AlterClientQuotasResponse) -> ErrorCode {
    error(response.entries[0].error_code)
}

fn alter(client: &mut Client, entity: &[(&str, Option<&str>)], key: &str, value: Option<f64>) {
    let response = client.ask(&request(entity, key, value));
    assert_eq!(code(&response), ErrorCode::None, "{:?}", response.entries[0].error_message);
}

/// `type=name ... key=value` of each quota that the components let through.
fn describe(client: &mut Client, components: &[(&str, i8, Option<&str>)], strict: bool) -> Vec<String> {
    let component = |(kind, match_type, name): &(&str, i8, Option<&str>)| ComponentData {
        entity_type: (*kind).to_owned(),
        match_type: *match_type,
        r#match: name.map(str::to_owned),
    };
    let components = components.iter().map(component).collect();
    let response = client.ask(&DescribeClientQuotasRequest { components, strict });
    assert_eq!(error(response.error_code), ErrorCode::None, "{:?}", response.error_message);
    let mut lines = Vec::new();
    for entry in response.entries.unwrap() {
        let name = |name: Option<String>| name.unwrap_or_else(|| "<default>".to_owned());
        let mut parts: Vec<_> = entry
            .entity
            .into_iter()
            .map(|part| format!("{}={}", part.entity_type, name(part.entity_name)))
            .collect();
        parts.extend(entry.values.iter().map(|value| format!("{}={}", value.key, value.value)));
        lines.push(parts.join(" "));
    }
    lines.sort();
    lines
}

fn of_bytes(count: usize) -> bytes::Bytes {
    batch(&[&"x".repeat(count)])
}

/// That this much time has passed; times are rounded to milliseconds on the way.
fn assert_passed(since: Instant, throttle_time_ms: i32) {
    let passed = since.elapsed() + Duration::from_millis(2);
    assert!(passed >= Duration::from_millis(throttle_time_ms as u64), "{passed:?} of {throttle_time_ms} ms");
}

#[test]
fn quotas_are_set_described_and_removed() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    let both = [("user", Some("ann")), ("client-id", None)];
    alter(&mut client, &SLOW, "producer_byte_rate", Some(1024.0));
    alter(&mut client, &both, "request_percentage", Some(12.5));
    alter(&mut client, &[("ip", Some("10.0.0.1"))], "connection_creation_rate", Some(3.0));
    let slow = "client-id=slow producer_byte_rate=1024";
    let ann = "user=ann client-id=<default> request_percentage=12.5";
    let ip = "ip=10.0.0.1 connection_creation_rate=3";
    assert_eq!(describe(&mut client, &[], false), [slow, ip, ann]);
    assert_eq!(describe(&mut client, &[], true), Vec::<String>::new());
    assert_eq!(describe(&mut client, &[("client-id", 2, None)], false), [slow, ann]);
    assert_eq!(describe(&mut client, &[("client-id", 2, None)], true), [slow]);
    assert_eq!(describe(&mut client, &[("client-id", 1, None)], false), [ann]);
    assert_eq!(describe(&mut client, &[("user", 0, Some("ann")), ("client-id", 1, None)], true), [ann]);
    assert_eq!(describe(&mut client, &[("ip", 0, Some("10.0.0.1"))], true), [ip]);
    let mut only_validated = request(&SLOW, "producer_byte_rate", None);
    only_validated.validate_only = true;
    assert_eq!(code(&client.ask(&only_validated)), ErrorCode::None);
    assert_eq!(describe(&mut client, &[("client-id", 0, Some("slow"))], true), [slow]);
    alter(&mut client, &SLOW, "producer_byte_rate", None);
    assert_eq!(describe(&mut client, &[], false), [ip, ann]);
}

#[test]
fn wrong_quotas_and_filters_are_refused() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    let value = Some(1.0);
    for (entity, key, value) in [
        (&SLOW[..], "bytes", value),
        (&SLOW, "producer_byte_rate", Some(0.0)),
        (&SLOW, "producer_byte_rate", Some(0.5)),
        (&SLOW, "connection_creation_rate", value),
        (&SLOW, "controller_mutation_rate", value),
        (&[], "producer_byte_rate", value),
        (&[("group", None)], "producer_byte_rate", value),
        (&[("client-id", Some(""))], "producer_byte_rate", value),
        (&[("ip", Some("localhost"))], "connection_creation_rate", value),
    ] {
        let response = client.ask(&request(entity, key, value));
        assert_eq!(code(&response), ErrorCode::InvalidRequest, "{entity:?} {key}");
        assert!(response.entries[0].error_message.is_some());
        assert_eq!(response.entries[0].entity.len(), entity.len());
    }
    let mut twice = request(&SLOW, "producer_byte_rate", value);
    twice.entries.push(twice.entries[0].clone());
    let codes: Vec<_> = client.ask(&twice).entries.iter().map(|entry| error(entry.error_code)).collect();
    assert_eq!(codes, [ErrorCode::None, ErrorCode::InvalidRequest]);
    for (kind, match_type, name, expected) in [
        ("group", 2, None, ErrorCode::UnsupportedVersion),
        ("", 2, None, ErrorCode::InvalidRequest),
        ("user", 0, None, ErrorCode::InvalidRequest),
        ("user", 1, Some("u"), ErrorCode::InvalidRequest),
        ("user", 3, None, ErrorCode::InvalidRequest),
    ] {
        let component =
            ComponentData { entity_type: kind.to_owned(), match_type, r#match: name.map(str::to_owned) };
        let request = DescribeClientQuotasRequest { components: vec![component], strict: false };
        let response = client.ask(&request);
        assert_eq!((error(response.error_code), response.entries), (expected, None), "{kind} {match_type}");
    }
}

#[test]
fn a_producer_above_its_rate_is_answered_and_then_waits() {
    let broker = TestBroker::with(&SHORT);
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    alter(&mut client, &SLOW, "producer_byte_rate", Some(10_000.0));
    let mut slow = broker.client().called("slow");
    let within = slow.call(9, &produce("t", -1, of_bytes(4_000)));
    assert_eq!((offset_of(&within), within.throttle_time_ms), (0, 0));

    let begun = Instant::now();
    let above = slow.call(9, &produce("t", -1, of_bytes(20_000)));
    assert_eq!(offset_of(&above), 1);
    // 24 kB and some in one to two seconds are held back for less than two, or for all windows.
    let throttle_time_ms = above.throttle_time_ms;
    assert!((100..=2_000).contains(&throttle_time_ms), "{throttle_time_ms}");
    slow.send(0, &ApiVersionsRequest::default());
    let other = client.call(9, &produce("t", -1, of_bytes(20_000)));
    assert_eq!((offset_of(&other), other.throttle_time_ms), (2, 0), "others are not held back");
    slow.receive_frame();
    assert_passed(begun, throttle_time_ms);

    alter(&mut client, &SLOW, "producer_byte_rate", None);
    let free = slow.call(9, &produce("t", -1, of_bytes(90_000)));
    assert_eq!((offset_of(&free), free.throttle_time_ms), (3, 0));
}

#[test]
fn a_consumer_above_its_rate_gets_nothing_and_then_waits() {
    let broker = TestBroker::with(&SHORT);
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    for _ in 0..3 {
        offset_of(&client.call(9, &produce("t", -1, of_bytes(20_000))));
    }
    alter(&mut client, &SLOW, "consumer_byte_rate", Some(10_000.0));
    let mut slow = broker.client().called("slow");
    let (begun, mut offset, mut waited_ms) = (Instant::now(), 0, 0);
    while offset < 3 {
        let answer = slow.call(12, &fetch("t", offset, 1000));
        assert_passed(begun, waited_ms);
        if answer.throttle_time_ms > 0 {
            assert_eq!((answer.error_code, answer.session_id, answer.responses.len()), (0, 0, 0));
            waited_ms += answer.throttle_time_ms;
        } else {
            // Each batch is more than the rate allows in a second, and comes whole and alone all the same.
            assert_eq!(records_of(&answer.responses[0].partitions[0]).len(), 1);
            offset += 1;
        }
    }
    // The second and the third come when what was before them is two seconds old.
    assert_passed(begun, 4_000);
    let other = client.call(12, &fetch("t", 0, 1000));
    assert_eq!(other.throttle_time_ms, 0);
    assert_eq!(records_of(&other.responses[0].partitions[0]).len(), 3, "others are not held back");
}

#[test]
fn the_time_that_requests_take_has_a_quota_too() {
    let broker = TestBroker::with(&SHORT);
    let mut client = broker.client();
    alter(&mut client, &SLOW, "request_percentage", Some(0.000_001));
    let mut slow = broker.client().called("slow");
    let begun = Instant::now();
    assert_eq!(slow.ask(&ApiVersionsRequest::default()).throttle_time_ms, 1_000, "a window at the most");
    slow.ask(&ApiVersionsRequest::default());
    assert_passed(begun, 1_000);
    assert_eq!(client.ask(&ApiVersionsRequest::default()).throttle_time_ms, 0);
}

#[test]
fn quotas_outlive_the_broker_and_no_one_waits_for_a_muted_client() {
    let mut broker = TestBroker::with(&[("quota.window.num", "2"), ("quota.window.size.seconds", "3600")]);
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    alter(&mut client, &SLOW, "producer_byte_rate", Some(1.0));
    for _ in 0..2 {
        let mut slow = broker.client().called("slow");
        let above = slow.call(9, &produce("t", -1, of_bytes(90_000)));
        offset_of(&above);
        assert_eq!(above.throttle_time_ms, 7_200_000, "all windows at the most");
        slow.send(0, &ApiVersionsRequest::default());
        let begun = Instant::now();
        broker.stop();
        assert!(begun.elapsed() < Duration::from_secs(9), "its connection is not waited for until it is cut");
        assert!(slow.is_closed());
        broker.start_again();
    }
    let slow = "client-id=slow producer_byte_rate=1";
    assert_eq!(describe(&mut broker.client(), &[], false), [slow]);
}

#[test]
fn an_address_that_connects_too_often_is_let_go() {
    let broker = TestBroker::with(&SHORT);
    let mut client = broker.client();
    alter(&mut client, &[("ip", None)], "connection_creation_rate", Some(1.0));
    // The first counts nothing before it; how many more come through depends on the time, but never all.
    let mut connections: Vec<_> = (0..20).map(|_| broker.client()).collect();
    let refused = connections.iter_mut().skip(1).filter_map(|connection| {
        connection.send(0, &ApiVersionsRequest::default());
        connection.next_frame().is_none().then_some(())
    });
    assert!(refused.count() > 0);
    alter(&mut client, &[("ip", None)], "connection_creation_rate", None);
    broker.client().ask(&ApiVersionsRequest::default());
}

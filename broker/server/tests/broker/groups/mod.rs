//! Consumer groups and their offsets, over the wire.

mod classic;
mod offsets;

use std::time::{Duration, Instant};

use klamm_model::ErrorCode;
use klamm_wire::messages::find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};
use klamm_wire::messages::list_groups::{ListGroupsRequest, ListedGroup};

use crate::support::{Client, TestBroker, create_topic, error};

const PATIENCE: Duration = Duration::from_secs(30);

/// Small and quick.
const SETTINGS: &[(&str, &str)] =
    &[("group.initial.rebalance.delay.ms", "0"), ("offsets.topic.num.partitions", "4")];

/// A broker with a topic `t` of four partitions, and the coordinator of `group` at work.
fn started(group: &str) -> (TestBroker, Client) {
    started_with(group, SETTINGS)
}

fn started_with(group: &str, settings: &[(&str, &str)]) -> (TestBroker, Client) {
    let broker = TestBroker::with(settings);
    let mut client = broker.client();
    create_topic(&mut client, "t", 4);
    await_coordinator(&mut client, group);
    (broker, client)
}

/// Waits, as clients do, until the group's coordinator serves.
fn await_coordinator(client: &mut Client, group: &str) {
    let request = FindCoordinatorRequest {
        coordinator_keys: vec![group.to_owned()],
        ..FindCoordinatorRequest::default()
    };
    let found: FindCoordinatorResponse = client.ask(&request);
    assert_eq!(error(found.coordinators[0].error_code), ErrorCode::None);
    eventually("the coordinator serves", || {
        let listed = client.ask(&ListGroupsRequest::default());
        listed.error_code == 0 && offsets::fetch(client, 9, group, &[("t", 0)]).is_ok()
    });
}

/// Tries again until it holds.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    #[expect(clippy::disallowed_methods, reason = "a test asks again; nothing else runs here")]
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn listed(client: &mut Client) -> Vec<ListedGroup> {
    let response = client.ask(&ListGroupsRequest::default());
    assert_eq!(error(response.error_code), ErrorCode::None);
    response.groups
}

#[test]
fn the_first_who_looks_for_a_coordinator_has_the_topic_made() {
    let broker = TestBroker::with(SETTINGS);
    let mut client = broker.client();
    for version in 0..=6 {
        let request = match version {
            0..4 => FindCoordinatorRequest { key: "g".to_owned(), ..FindCoordinatorRequest::default() },
            _ => FindCoordinatorRequest {
                coordinator_keys: vec!["g".to_owned(), "h".to_owned()],
                ..FindCoordinatorRequest::default()
            },
        };
        let found = client.call(version, &request);
        let port = i32::from(broker.server().kafka_address.port());
        if version < 4 {
            assert_eq!((found.error_code, found.node_id, found.port), (0, 1, port), "{version}");
        } else {
            let both: Vec<_> =
                found.coordinators.iter().map(|it| (it.key.as_str(), it.error_code, it.port)).collect();
            assert_eq!(both, [("g", 0, port), ("h", 0, port)], "{version}");
        }
    }
    let topic = broker.server().broker().controller.image().topic("__consumer_offsets").cloned().unwrap();
    assert_eq!(topic.partitions.len(), 4);
    assert!(topic.is_internal());
}

#[test]
fn transactions_are_refused_in_words() {
    let broker = TestBroker::with(SETTINGS);
    let request = FindCoordinatorRequest {
        key_type: 1,
        coordinator_keys: vec!["t".to_owned()],
        ..FindCoordinatorRequest::default()
    };
    let found: FindCoordinatorResponse = broker.client().ask(&request);
    let only = &found.coordinators[0];
    assert_eq!((error(only.error_code), only.node_id), (ErrorCode::InvalidRequest, -1));
    assert!(only.error_message.as_deref().unwrap().contains("Transactions are not offered"));
}

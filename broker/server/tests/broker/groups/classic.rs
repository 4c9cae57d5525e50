//! Members of the classic protocol.

use bytes::Bytes;
use klamm_model::ErrorCode;
use klamm_wire::messages::describe_groups::{DescribeGroupsRequest, DescribedGroup};
use klamm_wire::messages::heartbeat::HeartbeatRequest;
use klamm_wire::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse};
use klamm_wire::messages::leave_group::{LeaveGroupRequest, MemberIdentity};
use klamm_wire::messages::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};

use super::offsets::{commit_as, fetch};
use super::{await_coordinator, eventually, listed, started};
use crate::support::{Client, TestBroker, error};

fn join_request(member_id: &str) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol { name: "range".to_owned(), metadata: subscription_to("t") };
    JoinGroupRequest {
        group_id: "g".to_owned(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 20_000,
        member_id: member_id.to_owned(),
        protocol_type: "consumer".to_owned(),
        protocols: vec![protocol],
        ..JoinGroupRequest::default()
    }
}

/// `ConsumerProtocolSubscription`, version 0.
fn subscription_to(topic: &str) -> Bytes {
    let mut bytes = vec![0, 0, 0, 0, 0, 1];
    bytes.extend(u16::try_from(topic.len()).unwrap().to_be_bytes());
    bytes.extend(topic.as_bytes());
    bytes.extend((-1i32).to_be_bytes());
    bytes.into()
}

/// Joins as a new member, as clients do that are first told their id.
fn join(client: &mut Client, version: i16) -> JoinGroupResponse {
    let first = client.call(version, &join_request(""));
    if version < 4 {
        return first;
    }
    assert_eq!(error(first.error_code), ErrorCode::MemberIdRequired);
    client.call(version, &join_request(&first.member_id))
}

fn sync_request(generation: i32, member_id: &str, assignments: &[(&str, &'static [u8])]) -> SyncGroupRequest {
    let assignments = assignments.iter().map(|(member, assignment)| SyncGroupRequestAssignment {
        member_id: (*member).to_owned(),
        assignment: Bytes::from_static(assignment),
    });
    SyncGroupRequest {
        group_id: "g".to_owned(),
        generation_id: generation,
        member_id: member_id.to_owned(),
        assignments: assignments.collect(),
        ..SyncGroupRequest::default()
    }
}

fn heartbeat(client: &mut Client, generation_id: i32, member_id: &str) -> ErrorCode {
    let (group_id, member_id) = ("g".to_owned(), member_id.to_owned());
    let request = HeartbeatRequest { group_id, generation_id, member_id, ..HeartbeatRequest::default() };
    error(client.ask(&request).error_code)
}

fn leave(client: &mut Client, member_id: &str) -> ErrorCode {
    let member = MemberIdentity { member_id: member_id.to_owned(), ..MemberIdentity::default() };
    let request =
        LeaveGroupRequest { group_id: "g".to_owned(), members: vec![member], ..LeaveGroupRequest::default() };
    let response = client.ask(&request);
    assert_eq!(error(response.error_code), ErrorCode::None);
    error(response.members[0].error_code)
}

fn describe(client: &mut Client) -> DescribedGroup {
    let request = DescribeGroupsRequest { groups: vec!["g".to_owned()], ..DescribeGroupsRequest::default() };
    client.ask(&request).groups.remove(0)
}

/// A group of one member in a stable generation.
fn stable() -> (TestBroker, Client, String, i32) {
    let (broker, mut client) = started("g");
    let joined = join(&mut client, 9);
    assert_eq!(error(joined.error_code), ErrorCode::None);
    let synced =
        client.ask(&sync_request(joined.generation_id, &joined.member_id, &[(&joined.member_id, b"all")]));
    assert_eq!((error(synced.error_code), &synced.assignment[..]), (ErrorCode::None, &b"all"[..]));
    (broker, client, joined.member_id, joined.generation_id)
}

#[test]
fn a_member_alone_in_every_version() {
    for version in 0..=9 {
        let (_broker, mut client) = started("g");
        let joined = join(&mut client, version);
        assert_eq!(error(joined.error_code), ErrorCode::None, "{version}");
        assert_eq!((joined.generation_id, joined.protocol_name.as_deref()), (1, Some("range")));
        assert_eq!(joined.leader, joined.member_id);
        assert_eq!(joined.members.len(), 1);
        let request = sync_request(1, &joined.member_id, &[(&joined.member_id, b"all")]);
        let synced = client.call(version.min(5), &request);
        assert_eq!((error(synced.error_code), &synced.assignment[..]), (ErrorCode::None, &b"all"[..]));
        assert_eq!(heartbeat(&mut client, 1, &joined.member_id), ErrorCode::None);
        assert_eq!(heartbeat(&mut client, 0, &joined.member_id), ErrorCode::IllegalGeneration);
        assert_eq!(heartbeat(&mut client, 1, "stranger"), ErrorCode::UnknownMemberId);
    }
}

#[test]
fn a_second_member_makes_the_first_join_again() {
    let (broker, mut first, first_id, _) = stable();
    let mut second = broker.client();
    let told = second.call(9, &join_request(""));
    let second_id = told.member_id;
    second.send(9, &join_request(&second_id));
    eventually("the first is told", || heartbeat(&mut first, 1, &first_id) == ErrorCode::RebalanceInProgress);
    let first_joined = first.call(9, &join_request(&first_id));
    let (_, second_joined) = second.receive::<JoinGroupResponse>(9);
    assert_eq!((first_joined.generation_id, second_joined.generation_id), (2, 2));
    assert_eq!((first_joined.leader.as_str(), second_joined.leader.as_str()), (&*first_id, &*first_id));
    assert_eq!((first_joined.members.len(), second_joined.members.len()), (2, 0));

    second.send(5, &sync_request(2, &second_id, &[]));
    let synced = first.ask(&sync_request(2, &first_id, &[(&first_id, b"one"), (&second_id, b"two")]));
    assert_eq!(&synced.assignment[..], b"one");
    let (_, synced) = second.receive::<klamm_wire::messages::sync_group::SyncGroupResponse>(5);
    assert_eq!(&synced.assignment[..], b"two");

    let described = describe(&mut first);
    assert_eq!((described.group_state.as_str(), described.protocol_data.as_str()), ("Stable", "range"));
    assert_eq!(described.members.len(), 2);
    assert_eq!(leave(&mut second, &second_id), ErrorCode::None);
    assert_eq!(heartbeat(&mut first, 2, &first_id), ErrorCode::RebalanceInProgress);
}

#[test]
fn commits_of_members_are_fenced() {
    let (_broker, mut client, member_id, generation) = stable();
    let mut commit = |member: &str, generation, offset| {
        commit_as(&mut client, 9, (member, generation), "g", "t", &[(0, offset)]).remove(0)
    };
    assert_eq!(commit(&member_id, generation, 5), ErrorCode::None);
    assert_eq!(commit(&member_id, generation - 1, 6), ErrorCode::IllegalGeneration);
    assert_eq!(commit("stranger", generation, 7), ErrorCode::UnknownMemberId);
    assert_eq!(commit("", -1, 8), ErrorCode::UnknownMemberId, "a group with members is not for others");
    assert_eq!(fetch(&mut client, 9, "g", &[("t", 0)]), Ok(vec![(5, "m5".to_owned())]));
    assert_eq!(listed(&mut client)[0].group_state, "Stable");
}

#[test]
fn a_group_outlives_a_restart() {
    let (mut broker, _, member_id, generation) = stable();
    broker.stop();
    broker.start_again();
    let mut client = broker.client();
    await_coordinator(&mut client, "g");
    assert_eq!(heartbeat(&mut client, generation, &member_id), ErrorCode::None);
    let described = describe(&mut client);
    assert_eq!(described.group_state, "Stable");
    assert_eq!(&described.members[0].member_assignment[..], b"all");
    assert_eq!(described.members[0].client_host, "/127.0.0.1");
    assert_eq!(leave(&mut client, &member_id), ErrorCode::None);
    assert_eq!(describe(&mut client).group_state, "Empty");
}

#[test]
fn who_waits_when_the_broker_stops_is_told() {
    let (mut broker, _first, _, _) = stable();
    let mut second = broker.client();
    let told = second.call(9, &join_request(""));
    second.send(9, &join_request(&told.member_id));
    eventually("the join waits", || describe(&mut broker.client()).group_state == "PreparingRebalance");
    broker.stop();
    let (_, answer) = second.receive::<JoinGroupResponse>(9);
    assert_eq!(error(answer.error_code), ErrorCode::NotCoordinator);
}

//! Members of both protocols in one group.

use klamm_model::ErrorCode;

use super::world::{
    Join, REBALANCE_MS, SESSION_MS, TOPIC, VERSION, World, code, cooperative, partitions_of, range,
};
use crate::embedded::tests::subscription;
use crate::{NotJoined, WhyRefused};

/// A member of the consumer protocol, in epoch 1 with all four partitions.
fn one_consumer() -> World {
    let mut world = World::new(4);
    assert_eq!(world.consumer("new"), (1, vec![0, 1, 2, 3]));
    world
}

/// The same, and a classic member that has joined and synced, and both have what they are to have, in epoch 2.
fn one_of_each() -> (World, String) {
    let mut world = one_consumer();
    let id = world.told(&range(""));
    world.name(&id, "a");
    assert_eq!(world.enter(&range(&id)), Ok((id.clone(), 2)));
    assert_eq!(world.sync(&id, 2), Ok(vec![]));
    assert_eq!(world.says("new", 1, &[0, 1, 2, 3]).1, Some(vec![0, 1]));
    assert_eq!(world.says("new", 1, &[0, 1]), (2, None));
    assert_eq!(world.beat(&id, 2), ErrorCode::RebalanceInProgress);
    assert_eq!(world.enter(&range(&id)), Ok((id.clone(), 2)));
    assert_eq!(world.sync(&id, 2), Ok(vec![2, 3]));
    assert_eq!(world.beat(&id, 2), ErrorCode::None);
    (world, id)
}

#[test]
fn a_classic_member_joins_and_gets_partitions_when_they_are_free() {
    let mut world = one_consumer();
    let asked = world.join(&range(""));
    let told = world.joined(asked);
    assert_eq!(code(told.error_code), ErrorCode::MemberIdRequired);
    assert!(!told.member_id.contains("client"), "an id as the consumer protocol has them");
    assert_eq!(world.groups.member_count(), 1);
    let id = told.member_id;
    world.name(&id, "a");
    let joining = world.join(&range(&id));
    let joined = world.joined(joining);
    assert_eq!((joined.generation_id, joined.protocol_name.as_deref()), (2, Some("range")));
    assert_eq!((joined.leader.as_str(), joined.protocol_type.as_deref()), ("", Some("consumer")));
    assert_eq!(
        world.emitted(),
        [
            "member a wants t",
            "group Some(2)",
            "target of a Some([2, 3])",
            "target of new Some([0, 1])",
            "target Some(2)",
            "a epoch 2 after 0 state 2 has [] gives back []",
        ]
    );
    assert_eq!(world.beat(&id, 2), ErrorCode::None, "it has to wait");
    world.restart();
    assert_eq!(world.says("new", 1, &[0, 1, 2, 3]).1, Some(vec![0, 1]));
    assert_eq!(world.beat(&id, 2), ErrorCode::None, "they are not given back yet");
    assert_eq!(world.says("new", 1, &[0, 1]), (2, None));
    assert_eq!(world.beat(&id, 2), ErrorCode::RebalanceInProgress, "now they are");
    assert_eq!(world.enter(&range(&id)), Ok((id.clone(), 2)));
    assert_eq!(world.sync(&id, 2), Ok(vec![2, 3]));
    assert_eq!(world.state(), "consumer Stable");
}

#[test]
fn an_old_client_is_let_in_at_once_and_answered_in_its_version() {
    let mut world = one_consumer();
    let protocols = vec![("range", subscription(0, &[TOPIC], &[]))];
    let (id, generation) = world.enter(&Join { version: 2, protocols, ..range("") }).unwrap();
    assert_eq!(generation, 2);
    let ticket = world.sync_with(&id, 2, Vec::new());
    let synced = world.synced(ticket);
    assert_eq!((&synced.assignment[..2], partitions_of(&synced.assignment)), (&[0, 0][..], vec![]));
}

#[test]
fn each_request_is_checked() {
    let (mut world, id) = one_of_each();
    assert_eq!(world.beat(&id, 1), ErrorCode::IllegalGeneration);
    assert_eq!(world.beat("nobody", 2), ErrorCode::UnknownMemberId);
    assert_eq!(world.beat("new", 2), ErrorCode::UnknownMemberId, "it speaks the other protocol");
    assert_eq!(world.beat_as(&id, Some("i"), 2), ErrorCode::UnknownMemberId);
    assert_eq!(world.sync(&id, 3), Err(ErrorCode::IllegalGeneration));
    assert_eq!(world.sync("new", 2), Err(ErrorCode::UnknownMemberId));
    for (join, why) in [
        (Join { protocol_type: "connect", ..range("x") }, NotJoined::NoConsumer),
        (Join { protocols: vec![], ..range("x") }, NotJoined::NoCommonAssignor),
        (Join { protocols: cooperative("", &[]).protocols, ..range("x") }, NotJoined::NoCommonAssignor),
        (Join { protocols: vec![("range", bytes::Bytes::new())], ..range("x") }, NotJoined::NoConsumer),
    ] {
        assert_eq!(world.enter(&join), Err(ErrorCode::InconsistentGroupProtocol), "{join:?}");
        assert_eq!(world.refused, [WhyRefused::Join(why)], "{join:?}");
        assert_eq!(world.emitted(), [""; 0]);
    }
    assert_eq!(world.enter(&range("x").instance("i")), Err(ErrorCode::UnknownMemberId));
    assert_eq!((world.emitted(), world.refused.len()), (vec![], 0));
    world.config.min_session_timeout_ms = SESSION_MS + 1;
    assert_eq!(world.enter(&range(&id)), Err(ErrorCode::InvalidSessionTimeout));
    world.config.min_session_timeout_ms = 1;
    world.config.consumer_max_size = 2;
    assert_eq!(world.enter(&range("x")), Err(ErrorCode::GroupMaxSizeReached));
    assert_eq!(world.enter(&range(&id)), Ok((id.clone(), 2)), "it is in already");
    assert_eq!(
        world.leave(&[("nobody", None), ("", Some("i")), (&id, Some("i"))]),
        [ErrorCode::UnknownMemberId; 3]
    );
    assert_eq!(world.emitted(), [""; 0]);
}

#[test]
fn a_member_that_leaves_frees_its_partitions() {
    let (mut world, id) = one_of_each();
    assert_eq!(world.leave(&[(&id, None)]), [ErrorCode::None]);
    assert_eq!(world.emitted(), ["current of a gone", "target of a None", "member a gone", "group Some(3)"]);
    assert_eq!(world.says("new", 2, &[0, 1]), (3, Some(vec![0, 1, 2, 3])));
    world.restart();
}

#[test]
fn a_silent_member_is_removed_after_its_own_session() {
    let (mut world, id) = one_of_each();
    world.wait(SESSION_MS - 1);
    assert_eq!(world.beat(&id, 2), ErrorCode::None);
    world.wait(SESSION_MS - 1);
    assert_eq!(world.groups.member_count(), 2);
    world.wait(1);
    assert_eq!(world.emitted().last().unwrap(), "group Some(3)");
    assert_eq!(world.beat(&id, 2), ErrorCode::UnknownMemberId);
}

#[test]
fn who_is_told_to_rejoin_has_the_time_of_a_rebalance() {
    let (mut world, id) = one_of_each();
    world.topics.grow(TOPIC, 6);
    assert_eq!(world.beat(&id, 2), ErrorCode::RebalanceInProgress, "it is noticed by whoever is heard of");
    assert_eq!(world.emitted(), ["group Some(3)"]);
    for _ in 0..3 {
        world.wait(REBALANCE_MS / 3 - 1);
        assert_eq!(world.beat(&id, 2), ErrorCode::RebalanceInProgress);
    }
    world.wait(3);
    assert_eq!(world.beat(&id, 2), ErrorCode::UnknownMemberId);

    let (mut world, id) = one_of_each();
    world.topics.grow(TOPIC, 6);
    assert_eq!(world.sync(&id, 2), Ok(vec![2, 3]));
    world.beat(&id, 2);
    assert_eq!(world.sync(&id, 2), Err(ErrorCode::RebalanceInProgress));
    world.wait(SESSION_MS - 1);
    assert_eq!(world.enter(&range(&id)), Ok((id.clone(), 3)));
    world.sync(&id, 3).unwrap();
    for _ in 0..4 {
        world.wait(SESSION_MS - 1);
        world.says("new", 2, &[0, 1]);
        assert_eq!(world.beat(&id, 3), ErrorCode::None, "it has joined in time");
    }
}

#[test]
fn who_joins_and_does_not_sync_has_the_time_of_a_rebalance() {
    let (mut world, id) = one_of_each();
    assert_eq!(world.enter(&range(&id)), Ok((id.clone(), 2)));
    for _ in 0..3 {
        world.wait(REBALANCE_MS / 3 - 1);
        assert_eq!(world.beat(&id, 2), ErrorCode::None);
    }
    world.wait(3);
    assert_eq!(world.beat(&id, 2), ErrorCode::UnknownMemberId);
}

#[test]
fn a_static_member_comes_back_with_another_id_and_has_what_it_had() {
    let mut world = one_consumer();
    let (first, generation) = world.enter(&range("").instance("i")).unwrap();
    assert_eq!(generation, 2);
    world.says("new", 1, &[0, 1, 2, 3]);
    world.says("new", 1, &[0, 1]);
    assert_eq!(world.enter(&range(&first).instance("i")), Ok((first.clone(), 2)));
    assert_eq!(world.sync(&first, 2), Ok(vec![2, 3]));
    let (second, generation) = world.enter(&range("").instance("i")).unwrap();
    assert_eq!(generation, 2, "nobody is disturbed");
    assert_ne!(first, second);
    assert_eq!(world.sync(&second, 2), Ok(vec![2, 3]));
    assert_eq!(world.beat_as(&first, Some("i"), 2), ErrorCode::FencedInstanceId);
    assert_eq!(world.enter(&range(&first).instance("i")), Err(ErrorCode::FencedInstanceId));
    assert_eq!(world.beat_as(&second, Some("i"), 2), ErrorCode::None);
    world.restart();
    assert_eq!(world.leave(&[("", Some("i"))]), [ErrorCode::None], "an operator names it");
    assert_eq!(world.groups.member_count(), 1);
}

#[test]
fn commits_are_fenced_by_the_generation() {
    let (mut world, id) = one_of_each();
    assert_eq!(world.commit(&id, 2, 2, 7), ErrorCode::None, "a version of before the consumer protocol");
    assert_eq!(world.commit(&id, 3, 2, 7), ErrorCode::IllegalGeneration);
    assert_eq!(world.commit(&id, 1, 2, 7), ErrorCode::IllegalGeneration, "it got 2 later");
    assert_eq!(world.commit(&id, 2, 0, 7), ErrorCode::None, "as in a classic group, of any partition");
    assert_eq!(world.commit("nobody", 2, 2, 7), ErrorCode::UnknownMemberId);
    assert_eq!(world.commit("new", 2, 0, 7), ErrorCode::UnsupportedVersion);
    world.topics.grow(TOPIC, 6);
    assert_eq!(world.enter(&range(&id)), Ok((id.clone(), 3)));
    assert_eq!(world.commit(&id, 2, 2, VERSION), ErrorCode::None, "it has had 2 since then (KIP-1251)");
    assert_eq!(world.commit(&id, 2, 0, VERSION), ErrorCode::IllegalGeneration, "it does not have 0");
}

#[test]
fn a_classic_member_that_joins_in_the_consumer_protocol_is_one_of_that() {
    let (mut world, id) = one_of_each();
    assert_eq!(world.enter(&range(&id)), Ok((id.clone(), 2)));
    assert_eq!(world.consumer(&id), (2, vec![2, 3]));
    assert_eq!(world.beat(&id, 2), ErrorCode::UnknownMemberId);
    // Neither its session nor its time to sync is that of a classic member.
    for _ in 0..2 {
        world.wait(REBALANCE_MS - 1);
        world.says(&id, 2, &[2, 3]);
        world.says("new", 2, &[0, 1]);
    }
    assert_eq!(world.groups.member_count(), 2);
    assert_eq!(world.state(), "consumer Stable");
}

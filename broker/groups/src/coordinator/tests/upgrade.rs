//! From the classic protocol to the consumer one.

use klamm_model::ErrorCode;

use super::world::{Join, SESSION_MS, TOPIC, World, code, cooperative, given, range};
use crate::MigrationPolicy::{Bidirectional, Disabled, Downgrade, Upgrade};
use crate::WhyRefused;
use crate::consumer::NotUpgraded;
use crate::consumer::tests::world::{as_instance, joins, says};
use crate::embedded::tests::{assignment, assignment_with, sticky_user_data, subscription};

#[test]
fn a_classic_group_becomes_one_of_the_consumer_protocol_when_the_first_such_member_joins() {
    let (mut world, ids, generation) = World::new(6).classic(range, &[("a", &[0, 1, 2]), ("b", &[3, 4, 5])]);
    assert_eq!((world.state().as_str(), generation), ("classic Stable", 2));
    assert_eq!(world.consumer("new"), (3, vec![]), "the others have all");
    assert_eq!(
        world.emitted(),
        [
            "classic gone",
            "member a wants t",
            "member b wants t",
            "group Some(2)",
            "target of a Some([0, 1, 2])",
            "target of b Some([3, 4, 5])",
            "target Some(2)",
            "a epoch 2 after 2 state 0 has [0, 1, 2] gives back []",
            "b epoch 2 after 2 state 0 has [3, 4, 5] gives back []",
            "member new wants t",
            "group Some(3)",
            "target of a Some([0, 1])",
            "target of b Some([3, 4])",
            "target of new Some([2, 5])",
            "target Some(3)",
            "new epoch 3 after 0 state 2 has [] gives back []",
        ]
    );
    assert_eq!(world.state(), "consumer Reconciling");
    world.restart();

    // Eager members give all back and rejoin; each goes on in the new epoch without the other.
    let (a, b) = (&ids[0], &ids[1]);
    assert_eq!(world.beat(a, 2), ErrorCode::RebalanceInProgress);
    assert_eq!(world.enter(&range(a)), Ok((a.clone(), 3)));
    assert_eq!(world.emitted(), ["a epoch 3 after 2 state 0 has [0, 1] gives back []"]);
    assert_eq!(world.sync(a, 3), Ok(vec![0, 1]));
    assert_eq!(world.beat(a, 3), ErrorCode::None);
    assert_eq!(world.says("new", 3, &[]), (3, Some(vec![2])), "b has 5 as yet");
    assert_eq!(world.beat(b, 2), ErrorCode::RebalanceInProgress);
    assert_eq!(world.enter(&range(b)), Ok((b.clone(), 3)));
    assert_eq!(world.sync(b, 3), Ok(vec![3, 4]));
    assert_eq!(world.says("new", 3, &[2]), (3, Some(vec![2, 5])));
    assert_eq!(world.state(), "consumer Stable");
    world.restart();
}

#[test]
fn a_cooperative_member_keeps_what_it_has_and_rejoins_when_it_has_given_the_rest_back() {
    let (mut world, ids, _) =
        World::new(6).classic(|id| cooperative(id, &[]), &[("a", &[0, 1, 2]), ("b", &[3, 4, 5])]);
    world.consumer("new");
    let a = &ids[0];
    assert_eq!(world.beat(a, 2), ErrorCode::RebalanceInProgress);
    assert_eq!(world.enter(&cooperative(a, &[0, 1, 2])), Ok((a.clone(), 2)), "it stays in its epoch");
    assert_eq!(world.emitted(), ["member a wants t", "a epoch 2 after 2 state 1 has [0, 1] gives back [2]"]);
    assert_eq!(world.sync(a, 2), Ok(vec![0, 1]));
    assert_eq!(world.beat(a, 2), ErrorCode::RebalanceInProgress, "it has to say that it has given back");
    assert_eq!(world.says("new", 3, &[]).1, None, "it may still read 2");
    assert_eq!(world.enter(&cooperative(a, &[0, 1])), Ok((a.clone(), 3)));
    assert_eq!(world.sync(a, 3), Ok(vec![0, 1]));
    assert_eq!(world.beat(a, 3), ErrorCode::None);
    assert_eq!(world.says("new", 3, &[]).1, Some(vec![2]));
}

#[test]
fn what_a_cooperative_member_was_told_to_give_back_is_nobodys_until_it_has() {
    let (mut world, ids, _) = World::new(4).classic(|id| cooperative(id, &[]), &[("a", &[0, 1, 2, 3])]);
    let a = ids[0].clone();
    let b = world.told(&cooperative("", &[]));
    world.join(&cooperative(&b, &[]));
    world.join(&cooperative(&a, &[0, 1, 2, 3]));
    // By its own word a keeps two. The answer that tells it so is on its way: it still reads all.
    let shares = [(a.clone(), assignment(2, &[(TOPIC, &[0, 1])])), (b, assignment(2, &[]))];
    world.sync_with(&a, 2, shares.to_vec());
    assert_eq!(world.state(), "classic Stable");
    assert_eq!(world.consumer("new"), (3, vec![]));
    let has = "a epoch 2 after 2 state 1 has [0, 1] gives back [2, 3]";
    assert!(world.emitted().iter().any(|emitted| emitted == has), "{:?}", world.emitted());
    assert_eq!(world.says("new", 3, &[]).1, None);
    assert_eq!(world.beat(&a, 2), ErrorCode::RebalanceInProgress);
    assert_eq!(world.enter(&cooperative(&a, &[0, 1])), Ok((a, 3)));
    assert_eq!(world.says("new", 3, &[]).1, Some(vec![3]));
}

/// Two members whose leader is librdkafka: after they have joined again, it sends each its own user data back.
fn echoed() -> (World, Vec<String>) {
    let had: [&[i32]; 2] = [&[0, 1], &[2, 3]];
    let (mut world, ids, _) =
        World::new(4).classic(|id| cooperative(id, &[]), &[("a", had[0]), ("b", had[1])]);
    for (id, had) in ids.iter().zip(had) {
        world.join(&cooperative(id, had));
    }
    let shares = ids.iter().zip(had).map(|(id, had)| {
        let user_data = sticky_user_data(1, &[(TOPIC, had)], 2);
        (id.clone(), assignment_with(0, &[(TOPIC, had)], Some(user_data)))
    });
    let shares: Vec<_> = shares.collect();
    world.sync_with(&ids[0], 3, shares.clone());
    world.sync_with(&ids[1], 3, shares);
    assert_eq!(world.state(), "classic Stable");
    world.restart();
    (world, ids)
}

#[test]
fn members_whose_sticky_assignor_sends_them_their_user_data_back_are_understood() {
    let (mut world, ids) = echoed();
    assert_eq!(world.consumer("new"), (4, vec![]), "the others have all");
    assert_eq!(
        world.emitted(),
        [
            "classic gone",
            "member a wants t",
            "member b wants t",
            "group Some(3)",
            "target of a Some([0, 1])",
            "target of b Some([2, 3])",
            "target Some(3)",
            "a epoch 3 after 3 state 0 has [0, 1] gives back []",
            "b epoch 3 after 3 state 0 has [2, 3] gives back []",
            "member new wants t",
            "group Some(4)",
            "target of b Some([2])",
            "target of new Some([3])",
            "target Some(4)",
            "new epoch 4 after 0 state 2 has [] gives back []",
        ]
    );
    let b = &ids[1];
    assert_eq!(world.beat(b, 3), ErrorCode::RebalanceInProgress);
    assert_eq!(world.enter(&cooperative(b, &[2, 3])), Ok((b.clone(), 3)));
    assert_eq!(world.sync(b, 3), Ok(vec![2]));
    assert_eq!(world.enter(&cooperative(b, &[2])), Ok((b.clone(), 4)));
    assert_eq!(world.says("new", 4, &[]), (4, Some(vec![3])));

    // In the middle of a rebalance members have said something newer than what the leader sent them back.
    let (mut world, ids) = echoed();
    world.join(&cooperative(&ids[0], &[0, 1]));
    assert_eq!(world.state(), "classic PreparingRebalance");
    assert_eq!(world.consumer("new").0, 4);
}

#[test]
fn a_static_member_that_takes_its_own_place_gets_what_nobody_had_yet() {
    let mut world = World::new(2);
    let id = world.enter(&range("").instance("i")).unwrap().0;
    world.sync_with(&id, 1, vec![(id.clone(), assignment(1, &[(TOPIC, &[0, 1])]))]);
    world.topics.grow(TOPIC, 4);
    let answer = world.send(as_instance("i", joins("new", &[TOPIC])));
    assert_eq!((answer.member_epoch, given(&answer)), (2, Some(vec![0, 1, 2, 3])));

    // Nothing has to be dealt out: the epoch stays.
    let mut world = World::new(2);
    let id = world.enter(&range("").instance("i")).unwrap().0;
    world.sync_with(&id, 1, vec![(id.clone(), assignment(1, &[(TOPIC, &[0, 1])]))]);
    let answer = world.send(as_instance("i", joins("new", &[TOPIC])));
    assert_eq!((answer.member_epoch, given(&answer)), (1, Some(vec![0, 1])));
    assert_eq!(world.beat_as(&id, Some("i"), 1), ErrorCode::FencedInstanceId);
}

#[test]
fn what_a_member_says_of_itself_stays() {
    let of = |instance: &'static str| {
        move |id: &str| {
            let protocols = vec![
                ("range", subscription(3, &["u", TOPIC], &[])),
                ("roundrobin", subscription(3, &["u", TOPIC], &[])),
            ];
            Join { protocols, ..range(id) }.instance(instance)
        }
    };
    let mut world = World::new(2);
    let id = world.enter(&of("i")("")).unwrap().0;
    let all = assignment(3, &[(TOPIC, &[0, 1]), ("unknown", &[0])]);
    world.sync_with(&id, 1, vec![(id.clone(), all)]);
    world.consumer("new");
    let described = world.groups.describe_consumer("g", &world.topics).unwrap();
    let member = described.members.iter().find(|member| member.member_id == id).unwrap();
    assert_eq!(member.instance_id.as_deref(), Some("i"));
    assert_eq!(member.subscribed_topic_names, ["t", "u"]);
    assert_eq!((member.client_id.as_str(), member.client_host.as_str()), ("client", "/192.0.2.1"));
    assert_eq!((member.member_epoch, member.member_type), (1, 0));
    assert_eq!(member.assignment.topic_partitions.len(), 1, "of topics that exist");
    // A session is as long as it said, not as the broker says for the consumer protocol.
    world.wait(9_999);
    assert_eq!(world.groups.member_count(), 2);
    world.wait(1);
    assert_eq!(world.groups.member_count(), 1);
}

#[test]
fn a_group_in_the_middle_of_a_rebalance_is_told_to_begin_another_one() {
    let (mut world, ids, _) = World::new(2).classic(range, &[("a", &[0]), ("b", &[1])]);
    let joining = world.join(&range(&ids[0]));
    assert!(world.waits(joining));
    world.consumer("new");
    let told = world.joined(joining);
    assert_eq!((code(told.error_code), told.member_id), (ErrorCode::RebalanceInProgress, ids[0].clone()));
    assert_eq!(world.enter(&range(&ids[0])), Ok((ids[0].clone(), 3)));

    // The same for one who waits for what the leader says.
    let (mut world, ids, _) = World::new(2).classic(range, &[("a", &[0]), ("b", &[1])]);
    for id in &ids {
        world.join(&range(id));
    }
    let syncing = world.sync_with(&ids[1], 3, Vec::new());
    assert!(world.waits(syncing));
    world.consumer("new");
    assert_eq!(code(world.synced(syncing).error_code), ErrorCode::RebalanceInProgress);
    assert_eq!(world.beat(&ids[1], 3), ErrorCode::RebalanceInProgress);
    assert_eq!(world.enter(&range(&ids[1])), Ok((ids[1].clone(), 4)));
}

#[test]
fn a_group_that_never_had_a_generation_changes_too() {
    let mut world = World::new(2);
    world.config.initial_rebalance_delay_ms = 3_000;
    let id = world.told(&range(""));
    let joining = world.join(&range(&id));
    assert!(world.waits(joining));
    assert_eq!(world.consumer("new").0, 1);
    assert_eq!(code(world.joined(joining).error_code), ErrorCode::RebalanceInProgress);
    assert_eq!(world.enter(&range(&id)), Ok((id.clone(), 1)));
    assert_eq!(world.groups.member_count(), 2);
}

#[test]
fn the_policy_decides_and_a_refusal_changes_nothing() {
    for (policy, upgrades) in [(Bidirectional, true), (Upgrade, true), (Downgrade, false), (Disabled, false)]
    {
        let (mut world, ids, _) = World::new(2).policy(policy).classic(range, &[("a", &[0, 1])]);
        let answer = world.send(joins("new", &[TOPIC]));
        let refused = code(answer.error_code) == ErrorCode::GroupIdNotFound;
        assert_eq!(refused, !upgrades, "{policy:?} {:?}", answer.error_message);
        if refused {
            assert!(answer.error_message.unwrap().contains("group.consumer.migration.policy"));
            assert_eq!(world.refused, [WhyRefused::Upgrade(NotUpgraded::NotAllowed)]);
            assert_eq!(world.emitted(), [""; 0]);
            assert_eq!((world.state().as_str(), world.beat(&ids[0], 1)), ("classic Stable", ErrorCode::None));
        }
    }
}

#[test]
fn groups_without_members_change_both_ways_whatever_the_policy() {
    let (mut world, ids, _) = World::new(2).policy(Disabled).classic(range, &[("a", &[0, 1])]);
    assert_eq!(world.leave(&[(&ids[0], None)]), [ErrorCode::None]);
    assert_eq!(world.state(), "classic Empty");
    // A member that may not join does not make it another group.
    assert_eq!(code(world.send(joins("", &[TOPIC])).error_code), ErrorCode::InvalidRequest);
    assert_eq!((world.state().as_str(), world.emitted()), ("classic Empty", vec![]));
    assert_eq!(world.consumer("new"), (1, vec![0, 1]));
    assert_eq!(world.emitted()[0], "classic gone");
    assert_eq!(world.state(), "consumer Stable");
    world.send(says("new", -1));
    assert_eq!(world.state(), "consumer Empty");
    assert_eq!(world.enter(&range("stranger")), Err(ErrorCode::UnknownMemberId));
    assert_eq!(world.state(), "consumer Empty");
    let id = world.told(&range(""));
    assert_eq!(world.enter(&range(&id)), Ok((id, 1)));
    assert_eq!(world.state(), "classic CompletingRebalance");
}

#[test]
fn only_a_group_of_consumers_that_can_be_understood_changes() {
    let refusal = |world: &mut World| {
        let answer = world.send(joins("new", &[TOPIC]));
        assert_eq!(code(answer.error_code), ErrorCode::GroupIdNotFound);
        assert_eq!((world.emitted(), world.state().as_str()), (vec![], "classic Stable"));
        assert!(matches!(&world.refused[..], [WhyRefused::Upgrade(_)]), "{:?}", world.refused);
        answer.error_message.unwrap()
    };
    let (mut world, _, _) = World::new(2).classic(range, &[("a", &[0]), ("b", &[1])]);
    world.config.consumer_max_size = 1;
    assert!(refusal(&mut world).contains("group.consumer.max.size"));

    let garbage =
        |id: &str| Join { protocols: vec![("range", bytes::Bytes::from_static(b"\0"))], ..range(id) };
    let (mut world, _, _) = World::new(2).classic(garbage, &[("a", &[0])]);
    assert!(refusal(&mut world).contains("is not what consumers say"));

    let (mut world, _, _) = World::new(2).classic(range, &[("a", &[0]), ("b", &[0, 1])]);
    assert!(refusal(&mut world).contains("the same partition"));

    let mut world = World::new(2);
    let id = world.told(&range(""));
    world.join(&range(&id));
    let mut own = assignment(1, &[(TOPIC, &[0])]).to_vec();
    let at = own.len() - 4;
    own.splice(at.., [0, 0, 0, 1, 7]);
    world.sync_with(&id, 1, vec![(id.clone(), own.into())]);
    assert!(refusal(&mut world).contains("an assignor of their own"));

    let worker = |id: &str| Join { protocol_type: "connect", ..range(id) };
    let (mut world, _, _) = World::new(2).classic(worker, &[("a", &[0])]);
    assert!(refusal(&mut world).contains("no consumers"));
}

#[test]
fn a_member_that_is_refused_for_another_reason_does_not_change_the_group() {
    let (mut world, ids, _) = World::new(2).classic(range, &[("a", &[0, 1])]);
    let mut wrong = joins("new", &[TOPIC]);
    wrong.subscribed_topic_regex = Some("(".to_owned());
    assert_eq!(code(world.send(wrong).error_code), ErrorCode::InvalidRegularExpression);
    assert_eq!(world.refused, []);
    assert_eq!((world.emitted(), world.state().as_str()), (vec![], "classic Stable"));
    assert_eq!(world.beat(&ids[0], 1), ErrorCode::None);
    assert_eq!(code(world.send(says("new", 3)).error_code), ErrorCode::GroupIdNotFound, "it does not join");
}

#[test]
fn nobody_gets_what_a_member_has_whose_join_was_answered_when_the_last_one_away_was_lost() {
    // All sessions end at the same time, as after a load. One member waits for the other, which is never heard of again.
    let shares: &[(&str, &[i32])] = &[("away", &[0, 1, 2]), ("waits", &[3, 4, 5])];
    let (mut world, ids, _) = World::new(6).classic(|id| cooperative(id, &[]), shares);
    let waits = ids[1].as_str();
    let ticket = world.join(&cooperative(waits, &[3, 4, 5]));
    world.wait(SESSION_MS);
    assert_eq!(
        (code(world.joined(ticket).error_code), world.joined(ticket).generation_id),
        (ErrorCode::None, 3)
    );
    assert_eq!(world.consumer("new"), (4, vec![0, 1, 2]));
    let sync = world.sync_with(waits, 3, Vec::new());
    assert_eq!(code(world.synced(sync).error_code), ErrorCode::RebalanceInProgress);
    assert_eq!(world.enter(&cooperative(waits, &[3, 4, 5])), Ok((waits.to_owned(), 4)));
    assert_eq!(world.sync(waits, 4), Ok(vec![3, 4, 5]));
}

#[test]
fn nobody_gets_what_a_member_has_that_waited_for_a_leader_that_was_lost() {
    let shares: &[(&str, &[i32])] = &[("leader", &[0, 1, 2]), ("waits", &[3, 4, 5])];
    let (mut world, ids, _) = World::new(6).classic(|id| cooperative(id, &[]), shares);
    let (leader, waits) = (ids[0].as_str(), ids[1].as_str());
    world.join(&cooperative(leader, &[0, 1, 2]));
    world.join(&cooperative(waits, &[3, 4, 5]));
    let ticket = world.sync_with(waits, 3, Vec::new());
    world.wait(SESSION_MS);
    assert_eq!(code(world.synced(ticket).error_code), ErrorCode::RebalanceInProgress);
    assert_eq!(world.consumer("new"), (4, vec![0, 1, 2]));
    assert_eq!(world.enter(&cooperative(waits, &[3, 4, 5])), Ok((waits.to_owned(), 4)));
    assert_eq!(world.sync(waits, 4), Ok(vec![3, 4, 5]));
}

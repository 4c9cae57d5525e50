//! From the consumer protocol to the classic one.

use klamm_model::ErrorCode;
use klamm_wire::messages::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;

use super::world::{Join, SESSION_MS, TOPIC, World, code, cooperative, range};
use crate::MigrationPolicy::{Bidirectional, Disabled, Downgrade, Upgrade};
use crate::consumer::tests::world::{as_instance, joins, says};
use crate::{NotDowngraded, NotJoined, WhyRefused};

/// Two classic members and one of the consumer protocol, and everybody has what it is to have, in epoch 3.
fn mixed(world: World) -> (World, Vec<String>) {
    let (mut world, ids, _) = world.classic(range, &[("a", &[0, 1, 2]), ("b", &[3, 4, 5])]);
    world.consumer("new");
    for id in &ids {
        assert_eq!(world.enter(&range(id)), Ok((id.clone(), 3)));
        world.sync(id, 3).unwrap();
    }
    assert_eq!(world.says("new", 3, &[]), (3, Some(vec![2, 5])));
    assert_eq!(world.state(), "consumer Stable");
    (world, ids)
}

fn gone() -> Vec<String> {
    let members = ["a", "b", "new"];
    let of = |what: fn(&str) -> String| members.map(what);
    let mut gone = of(|id| format!("current of {id} gone")).to_vec();
    gone.extend(of(|id| format!("target of {id} None")));
    gone.push("target None".to_owned());
    gone.extend(of(|id| format!("member {id} gone")));
    gone.push("group None".to_owned());
    gone
}

#[test]
fn the_last_member_of_the_consumer_protocol_leaves_and_the_others_are_a_classic_group() {
    let (mut world, ids) = mixed(World::new(6));
    let left = world.send(says("new", -1));
    assert_eq!((code(left.error_code), left.member_epoch), (ErrorCode::None, -1));
    let mut wanted = gone();
    wanted.push("classic 3 led by nobody: a+b".to_owned());
    assert_eq!(world.emitted(), wanted);
    assert_eq!(world.state(), "classic PreparingRebalance");
    for id in &ids {
        assert_eq!(world.beat(id, 3), ErrorCode::RebalanceInProgress);
    }
    let first = world.join(&range(&ids[0]));
    assert!(world.waits(first), "a classic group waits for all");
    world.join(&range(&ids[1]));
    let joined = world.joined(first);
    assert_eq!((joined.generation_id, &joined.leader, joined.members.len()), (4, &ids[0], 2));
    assert_eq!(world.state(), "classic CompletingRebalance");
}

#[test]
fn a_broker_that_starts_again_in_the_middle_has_them_rejoin() {
    let (mut world, ids) = mixed(World::new(6));
    world.send(says("new", -1));
    world.restart();
    assert_eq!(world.state(), "classic PreparingRebalance");
    assert_eq!(world.beat(&ids[0], 3), ErrorCode::RebalanceInProgress);
    world.join(&range(&ids[0]));
    // The other one is gone: it is waited for no longer than its session.
    world.wait(SESSION_MS - 1);
    assert_eq!((world.groups.member_count(), world.state().as_str()), (2, "classic PreparingRebalance"));
    world.wait(1);
    assert_eq!(world.emitted(), [""; 0]);
    assert_eq!((world.groups.member_count(), world.state().as_str()), (1, "classic CompletingRebalance"));
}

#[test]
fn who_is_lost_or_made_to_leave_has_left() {
    let (mut world, ids) = mixed(World::new(6));
    let mut epoch = 3;
    for _ in 0..6 {
        world.wait(8_000);
        for id in &ids {
            if world.state().starts_with("consumer") {
                assert_eq!(world.beat(id, epoch), ErrorCode::None);
            }
        }
        epoch = 3;
    }
    assert_eq!(world.state(), "classic PreparingRebalance", "45 s without a sign of life");

    let (mut world, _) = mixed(World::new(6));
    assert_eq!(world.leave(&[("new", None)]), [ErrorCode::None], "an operator names it");
    assert_eq!(world.state(), "classic PreparingRebalance");
}

#[test]
fn the_policy_decides_and_the_group_lives_on_without_it() {
    for (policy, downgrades) in
        [(Bidirectional, true), (Upgrade, false), (Downgrade, true), (Disabled, false)]
    {
        let (mut world, ids) = mixed(World::new(6));
        world.config.consumer_migration_policy = policy;
        world.send(says("new", -1));
        assert_eq!(world.state().starts_with("classic"), downgrades, "{policy:?}");
        if downgrades {
            continue;
        }
        assert_eq!(world.emitted().last().unwrap(), "group Some(4)");
        assert_eq!(world.refused, [WhyRefused::Downgrade(NotDowngraded::NotAllowed)]);
        assert_eq!(world.beat(&ids[0], 3), ErrorCode::RebalanceInProgress, "{policy:?}");
        let rejoined = world.enter(&range(&ids[0]));
        if policy == Disabled {
            assert_eq!(rejoined, Err(ErrorCode::InconsistentGroupProtocol));
            assert_eq!(world.refused, [WhyRefused::Join(NotJoined::NotAllowed)]);
            continue;
        }
        assert_eq!(rejoined, Ok((ids[0].clone(), 4)));
        assert_eq!(world.enter(&range(&ids[1])), Ok((ids[1].clone(), 4)));
        let all = [world.sync(&ids[0], 4).unwrap(), world.sync(&ids[1], 4).unwrap()].concat();
        assert_eq!(all.len(), 6);
        // The setting is another one after a start: it counts when the next member goes.
        world.config.consumer_migration_policy = Downgrade;
        assert_eq!(world.leave(&[(&ids[0], None)]), [ErrorCode::None]);
        assert_eq!(world.state(), "classic PreparingRebalance");
    }
}

#[test]
fn a_group_that_would_be_too_large_or_empty_stays() {
    let (mut world, _) = mixed(World::new(6));
    world.config.max_size = 1;
    world.send(says("new", -1));
    assert_eq!(world.state(), "consumer Assigning");
    assert_eq!(world.refused, [WhyRefused::Downgrade(NotDowngraded::TooLarge)]);
    let mut world = World::new(6);
    world.consumer("new");
    world.send(says("new", -1));
    assert_eq!((world.state().as_str(), world.refused.len()), ("consumer Empty", 0));
}

#[test]
fn two_members_of_the_consumer_protocol_are_one_too_many() {
    let (mut world, ids) = mixed(World::new(6));
    world.consumer("second");
    world.send(says("new", -1));
    assert_eq!(world.state(), "consumer Assigning");
    assert_eq!(world.leave(&[("second", None), (&ids[0], None)]), [ErrorCode::None; 2], "both at once");
    assert_eq!((world.state().as_str(), world.groups.member_count()), ("classic PreparingRebalance", 1));
}

/// A static member of the consumer protocol, and a classic one, in epoch 2; with what the classic one is to be called.
fn with_static() -> (World, String) {
    let (mut world, ids, _) = World::new(4).classic(range, &[("a", &[0, 1, 2, 3])]);
    let answer = world.send(as_instance("i", joins("static", &[TOPIC])));
    assert_eq!(answer.member_epoch, 2);
    assert_eq!(world.enter(&range(&ids[0])), Ok((ids[0].clone(), 2)));
    assert_eq!(world.sync(&ids[0], 2), Ok(vec![0, 1]));
    (world, ids[0].clone())
}

#[test]
fn a_static_member_that_comes_back_as_a_classic_one_disturbs_nobody() {
    for version in [5, 9] {
        let (mut world, a) = with_static();
        world.send(as_instance("i", says("static", 2)));
        world.send(as_instance("i", says("static", -2)));
        let ticket = world.join(&Join { version, ..range("").instance("i") });
        let joined = world.joined(ticket);
        let id = joined.member_id.clone();
        assert_eq!((code(joined.error_code), joined.generation_id), (ErrorCode::None, 2));
        assert_eq!(joined.protocol_name.as_deref(), Some("range"));
        // A client of before version 9 that was called the leader would assign.
        let leads = version == 9;
        assert_eq!(
            (joined.skip_assignment, joined.leader == id, joined.members.len()),
            (leads, leads, if leads { 2 } else { 0 })
        );
        assert_eq!(world.state(), "classic Stable");
        assert_eq!(world.sync(&id, 2), Ok(vec![2, 3]), "what the one before had");
        assert_eq!(world.beat(&a, 2), ErrorCode::None);
        let before = as_instance("i", says("static", 2));
        assert_eq!(code(world.send(before).error_code), ErrorCode::GroupIdNotFound);
        world.restart();
        assert_eq!(world.state(), "classic Stable");
        assert_eq!(world.sync(&a, 2), Ok(vec![0, 1]));
    }
}

#[test]
fn a_static_member_that_comes_back_to_a_group_on_its_way_has_all_rejoin() {
    // The new member did not get its partitions yet.
    let (mut world, a) = with_static();
    let ticket = world.join(&Join { protocols: cooperative("", &[]).protocols, ..range("").instance("i") });
    assert_eq!(code(world.joined(ticket).error_code), ErrorCode::InconsistentGroupProtocol, "no common one");
    world.topics.grow(TOPIC, 6);
    let ticket = world.join(&range("").instance("i"));
    assert!(world.waits(ticket));
    assert_eq!(world.state(), "classic PreparingRebalance");
    world.restart();
    assert_eq!(world.state(), "classic PreparingRebalance");
    let refused = world.beat(&a, 2);
    assert_ne!(refused, ErrorCode::None, "{refused:?}");
}

#[test]
fn a_static_member_alone_comes_back_as_a_classic_one_and_deals_out_what_is_new() {
    for (grows, generation, skips) in [(false, 1, true), (true, 3, false)] {
        let mut world = World::new(2);
        world.send(as_instance("i", joins("static", &[TOPIC])));
        if grows {
            world.topics.grow(TOPIC, 3);
        }
        let ticket = world.join(&Join { version: 9, ..range("").instance("i") });
        let joined = world.joined(ticket);
        assert_eq!((joined.generation_id, joined.skip_assignment), (generation, skips));
        assert_eq!((&joined.leader, joined.members.len()), (&joined.member_id, 1));
        if skips {
            assert_eq!(world.sync(&joined.member_id, generation), Ok(vec![0, 1]));
        }
    }
}

#[test]
fn a_static_classic_member_that_comes_back_in_the_consumer_protocol_keeps_its_partitions() {
    let (mut world, a) = with_static();
    assert_eq!(world.enter(&range("").instance("s")).unwrap().1, 3);
    let id = world.groups.describe_consumer("g", &world.topics).unwrap();
    let id = id
        .members
        .iter()
        .find(|member| member.instance_id.as_deref() == Some("s"))
        .unwrap()
        .member_id
        .clone();
    assert_eq!(world.enter(&range(&a)), Ok((a.clone(), 3)));
    let has = world.sync(&id, 3).unwrap();
    let come_back = ConsumerGroupHeartbeatRequest { instance_id: Some("s".into()), ..joins("s2", &[TOPIC]) };
    let answer = world.send(come_back);
    assert_eq!((code(answer.error_code), answer.member_epoch), (ErrorCode::None, 3));
    assert_eq!(world.beat_as(&id, Some("s"), 3), ErrorCode::FencedInstanceId);
    assert_eq!(world.beat_as(&id, None, 3), ErrorCode::UnknownMemberId);
    assert!(has.iter().all(|p| super::world::given(&answer).unwrap().contains(p)), "{has:?} {answer:?}");
    assert_eq!(world.beat(&a, 3), ErrorCode::None, "nobody is disturbed");
}

#[test]
fn a_group_may_change_back_before_its_members_have_rejoined() {
    let (mut world, ids) = mixed(World::new(6));
    world.send(says("new", -1));
    assert_eq!(world.consumer("other"), (4, vec![2, 5]), "what nobody reads");
    assert_eq!(world.state(), "consumer Reconciling");
    for id in &ids {
        assert_eq!(world.beat(id, 3), ErrorCode::RebalanceInProgress);
        assert_eq!(world.enter(&range(id)), Ok((id.clone(), 4)));
        assert_eq!(world.sync(id, 4).unwrap().len(), 2);
    }
    assert_eq!(world.state(), "consumer Stable");
    world.restart();
}

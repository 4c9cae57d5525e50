//! Members that join, and what they give each other.

use klamm_model::{ErrorCode, TopicId};

use super::world::{World, joins, kinds, of_first, says};
use crate::Tick;

#[test]
fn the_first_member_gets_all_at_once() {
    let mut world = World::new(&[("t", 4)]);
    assert_eq!(world.join("a", &["t"]).gives(), (1, Some(vec![0, 1, 2, 3])));
    assert_eq!(
        kinds(&world.records),
        [
            "member a wants t",
            "group Some(1)",
            "target of a Some([0, 1, 2, 3])",
            "target Some(1)",
            "a epoch 1 after 0 state 0 has [0, 1, 2, 3] gives back []",
        ]
    );
    assert_eq!(world.group.state_name(), "Stable");
    assert_eq!(world.group.next_deadline(), Some(Tick(45_000)));
    assert!(world.group.is_subscribed("t") && !world.group.is_subscribed("u"));
}

#[test]
fn the_second_member_waits_until_the_first_has_given_back() {
    let mut world = World::new(&[("t", 4)]);
    world.join("a", &["t"]);
    assert_eq!(world.join("b", &["t"]).gives(), (2, Some(vec![])));
    assert_eq!(world.group.state_name(), "Reconciling");

    assert_eq!(world.beat("a", 1).gives(), (1, Some(vec![0, 1])));
    assert_eq!(kinds(&world.records), ["a epoch 1 after 1 state 1 has [0, 1] gives back [2, 3]"]);
    assert_eq!(world.beat("b", 2).gives(), (2, None), "a may still read them");
    assert_eq!(world.beat_with("a", 1, &[0, 1, 2]).gives(), (1, None), "2 is still there");

    assert_eq!(world.beat_with("a", 1, &[0, 1]).gives(), (2, None));
    assert_eq!(kinds(&world.records), ["a epoch 2 after 1 state 0 has [0, 1] gives back []"]);
    assert_eq!(world.beat("b", 2).gives(), (2, Some(vec![2, 3])));
    assert_eq!(world.group.state_name(), "Stable");
    assert_eq!(world.beat("b", 2).gives(), (2, None));
    assert_eq!(world.records, []);
}

#[test]
fn as_many_members_as_partitions_and_more() {
    for (members, sizes) in [(4, vec![1, 1, 1, 1]), (5, vec![0, 1, 1, 1, 1])] {
        let mut world = World::new(&[("t", 4)]);
        let names: Vec<String> = (0..members).map(|number| format!("m{number}")).collect();
        let mut have: Vec<(i32, Vec<i32>)> = Vec::new();
        for name in &names {
            let (epoch, partitions) = world.join(name, &["t"]).gives();
            have.push((epoch, partitions.unwrap()));
        }
        for _ in 0..4 {
            for (name, (epoch, owned)) in names.iter().zip(&mut have) {
                let answer = world.beat_with(name, *epoch, owned).gives();
                *epoch = answer.0;
                *owned = answer.1.unwrap_or_else(|| owned.clone());
            }
        }
        assert_eq!(world.group.state_name(), "Stable");
        let mut found: Vec<usize> = have.iter().map(|(_, owned)| owned.len()).collect();
        found.sort_unstable();
        assert_eq!(found, sizes);
    }
}

#[test]
fn new_partitions_are_noticed_with_the_next_heartbeat() {
    let mut world = World::new(&[("t", 2), ("other", 1)]);
    world.join("a", &["t"]);
    world.topics.grow("other", 5);
    assert_eq!(world.beat("a", 1).gives(), (1, None), "nobody wants that topic");
    assert_eq!(world.records, []);
    world.topics.grow("t", 3);
    assert_eq!(world.beat("a", 1).gives(), (2, Some(vec![0, 1, 2])));
    world.topics.delete("t");
    assert_eq!(world.beat("a", 2).gives(), (2, Some(vec![])));
    assert_eq!(world.beat_with("a", 2, &[]).gives(), (3, None));
    world.topics.create("t", 2);
    assert_eq!(world.beat_with("a", 3, &[]).gives(), (4, Some(vec![0, 1])));
}

#[test]
fn a_lost_answer_is_made_up_for() {
    let mut world = World::new(&[("t", 4)]);
    world.join("a", &["t"]);
    // The answer to the join was lost: it joins once more and gets the same.
    assert_eq!(world.join("a", &["t"]).gives(), (1, Some(vec![0, 1, 2, 3])));
    assert_eq!(world.records, []);
    world.topics.grow("t", 5);
    world.beat_with("a", 1, &[0, 1, 2, 3]);
    // The answer with epoch 2 was lost: it says all again in epoch 1, with less than it may have.
    let mut again = joins("a", &["t"]);
    (again.member_epoch, again.topic_partitions) = (1, Some(of_first(&[0, 1, 2, 3])));
    assert_eq!(world.send(1, again.clone()).gives(), (2, Some(vec![0, 1, 2, 3, 4])));
    // With partitions that are not its own, or two epochs behind, it is fenced.
    again.topic_partitions = Some(of_first(&[7]));
    assert_eq!(world.send(1, again).error(), ErrorCode::FencedMemberEpoch);
    assert_eq!(world.beat("a", 1).error(), ErrorCode::FencedMemberEpoch, "it does not say what it has");
    assert_eq!(world.beat("a", 3).error(), ErrorCode::FencedMemberEpoch);
}

#[test]
fn the_assignor_that_most_wish_is_taken() {
    let mut world = World::new(&[("t", 2), ("u", 2)]);
    for member in ["a", "b"] {
        let mut request = joins(member, &["t", "u"]);
        request.server_assignor = Some("range".to_owned());
        world.send(1, request);
    }
    let described = world.group.describe(&world.topics);
    assert_eq!((described.assignor_name.as_str(), described.members.len()), ("range", 2));
    for member in described.members {
        let topics = member.target_assignment.topic_partitions;
        assert_eq!(topics.iter().map(|topic| topic.partitions.len()).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(topics[0].partitions, topics[1].partitions, "to be joined");
        assert_eq!((topics[0].topic_name.as_str(), member.member_type), ("t", 1));
    }
}

#[test]
fn version_0_gets_an_id_in_kafkas_form() {
    let mut world = World::new(&[("t", 1)]);
    let answer = world.send(0, joins("", &["t"]));
    assert_eq!(answer.0.member_id.as_deref(), Some("AAAAAAAAAAAAAAAAAAAAAQ"));
    assert_eq!(world.send(0, says("AAAAAAAAAAAAAAAAAAAAAQ", 1)).gives(), (1, None));
}

#[test]
fn a_topic_less_is_given_back_before_the_epoch_is_reached() {
    let mut world = World::new(&[("t", 1), ("u", 1)]);
    assert_eq!(world.join("a", &["t", "u"]).gives(), (1, Some(vec![0, 0])));
    let mut less = says("a", 1);
    less.subscribed_topic_names = Some(vec!["t".to_owned()]);
    assert_eq!(world.send(1, less).gives(), (1, Some(vec![0])));
    assert_eq!(world.beat_with("a", 1, &[0]).gives(), (2, None));
}

#[test]
fn commits_need_the_epoch_or_a_partition_held_since_then() {
    let mut world = World::new(&[("t", 2)]);
    let topic = TopicId::from_bytes([1; 16]);
    assert_eq!(
        world.group.check_commit("", None, -1, 9),
        Ok(()),
        "of anybody, as long as the group is empty"
    );
    world.join("a", &["t"]);
    world.topics.grow("t", 3);
    world.beat("a", 1);
    let check = |member, epoch, version| world.group.check_commit(member, None, epoch, version);
    assert_eq!(check("a", 2, 9), Ok(()));
    assert_eq!(check("a", 2, 8), Err(ErrorCode::UnsupportedVersion));
    assert_eq!(check("a", 1, 9), Err(ErrorCode::StaleMemberEpoch));
    assert_eq!(check("a", 3, 9), Err(ErrorCode::StaleMemberEpoch));
    assert_eq!(check("b", 2, 9), Err(ErrorCode::UnknownMemberId));
    assert_eq!(check("", -1, 9), Err(ErrorCode::UnknownMemberId));
    let of = |epoch, partition| world.group.check_commit_partition("a", epoch, 9, topic, partition);
    assert_eq!((of(1, 0), of(2, 2)), (Ok(()), Ok(())));
    assert_eq!(of(1, 2), Err(ErrorCode::StaleMemberEpoch), "it has 2 since epoch 2 only");
    assert_eq!(of(3, 0), Err(ErrorCode::StaleMemberEpoch));
    assert_eq!(world.group.check_fetch(None, -1), Ok(()));
    assert_eq!(world.group.check_fetch(Some("a"), 2), Ok(()));
    assert_eq!(world.group.check_fetch(Some("a"), 1), Err(ErrorCode::StaleMemberEpoch));
    assert_eq!(world.group.check_fetch(Some("b"), 2), Err(ErrorCode::UnknownMemberId));
}

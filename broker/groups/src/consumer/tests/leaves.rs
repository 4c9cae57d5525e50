//! Members that leave, are lost, or come back.

use klamm_model::{ErrorCode, TopicId};

use super::world::{World, as_instance, joins, kinds, says};
use crate::Effects;
use crate::consumer::ConsumerGroup;
use crate::records::{CurrentAssignmentPartitions, CurrentAssignmentValue, GroupRecord};

/// Two members of a topic with four partitions, each with two of them, in epoch 2.
fn two() -> World {
    let mut world = World::new(&[("t", 4)]);
    world.join("a", &["t"]);
    world.join("b", &["t"]);
    world.beat("a", 1);
    world.beat_with("a", 1, &[0, 1]);
    assert_eq!(world.beat("b", 2).gives(), (2, Some(vec![2, 3])));
    world
}

#[test]
fn who_leaves_frees_its_partitions_at_once() {
    let mut world = two();
    assert_eq!(world.beat("b", -1).gives(), (-1, None));
    assert_eq!(
        kinds(&world.records),
        ["current of b gone", "target of b None", "member b gone", "group Some(3)"]
    );
    assert_eq!(world.group.state_name(), "Assigning");
    assert_eq!(world.beat("a", 2).gives(), (3, Some(vec![0, 1, 2, 3])));
    world.beat("a", -1);
    assert_eq!((world.group.state_name(), world.group.next_deadline()), ("Empty", None));
    assert_eq!(world.beat("a", 3).error(), ErrorCode::UnknownMemberId);
}

#[test]
fn who_is_silent_is_removed_after_its_session() {
    let mut world = two();
    world.wait(44_999);
    assert_eq!(world.records, []);
    world.beat("a", 2);
    world.wait(1);
    assert_eq!(kinds(&world.records)[2], "member b gone");
    assert_eq!(world.beat("b", 2).error(), ErrorCode::UnknownMemberId);
    assert_eq!(world.beat("a", 2).gives(), (3, Some(vec![0, 1, 2, 3])));
}

#[test]
fn who_does_not_give_back_in_time_is_removed() {
    let mut world = two();
    world.join("c", &["t"]);
    assert_eq!(world.beat("b", 2).gives(), (2, Some(vec![2])), "it has to give 3 back");
    for left in [3, 2] {
        world.wait(30_000);
        assert_eq!(world.group.member_count(), left);
        world.alive(&["a", "b", "c"]);
    }
    assert_eq!(world.beat("b", 2).error(), ErrorCode::UnknownMemberId, "it lived, but gave nothing back");
    world.wait(44_999);
    assert_eq!(world.group.member_count(), 2);
}

#[test]
fn giving_back_in_time_ends_the_deadline() {
    let mut world = two();
    world.join("c", &["t"]);
    world.beat("b", 2);
    world.wait(30_000);
    world.alive(&["a", "b", "c"]);
    assert_eq!(world.group.next_deadline(), Some(world.now.tick.after(30_000)), "b's, to give 3 back");
    assert_eq!(world.beat_with("b", 2, &[2]).gives().0, 3);
    assert_eq!(world.group.next_deadline(), Some(world.now.tick.after(45_000)), "sessions only");
    for _ in 0..4 {
        world.wait(30_000);
        world.alive(&["a", "b", "c"]);
    }
    assert_eq!((world.group.member_count(), world.group.state_name()), (3, "Stable"));
}

#[test]
fn a_static_member_that_comes_back_gets_its_partitions() {
    let mut world = two();
    world.send(1, as_instance("i", joins("s1", &["t"])));
    world.beat("a", 2);
    world.beat("b", 2);
    world.beat_with("b", 2, &[2]);
    let before = world.send(1, as_instance("i", says("s1", 3))).gives();
    assert_eq!(world.send(1, as_instance("i", joins("s2", &["t"]))).error(), ErrorCode::UnreleasedInstanceId);
    assert_eq!(world.send(1, as_instance("i", says("s1", -2))).gives(), (-2, None));
    assert_eq!(kinds(&world.records), ["s1 epoch -2 after 3 state 0 has [3] gives back []"]);
    assert_eq!(before, (3, Some(vec![3])));
    let epoch = world.group.epoch();
    assert_eq!(world.send(1, as_instance("i", joins("s2", &["t"]))).gives(), (3, before.1));
    assert_eq!(world.group.epoch(), epoch, "nobody else notices");
    assert_eq!(
        kinds(&world.records),
        [
            "current of s1 gone",
            "target of s1 None",
            "member s1 gone",
            "member s2 wants t",
            "target of s2 Some([3])",
            "s2 epoch 0 after 0 state 0 has [3] gives back []",
            "s2 epoch 3 after 0 state 0 has [3] gives back []",
        ]
    );
    assert_eq!(world.send(1, as_instance("i", says("s1", 3))).error(), ErrorCode::FencedInstanceId);
    assert_eq!(world.send(1, as_instance("j", says("s1", 3))).error(), ErrorCode::UnknownMemberId);
    world.restart();
    assert_eq!(world.send(1, as_instance("i", says("s2", 3))).gives(), (3, None));
}

#[test]
fn a_static_member_that_does_not_come_back_is_removed() {
    let mut world = World::new(&[("t", 1)]);
    world.send(1, as_instance("i", joins("s1", &["t"])));
    world.send(1, as_instance("i", says("s1", -2)));
    world.wait(45_000);
    assert!(world.group.is_empty());
    assert_eq!(world.send(1, as_instance("i", joins("s2", &["t"]))).gives(), (3, Some(vec![0])));
    assert_eq!(world.send(1, as_instance("i", says("s2", -1))).gives(), (-1, None));
    assert!(world.group.is_empty());
}

#[test]
fn sessions_start_anew_when_the_group_is_loaded() {
    let mut world = two();
    world.later(40_000);
    world.restart();
    assert_eq!(world.group.next_deadline(), Some(world.now.tick), "the settings are needed");
    world.wait(0);
    assert_eq!(world.records, []);
    world.wait(44_999);
    assert_eq!(world.group.member_count(), 2);
    world.wait(1);
    assert!(world.group.is_empty());
}

#[test]
fn a_member_that_is_gone_has_nothing_even_if_only_one_record_says_so() {
    let mut world = two();
    let (group_id, member_id) = ("g".to_owned(), "b".to_owned());
    let gone = GroupRecord::ConsumerGroupMember { group_id, member_id, value: None };
    world.group.replay(&gone, world.now);
    world.topics.grow("t", 5);
    assert_eq!(world.beat("a", 2).gives(), (3, Some(vec![0, 1, 2, 3, 4])));
}

#[test]
fn a_partition_is_its_new_owners_even_if_the_log_forgot_that_it_was_given_back() {
    let mut world = two();
    let has = |member: &str, partitions: &[i32]| {
        let partitions = CurrentAssignmentPartitions {
            topic_id: TopicId::from_bytes([1; 16]),
            partitions: partitions.to_vec(),
            assignment_epochs: None,
        };
        GroupRecord::CurrentAssignment {
            group_id: "g".to_owned(),
            member_id: member.to_owned(),
            value: Some(CurrentAssignmentValue {
                member_epoch: 2,
                previous_member_epoch: 1,
                state: 0,
                assigned_partitions: vec![partitions],
                partitions_pending_revocation: vec![],
            }),
        }
    };
    for record in [has("b", &[1, 2, 3]), has("a", &[0])] {
        world.group.replay(&record, world.now);
    }
    world.topics.grow("t", 5);
    assert_eq!(world.beat("a", 2).gives(), (3, Some(vec![0, 4])), "1 is b's");
}

#[test]
fn a_deleted_group_leaves_nothing() {
    let mut world = two();
    assert_eq!(world.group.check_delete(), Err(ErrorCode::NonEmptyGroup));
    world.beat("a", -1);
    world.beat("b", -1);
    assert_eq!(world.group.check_delete(), Ok(()));
    let mut effects = Effects::default();
    world.group.delete(&mut effects);
    assert_eq!(kinds(&effects.records), ["target None", "group None"]);
    let mut full = two();
    let mut effects = Effects::default();
    full.group.delete(&mut effects);
    for record in &effects.records {
        full.group.replay(record, full.now);
    }
    let blank = ConsumerGroup { target_epoch: -1, ..ConsumerGroup::new("g".to_owned()) };
    assert_eq!(super::world::lasting(&full.group), super::world::lasting(&blank));
}

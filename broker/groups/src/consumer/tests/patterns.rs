//! Subscriptions by a regular expression.

use klamm_model::ErrorCode;
use klamm_wire::messages::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;

use super::world::{World, as_instance, joins, kinds, says};

fn wants(member: &str, pattern: &str) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest {
        subscribed_topic_names: None,
        subscribed_topic_regex: Some(pattern.to_owned()),
        ..joins(member, &[])
    }
}

#[test]
fn an_expression_stands_for_the_topics_that_it_matches() {
    let mut world = World::new(&[("ab", 2), ("abc", 1), ("xab", 1)]);
    assert_eq!(world.send(1, wants("a", "ab.*")).gives(), (1, Some(vec![0, 1, 0])));
    assert_eq!(
        kinds(&world.records)[..3],
        ["member a wants ", "pattern ab.* Some(\"ab+abc\")", "group Some(1)"]
    );
    assert!(world.group.is_subscribed("abc") && !world.group.is_subscribed("xab"));
    world.restart();
    assert_eq!(world.beat("a", 1).gives(), (1, None));
    assert_eq!(world.beat("a", -1).gives(), (-1, None));
    assert_eq!(kinds(&world.records)[3..], ["pattern ab.* None", "group Some(2)"]);
}

#[test]
fn new_topics_are_found_but_not_looked_for_all_the_time() {
    let mut world = World::new(&[("t1", 1)]);
    world.send(1, wants("a", "t.*"));
    world.topics.create("t2", 1);
    world.wait(10_000);
    assert_eq!(world.beat("a", 1).gives(), (1, None));
    world.wait(1);
    assert_eq!(world.beat("a", 1).gives(), (2, Some(vec![0, 0])));
    world.wait(40_000);
    assert_eq!(world.beat("a", 2).gives(), (2, None));
    assert_eq!(world.records, [], "nothing is new");
    world.config.consumer_regex_refresh_interval_ms = 30_000;
    world.beat("a", 2);
    assert_eq!(kinds(&world.records), ["pattern t.* Some(\"t1+t2\")"]);
}

#[test]
fn another_expression_takes_the_place_of_the_first() {
    let mut world = World::new(&[("t", 1), ("u", 1)]);
    world.send(1, wants("a", "t"));
    let change = |pattern: &str, epoch| ConsumerGroupHeartbeatRequest {
        subscribed_topic_regex: Some(pattern.to_owned()),
        ..says("a", epoch)
    };
    world.send(1, change("u", 1));
    assert_eq!(
        kinds(&world.records),
        [
            "member a wants ",
            "pattern t None",
            "pattern u Some(\"u\")",
            "group Some(2)",
            "target of a Some([0])",
            "target Some(2)",
            "a epoch 1 after 1 state 1 has [] gives back [0]",
        ]
    );
    assert_eq!(world.beat_with("a", 1, &[]).gives(), (2, Some(vec![0])));
    world.send(1, change("", 2));
    assert_eq!(world.beat_with("a", 2, &[]).gives(), (3, None));
    assert!(world.group.patterns.is_empty());
}

#[test]
fn a_wrong_expression_is_refused_and_changes_nothing() {
    let mut world = World::new(&[("t", 1)]);
    assert_eq!(world.send(1, wants("a", "(")).error(), ErrorCode::InvalidRegularExpression);
    assert_eq!(world.log, []);
    world.send(1, as_instance("i", joins("s1", &["t"])));
    world.send(1, as_instance("i", says("s1", -2)));
    let before = super::world::lasting(&world.group);
    assert_eq!(
        world.send(1, as_instance("i", wants("s2", "["))).error(),
        ErrorCode::InvalidRegularExpression
    );
    assert_eq!(super::world::lasting(&world.group), before, "also if it would take a static member's place");
}

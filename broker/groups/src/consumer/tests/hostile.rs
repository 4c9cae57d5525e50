//! Clients that say anything at any time: the coordinator stays in one piece.

use std::collections::BTreeSet;

use klamm_model::ErrorCode;
use klamm_wire::messages::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;
use proptest::prelude::*;

use super::world::{GROUP, World, of_first};

#[derive(Debug, Clone)]
enum Event {
    Send(i16, ConsumerGroupHeartbeatRequest),
    Wait(i32),
    Restart,
    Grow,
}

fn text(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(of).prop_map(str::to_owned)
}

fn request() -> impl Strategy<Value = ConsumerGroupHeartbeatRequest> {
    let partitions = prop::collection::vec(-1_i32..6, 0..4);
    let names = prop::collection::vec(text(&["t", "u", "none"]), 0..3);
    (
        text(&["a", "b", "c", ""]),
        prop_oneof![4 => -3_i32..8, 3 => Just(0)],
        prop::option::weighted(0.3, text(&["i", "j", ""])),
        prop::sample::select(vec![-1, -5, 0, 10_000]),
        prop::option::of(names),
        prop::option::weighted(0.3, text(&["t", "[tu]", "(", ""])),
        prop::option::weighted(0.2, text(&["range", "uniform", "sticky"])),
        prop_oneof![Just(None), Just(Some(Vec::new())), partitions.prop_map(|p| Some(of_first(&p)))],
    )
        .prop_map(
            |(member_id, member_epoch, instance_id, rebalance_timeout_ms, names, regex, assignor, owned)| {
                ConsumerGroupHeartbeatRequest {
                    group_id: GROUP.to_owned(),
                    member_id,
                    member_epoch,
                    instance_id,
                    rack_id: None,
                    rebalance_timeout_ms,
                    subscribed_topic_names: names,
                    subscribed_topic_regex: regex,
                    server_assignor: assignor,
                    topic_partitions: owned,
                }
            },
        )
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(
        prop_oneof![
            30 => (0_i16..2, request()).prop_map(|(version, request)| Event::Send(version, request)),
            4 => (0_i32..30_000).prop_map(Event::Wait),
            2 => Just(Event::Restart),
            1 => Just(Event::Grow),
        ],
        1..60,
    )
}

/// No partition is with two members, and each that somebody has is counted as taken by just that member.
fn assert_one_owner(world: &World) {
    let mut seen = BTreeSet::new();
    for (name, member) in &world.group.members {
        for epochs in [&member.current.assigned, &member.current.revoking] {
            for key in epochs.iter().flat_map(|(topic, partitions)| partitions.keys().map(|p| (*topic, *p))) {
                assert!(seen.insert(key), "{key:?} is with two members");
                assert_eq!(world.group.owners.get(&key), Some(name));
            }
        }
    }
    assert_eq!(seen.len(), world.group.owners.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_request_gives_a_partition_to_two_or_is_half_done(events in events()) {
        let mut world = World::new(&[("t", 4), ("u", 2)]);
        for event in events {
            match event {
                Event::Send(version, request) => {
                    if world.send(version, request).error() != ErrorCode::None {
                        prop_assert_eq!(&world.records, &[]);
                    }
                }
                Event::Wait(milliseconds) => world.wait(milliseconds),
                Event::Restart => world.restart(),
                Event::Grow => {
                    let partitions = world.group.epoch().unsigned_abs() % 4 + 4;
                    world.topics.grow("t", partitions);
                }
            }
            assert_one_owner(&world);
        }
        world.restart();
    }
}

//! Requests that are refused, and that change nothing.

use klamm_model::ErrorCode;
use klamm_wire::messages::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;

use super::world::{World, as_instance, joins, of_first, says};

#[test]
fn what_contradicts_itself_is_an_invalid_request() {
    let base = joins("a", &["t"]);
    let wrong: Vec<(i16, ConsumerGroupHeartbeatRequest)> = vec![
        (1, ConsumerGroupHeartbeatRequest { member_id: String::new(), ..base.clone() }),
        (0, ConsumerGroupHeartbeatRequest { member_id: String::new(), member_epoch: 1, ..base.clone() }),
        (0, ConsumerGroupHeartbeatRequest { member_id: String::new(), member_epoch: -1, ..base.clone() }),
        (1, ConsumerGroupHeartbeatRequest { group_id: " ".to_owned(), ..base.clone() }),
        (1, ConsumerGroupHeartbeatRequest { instance_id: Some(String::new()), ..base.clone() }),
        (1, ConsumerGroupHeartbeatRequest { rack_id: Some(String::new()), ..base.clone() }),
        (1, ConsumerGroupHeartbeatRequest { rebalance_timeout_ms: -1, ..base.clone() }),
        (1, ConsumerGroupHeartbeatRequest { topic_partitions: None, ..base.clone() }),
        (1, ConsumerGroupHeartbeatRequest { topic_partitions: Some(of_first(&[0])), ..base.clone() }),
        (1, ConsumerGroupHeartbeatRequest { subscribed_topic_names: None, ..base }),
        (1, says("a", -2)),
        (1, says("a", -3)),
    ];
    for (version, request) in wrong {
        let mut world = World::new(&[("t", 1)]);
        assert_eq!(world.send(version, request.clone()).error(), ErrorCode::InvalidRequest, "{request:?}");
        assert_eq!(world.log, []);
    }
}

#[test]
fn what_is_not_there_is_said_by_name() {
    let mut world = World::new(&[("t", 1)]);
    assert_eq!(world.beat("a", 1).error(), ErrorCode::GroupIdNotFound);
    let wish = |assignor: &str| ConsumerGroupHeartbeatRequest {
        server_assignor: Some(assignor.to_owned()),
        ..joins("a", &["t"])
    };
    assert_eq!(world.send(1, wish("sticky")).error(), ErrorCode::UnsupportedAssignor);
    world.config.consumer_assignors = vec!["range".to_owned()];
    assert_eq!(world.send(1, wish("uniform")).error(), ErrorCode::UnsupportedAssignor);
    assert_eq!(world.send(1, wish("range")).error(), ErrorCode::None);
    assert_eq!(world.beat("b", 1).error(), ErrorCode::UnknownMemberId);
    assert_eq!(world.beat("b", -1).error(), ErrorCode::UnknownMemberId);
    assert_eq!(world.send(1, as_instance("i", says("a", -1))).error(), ErrorCode::UnknownMemberId);
    assert_eq!(world.records, []);
}

#[test]
fn a_full_group_takes_only_those_that_it_has() {
    let mut world = World::new(&[("t", 1)]);
    world.config.consumer_max_size = 1;
    assert_eq!(world.join("a", &["t"]).error(), ErrorCode::None);
    assert_eq!(world.join("b", &["t"]).error(), ErrorCode::GroupMaxSizeReached);
    assert_eq!(world.join("a", &["t"]).error(), ErrorCode::None);
    assert_eq!(world.send(0, joins("", &["t"])).error(), ErrorCode::GroupMaxSizeReached);
}

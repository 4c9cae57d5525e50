//! What only the coordinator of several groups does.

use std::net::{IpAddr, Ipv4Addr};

use klamm_model::{TimestampMs, TopicId};
use klamm_wire::messages::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;

use crate::{Caller, Coordinator, Effects, GroupConfig, MemberIds, Now, Tick, Topics, Turn};

#[derive(Debug)]
struct NoTopics;

impl Topics for NoTopics {
    fn by_name(&self, _name: &str) -> Option<(TopicId, u32)> {
        None
    }

    fn by_id(&self, _id: TopicId) -> Option<(&str, u32)> {
        None
    }

    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(std::iter::empty())
    }

    fn version(&self) -> u64 {
        1
    }
}

struct Counted(u128);

impl MemberIds for Counted {
    fn next_id(&mut self) -> u128 {
        self.0 += 1;
        self.0
    }
}

fn now(tick: u64) -> Now {
    Now { time: TimestampMs(1_700_000_000_000 + tick as i64), tick: Tick(tick) }
}

/// Lets the groups take an event, with the settings of the broker.
fn turn(tick: u64, event: impl FnOnce(&mut Turn<'_>)) -> Effects {
    let (config, mut effects) = (GroupConfig::default(), Effects::default());
    event(&mut Turn { now: now(tick), config: &config, ids: &mut Counted(0), effects: &mut effects });
    effects
}

fn joining(group: &str) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest {
        group_id: group.to_owned(),
        member_id: format!("member-of-{group}"),
        rebalance_timeout_ms: 60_000,
        subscribed_topic_names: Some(vec!["topic".to_owned()]),
        topic_partitions: Some(Vec::new()),
        ..ConsumerGroupHeartbeatRequest::default()
    }
}

#[test]
fn after_a_load_members_have_the_time_that_their_group_gives_them() {
    let caller = Caller {
        api_version: 1,
        client_id: "client".to_owned(),
        client_host: IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    let mut before = Coordinator::default();
    let mut loaded = Coordinator::default();
    for group in ["usual", "patient"] {
        let effects = turn(0, |turn| {
            let answer = before.consumer_heartbeat(turn, &NoTopics, &caller, joining(group));
            assert_eq!(answer.error_code, 0, "{answer:?}");
        });
        for record in effects.records {
            loaded.replay(record, now(1_000));
        }
    }
    loaded.loaded(now(1_000));
    let config_of = |group: &str| GroupConfig {
        consumer_session_timeout_ms: if group == "patient" { 90_000 } else { 45_000 },
        ..GroupConfig::default()
    };
    let mut deadlines = Vec::new();
    while let Some(Tick(next)) = loaded.next_deadline() {
        turn(next, |turn| loaded.tick(turn, &NoTopics, &config_of));
        deadlines.push((next, loaded.member_count()));
    }
    assert_eq!(deadlines, [(1_000, 2), (46_000, 1), (91_000, 0)]);
}

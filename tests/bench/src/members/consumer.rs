//! A member in the consumer protocol (KIP-848).

use std::time::Duration;

use klamm_wire::messages::consumer_group_heartbeat::TopicPartitions;
use klamm_wire::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};

use super::{Board, Group, Heard, REBALANCE_TIMEOUT_MS, heard};
use crate::Result;
use crate::client::Client;

const VERSION: i16 = 1;
const JOIN: i32 = 0;
const LEAVE: i32 = -1;

struct Member<'a> {
    group: &'a Group,
    client: Client,
    id: String,
    epoch: i32,
    owned: Vec<i32>,
    /// It has not said yet what it reads now.
    has_news: bool,
    interval: Duration,
}

/// Lives until it is dismissed.
pub(super) fn live(group: &Group, number: usize, board: &Board) -> Result<()> {
    let mut member = Member {
        group,
        client: Client::connect(group.address)?,
        id: format!("{}-{number}", group.name),
        epoch: JOIN,
        owned: Vec::new(),
        has_news: true,
        interval: Duration::ZERO,
    };
    loop {
        let request = member.heartbeat();
        let answer = member.client.call(VERSION, &request)?;
        if let Heard::Well = heard(answer.error_code)? {
            member.take(answer)?;
            board.told(number, member.epoch, member.owned.len());
        }
        // As clients do, it confirms at once what it was told.
        let rest = if member.has_news { Duration::ZERO } else { member.interval };
        if board.rest(number, rest) {
            return member.leave();
        }
    }
}

impl Member<'_> {
    fn heartbeat(&mut self) -> ConsumerGroupHeartbeatRequest {
        let joins = self.epoch == JOIN;
        let owned = TopicPartitions { topic_id: self.group.topic_id, partitions: self.owned.clone() };
        let owned = if self.owned.is_empty() { Vec::new() } else { vec![owned] };
        ConsumerGroupHeartbeatRequest {
            group_id: self.group.name.clone(),
            member_id: self.id.clone(),
            member_epoch: self.epoch,
            rebalance_timeout_ms: if joins { REBALANCE_TIMEOUT_MS } else { -1 },
            subscribed_topic_names: joins.then(|| vec![self.group.topic.clone()]),
            // What has not changed is left out.
            topic_partitions: std::mem::take(&mut self.has_news).then_some(owned),
            ..ConsumerGroupHeartbeatRequest::default()
        }
    }

    fn take(&mut self, answer: ConsumerGroupHeartbeatResponse) -> Result<()> {
        self.epoch = answer.member_epoch;
        self.interval = Duration::from_millis(u64::try_from(answer.heartbeat_interval_ms)?);
        if let Some(assignment) = answer.assignment {
            let owned: Vec<i32> =
                assignment.topic_partitions.into_iter().flat_map(|topic| topic.partitions).collect();
            self.has_news = owned != self.owned;
            self.owned = owned;
        }
        Ok(())
    }

    fn leave(mut self) -> Result<()> {
        let request = ConsumerGroupHeartbeatRequest {
            group_id: self.group.name.clone(),
            member_id: self.id,
            member_epoch: LEAVE,
            ..ConsumerGroupHeartbeatRequest::default()
        };
        heard(self.client.call(VERSION, &request)?.error_code)?;
        Ok(())
    }
}

//! A member in the consumer protocol (KIP-848): the broker deals out the partitions.

use std::io;
use std::sync::{Arc, Mutex};

use klamm_faults::{Client, Ownership};
use klamm_model::{ErrorCode, TopicId};
use klamm_wire::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};

use super::group::{Group, away, is_away};
use super::{Member, SESSION_TIMEOUT_MS};
use crate::requests::error;

/// The epochs with which a member joins and leaves.
const JOIN: i32 = 0;
const LEAVE: i32 = -1;

#[derive(Debug)]
pub struct ConsumerMember {
    group: Arc<Group>,
    ownership: Arc<Mutex<Ownership>>,
    topic_id: TopicId,
    number: usize,
    lives: u32,
    id: String,
    epoch: i32,
    assigned: Vec<i32>,
    /// Heartbeats without an answer since the last one that has one.
    unanswered: u32,
    is_leaving: bool,
}

impl ConsumerMember {
    pub fn new(
        group: &Arc<Group>,
        ownership: &Arc<Mutex<Ownership>>,
        topic_id: TopicId,
        number: usize,
    ) -> ConsumerMember {
        let mut member = ConsumerMember {
            group: Arc::clone(group),
            ownership: Arc::clone(ownership),
            topic_id,
            number,
            lives: 0,
            id: String::new(),
            epoch: JOIN,
            assigned: Vec::new(),
            unanswered: 0,
            is_leaving: false,
        };
        member.be_born();
        member
    }

    fn be_born(&mut self) {
        self.lives += 1;
        self.id = format!("{}-{}-{}", self.group.name, self.number, self.lives);
        (self.epoch, self.is_leaving, self.unanswered) = (JOIN, false, 0);
    }

    /// A sign of life; all of it when it joins, and when an answer may be missing.
    fn heartbeat(&self) -> ConsumerGroupHeartbeatRequest {
        let says_all = self.epoch == JOIN || self.unanswered > 0;
        let owned = TopicPartitions { topic_id: self.topic_id, partitions: self.assigned.clone() };
        ConsumerGroupHeartbeatRequest {
            group_id: self.group.name.clone(),
            member_id: self.id.clone(),
            member_epoch: self.epoch,
            rebalance_timeout_ms: if says_all { SESSION_TIMEOUT_MS } else { -1 },
            subscribed_topic_names: says_all.then(|| vec![self.group.topic.clone()]),
            topic_partitions: Some(if self.assigned.is_empty() { Vec::new() } else { vec![owned] }),
            ..Default::default()
        }
    }

    fn heard(&mut self, answer: ConsumerGroupHeartbeatResponse) -> io::Result<()> {
        match error(answer.error_code) {
            ErrorCode::None => {}
            // Two answers that are missing can hide two epochs, of which the broker forgives one.
            ErrorCode::FencedMemberEpoch if self.unanswered > 1 => {
                self.give_up();
                self.epoch = JOIN;
                return Ok(());
            }
            code if is_away(code) => {
                self.unanswered += 1;
                return Err(away(code));
            }
            code => panic!("{}: {} in {} is told {code:?}", self.group.name, self.id, self.epoch),
        }
        self.unanswered = 0;
        self.epoch = answer.member_epoch;
        let mut ownership = self.ownership.lock().unwrap();
        let mut told = ownership.told(&self.id, self.epoch);
        if let Some(assignment) = answer.assignment {
            self.assigned =
                assignment.topic_partitions.into_iter().flat_map(|topic| topic.partitions).collect();
            told = told.and_then(|()| ownership.owns(&self.id, &self.assigned));
        }
        drop(ownership);
        if let Err(violation) = told {
            panic!("{}: {violation}", self.group.name);
        }
        Ok(())
    }

    fn give_up(&mut self) {
        self.assigned.clear();
        self.ownership.lock().unwrap().left(&self.id);
    }
}

impl Member for ConsumerMember {
    fn group(&self) -> &Arc<Group> {
        &self.group
    }

    fn live(&mut self, client: &mut Client) -> io::Result<()> {
        if self.is_leaving {
            self.leave(client)?;
        }
        let answer = client.ask(&self.heartbeat()).inspect_err(|_| self.unanswered += 1)?;
        self.heard(answer)
    }

    fn leave(&mut self, client: &mut Client) -> io::Result<()> {
        let is_again = self.is_leaving;
        // It may not know that it has joined.
        let has_joined = self.epoch != JOIN;
        self.is_leaving = true;
        self.give_up();
        let request = ConsumerGroupHeartbeatRequest {
            group_id: self.group.name.clone(),
            member_id: self.id.clone(),
            member_epoch: LEAVE,
            ..Default::default()
        };
        match error(client.ask(&request)?.error_code) {
            ErrorCode::None => {}
            ErrorCode::UnknownMemberId | ErrorCode::GroupIdNotFound if is_again || !has_joined => {}
            code if is_away(code) => return Err(away(code)),
            code => panic!("{}: {} can't leave: {code:?}", self.group.name, self.id),
        }
        self.be_born();
        Ok(())
    }

    fn identity(&self) -> (&str, i32) {
        (&self.id, self.epoch)
    }

    fn assigned(&self) -> &[i32] {
        &self.assigned
    }
}

//! Members that leave, of their own accord or because they are not heard of.

use klamm_model::ErrorCode;
use klamm_wire::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};

use super::ConsumerGroup;
use super::heartbeat::{check_holder, unknown_instance, unknown_member};
use super::member::Current;
use super::partitions::Epochs;
use super::timers::Expired;
use super::validate::{LEAVE_FOR_A_WHILE, Refusal};
use crate::records::GroupRecord;
use crate::{Topics, Turn};

impl ConsumerGroup {
    /// Removes members that were not heard of for the time of a session, and members that did not give partitions back in
    /// time.
    pub fn tick(&mut self, turn: &mut Turn<'_>, topics: &dyn Topics) {
        self.start_sessions(turn);
        while let Some(expired) = self.timers.pop(turn.now.tick) {
            match expired {
                Expired::Session(member_id) => self.fence(turn, topics, &member_id),
                Expired::Rebalance(member_id, epoch) => {
                    let member = self.members.get(&member_id);
                    if member.is_some_and(|member| member.current.epoch == epoch) {
                        self.fence(turn, topics, &member_id);
                    }
                }
            }
        }
    }

    pub(super) fn leave(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        request: &ConsumerGroupHeartbeatRequest,
    ) -> Result<ConsumerGroupHeartbeatResponse, Refusal> {
        let member_id = request.member_id.as_str();
        match &request.instance_id {
            None if self.members.contains_key(member_id) => self.fence(turn, topics, member_id),
            None => return Err(unknown_member(member_id)),
            Some(instance_id) => {
                let (holder, member) =
                    self.static_member(instance_id).ok_or_else(|| unknown_instance(instance_id))?;
                check_holder(holder, member_id, instance_id)?;
                if request.member_epoch == LEAVE_FOR_A_WHILE {
                    let away = Current {
                        epoch: LEAVE_FOR_A_WHILE,
                        revoking: Epochs::new(),
                        ..member.current.clone()
                    };
                    self.emit_current(turn, member_id, &away);
                } else {
                    self.fence(turn, topics, member_id);
                }
            }
        }
        Ok(ConsumerGroupHeartbeatResponse {
            throttle_time_ms: 0,
            error_code: ErrorCode::None.as_i16(),
            error_message: None,
            member_id: Some(request.member_id.clone()),
            member_epoch: request.member_epoch,
            heartbeat_interval_ms: 0,
            assignment: None,
        })
    }

    /// Removes a member and counts that. The others get its partitions with the next heartbeat of any of them.
    fn fence(&mut self, turn: &mut Turn<'_>, topics: &dyn Topics, member_id: &str) {
        let Some(member) = self.members.get(member_id) else { return };
        let pattern = member.pattern().map(str::to_owned);
        self.remove_member(turn, member_id);
        if let Some(pattern) = pattern
            && self.patterns.contains_key(&pattern)
            && self.members.values().all(|member| member.pattern() != Some(pattern.as_str()))
        {
            let group_id = self.group_id.clone();
            self.emit(turn, GroupRecord::RegularExpression { group_id, pattern, value: None });
        }
        let hash = self.subscription_hash(topics);
        self.bump_epoch(turn, hash);
    }

    /// Takes all records of a member back, in Kafka's order.
    pub(super) fn remove_member(&mut self, turn: &mut Turn<'_>, member_id: &str) {
        let (group_id, member_id) = (self.group_id.clone(), member_id.to_owned());
        let records = [
            GroupRecord::CurrentAssignment {
                group_id: group_id.clone(),
                member_id: member_id.clone(),
                value: None,
            },
            GroupRecord::TargetAssignmentMember {
                group_id: group_id.clone(),
                member_id: member_id.clone(),
                value: None,
            },
            GroupRecord::ConsumerGroupMember { group_id, member_id, value: None },
        ];
        for record in records {
            self.emit(turn, record);
        }
    }
}

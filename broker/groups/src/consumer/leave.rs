//! Members that leave, of their own accord or because they are not heard of.

use std::collections::BTreeSet;

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
use crate::classic::ClassicGroup;
use crate::records::GroupRecord;
use crate::{Topics, Turn, WhyRefused};

impl ConsumerGroup {
    /// Removes members that were not heard of for the time of a session, and members that did not give partitions back or
    /// join again in time. If the group becomes one of the classic protocol by that, it takes this one's place.
    pub fn tick(&mut self, turn: &mut Turn<'_>, topics: &dyn Topics) -> Option<ClassicGroup> {
        self.start_sessions(turn);
        while let Some(expired) = self.timers.pop(turn.now.tick) {
            let member_id = match expired {
                Expired::Session(member_id) | Expired::Rejoin(member_id) => member_id,
                Expired::Rebalance(member_id, epoch) => {
                    let member = self.members.get(&member_id);
                    if member.is_none_or(|member| member.current.epoch != epoch) {
                        continue;
                    }
                    member_id
                }
            };
            let classic = self.fence(turn, topics, &BTreeSet::from([member_id]));
            if classic.is_some() {
                return classic;
            }
        }
        None
    }

    pub(super) fn leave(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        request: &ConsumerGroupHeartbeatRequest,
    ) -> Result<(ConsumerGroupHeartbeatResponse, Option<ClassicGroup>), Refusal> {
        let member_id = request.member_id.as_str();
        let leaving = BTreeSet::from([request.member_id.clone()]);
        let classic = match &request.instance_id {
            None if self.members.contains_key(member_id) => self.fence(turn, topics, &leaving),
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
                    None
                } else {
                    self.fence(turn, topics, &leaving)
                }
            }
        };
        let response = ConsumerGroupHeartbeatResponse {
            throttle_time_ms: 0,
            error_code: ErrorCode::None.as_i16(),
            error_message: None,
            member_id: Some(request.member_id.clone()),
            member_epoch: request.member_epoch,
            heartbeat_interval_ms: 0,
            assignment: None,
        };
        Ok((response, classic))
    }

    /// Removes members and counts that. The others get their partitions with the next heartbeat of any of them; or the group
    /// becomes one of the classic protocol, if only members are left that speak it.
    pub(super) fn fence(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        leaving: &BTreeSet<String>,
    ) -> Option<ClassicGroup> {
        if !leaving.iter().any(|member_id| self.members.contains_key(member_id)) {
            return None;
        }
        match self.is_classic_without(leaving, turn.config) {
            Ok(true) => return Some(self.downgrade(turn, topics, leaving)),
            Ok(false) => {}
            Err(why) => turn.effects.refuse(&self.group_id, WhyRefused::Downgrade(why)),
        }
        let patterns: BTreeSet<String> = leaving
            .iter()
            .filter_map(|member_id| self.members.get(member_id)?.pattern().map(str::to_owned))
            .collect();
        for member_id in leaving {
            self.remove_member(turn, member_id);
        }
        for pattern in patterns {
            if self.patterns.contains_key(&pattern)
                && self.members.values().all(|member| member.pattern() != Some(pattern.as_str()))
            {
                let group_id = self.group_id.clone();
                self.emit(turn, GroupRecord::RegularExpression { group_id, pattern, value: None });
            }
        }
        let hash = self.subscription_hash(topics);
        self.bump_epoch(turn, hash);
        None
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

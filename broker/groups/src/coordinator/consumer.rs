//! Requests of the consumer protocol (KIP-848).

use klamm_model::ErrorCode;
use klamm_wire::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};

use super::{Coordinator, Group};
use crate::consumer::ConsumerGroup;
use crate::{Caller, Topics, Turn};

/// The epoch with which a member joins.
const JOINS: i32 = 0;

impl Coordinator {
    /// A member joins, lives on or leaves.
    pub fn consumer_heartbeat(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        caller: &Caller,
        request: ConsumerGroupHeartbeatRequest,
    ) -> ConsumerGroupHeartbeatResponse {
        let group_id = request.group_id.clone();
        let response = match self.consumer_group(turn, &group_id, request.member_epoch == JOINS) {
            Ok(group) => group.heartbeat(turn, topics, caller, request),
            Err((code, message)) => ConsumerGroupHeartbeatResponse {
                error_code: code.as_i16(),
                error_message: Some(message),
                ..ConsumerGroupHeartbeatResponse::default()
            },
        };
        self.forget_if_never_joined(&group_id);
        self.settle(&group_id, turn.now);
        response
    }

    fn consumer_group(
        &mut self,
        turn: &mut Turn<'_>,
        group_id: &str,
        joins: bool,
    ) -> Result<&mut ConsumerGroup, (ErrorCode, String)> {
        if group_id.trim().is_empty() {
            return Err((ErrorCode::InvalidRequest, "GroupId can't be empty.".to_owned()));
        }
        match self.groups.get(group_id) {
            Some(Group::Classic(group)) if group.is_empty() && joins => {
                // Its offsets stay, for the group of the consumer protocol that takes its name.
                group.delete(turn.effects);
                self.groups.remove(group_id);
            }
            Some(Group::Classic(_)) => {
                let message = format!("Group {group_id} has members of the classic protocol.");
                return Err((ErrorCode::GroupIdNotFound, message));
            }
            None if !joins => {
                return Err((ErrorCode::GroupIdNotFound, format!("Group {group_id} not found.")));
            }
            Some(Group::Consumer { .. }) | None => {}
        }
        let new = || Group::consumer(ConsumerGroup::new(group_id.to_owned()));
        match self.groups.entry(group_id.to_owned()).or_insert_with(new) {
            Group::Consumer { group, .. } => Ok(group),
            Group::Classic(_) => {
                Err((ErrorCode::GroupIdNotFound, format!("Group {group_id} is a classic group.")))
            }
        }
    }

    /// A group whose first member was refused does not stay.
    fn forget_if_never_joined(&mut self, group_id: &str) {
        let never = |group: &Group| matches!(group, Group::Consumer { group, .. } if group.epoch() == 0);
        if self.groups.get(group_id).is_some_and(never) {
            self.groups.remove(group_id);
        }
    }
}

//! Requests of the classic protocol.

use klamm_model::ErrorCode;
use klamm_wire::messages::heartbeat::HeartbeatRequest;
use klamm_wire::messages::join_group::{JoinGroupRequest, JoinGroupResponse};
use klamm_wire::messages::leave_group::{LeaveGroupRequest, LeaveGroupResponse};
use klamm_wire::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};

use super::{Coordinator, Group};
use crate::classic::ClassicGroup;
use crate::{Caller, Reply, Ticket, Topics, Turn};

impl Coordinator {
    /// A member joins, or joins again. The answer comes through `turn`'s effects, now or later.
    pub fn join(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        caller: &Caller,
        request: JoinGroupRequest,
        ticket: Ticket,
    ) {
        let group_id = request.group_id.clone();
        if let Some(Group::Consumer { group, .. }) = self.groups.get_mut(&group_id)
            && !group.is_empty()
        {
            let classic = group.classic_join(turn, topics, caller, &request, ticket);
            self.becomes(&group_id, classic);
            return self.settle(&group_id, turn.now);
        }
        // Only someone who is no member yet makes a group: whoever claims to be one was in a group that is gone.
        let newcomer = request.member_id.is_empty();
        match self.classic_to_join(turn, &group_id, newcomer) {
            Ok(group) => group.join(turn, caller, &request, ticket),
            Err(code) => {
                let refused = JoinGroupResponse {
                    error_code: code.as_i16(),
                    member_id: request.member_id,
                    ..JoinGroupResponse::default()
                };
                turn.effects.reply(ticket, Reply::Join(refused));
            }
        }
        self.settle(&group_id, turn.now);
    }

    fn classic_to_join(
        &mut self,
        turn: &mut Turn<'_>,
        group_id: &str,
        newcomer: bool,
    ) -> Result<&mut ClassicGroup, ErrorCode> {
        if group_id.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        let there = matches!(self.groups.get(group_id), Some(Group::Classic(_)));
        if !there && !newcomer {
            return Err(ErrorCode::UnknownMemberId);
        }
        if let Some(Group::Consumer { group, .. }) = self.groups.get(group_id) {
            // It has no members any more: the group goes, and the offsets stay.
            group.delete(turn.effects);
            self.groups.remove(group_id);
        }
        match self.new_classic(group_id, turn.now) {
            Group::Classic(group) => Ok(group),
            Group::Consumer { .. } => Err(ErrorCode::InconsistentGroupProtocol),
        }
    }

    /// A member asks for what it is to do, or, as the leader, says what all are. The answer comes through `turn`'s effects,
    /// now or later.
    pub fn sync(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        caller: &Caller,
        request: SyncGroupRequest,
        ticket: Ticket,
    ) {
        let group_id = request.group_id.clone();
        match self.of_member(&group_id) {
            Ok(Group::Classic(group)) => group.sync(turn, caller, request, ticket),
            Ok(Group::Consumer { group, .. }) => group.classic_sync(turn, topics, &request, ticket),
            Err(code) => {
                let refused = SyncGroupResponse { error_code: code.as_i16(), ..SyncGroupResponse::default() };
                turn.effects.reply(ticket, Reply::Sync(refused));
            }
        }
        self.settle(&group_id, turn.now);
    }

    /// A member's sign of life.
    pub fn heartbeat(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        request: &HeartbeatRequest,
    ) -> ErrorCode {
        let code = match self.of_member(&request.group_id) {
            Ok(Group::Classic(group)) => group.heartbeat(turn.now, request),
            Ok(Group::Consumer { group, .. }) => group.classic_heartbeat(turn, topics, request),
            Err(code) => code,
        };
        self.settle(&request.group_id, turn.now);
        code
    }

    /// Members leave.
    pub fn leave(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        caller: &Caller,
        request: LeaveGroupRequest,
    ) -> LeaveGroupResponse {
        let group_id = request.group_id.clone();
        let (response, classic) = match self.of_member(&group_id) {
            Ok(Group::Classic(group)) => (group.leave(turn, caller, request), None),
            Ok(Group::Consumer { group, .. }) => group.classic_leave(turn, topics, caller, request),
            Err(code) => {
                (LeaveGroupResponse { error_code: code.as_i16(), ..LeaveGroupResponse::default() }, None)
            }
        };
        self.becomes(&group_id, classic);
        self.settle(&group_id, turn.now);
        response
    }

    /// The group of a request by someone who says to be its member.
    fn of_member(&mut self, group_id: &str) -> Result<&mut Group, ErrorCode> {
        if group_id.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        self.groups.get_mut(group_id).ok_or(ErrorCode::UnknownMemberId)
    }
}

//! Requests of the classic protocol.

use klamm_model::ErrorCode;
use klamm_wire::messages::heartbeat::HeartbeatRequest;
use klamm_wire::messages::join_group::{JoinGroupRequest, JoinGroupResponse};
use klamm_wire::messages::leave_group::{LeaveGroupRequest, LeaveGroupResponse};
use klamm_wire::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};

use super::{Coordinator, Group};
use crate::classic::ClassicGroup;
use crate::{Caller, Now, Reply, Ticket, Turn};

impl Coordinator {
    /// A member joins, or joins again. The answer comes through `turn`'s effects, now or later.
    pub fn join(&mut self, turn: &mut Turn<'_>, caller: &Caller, request: JoinGroupRequest, ticket: Ticket) {
        let group_id = request.group_id.clone();
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
        let there = match self.groups.get(group_id) {
            Some(Group::Classic(_)) => true,
            Some(Group::Consumer { group, .. }) if !group.is_empty() => {
                return Err(ErrorCode::InconsistentGroupProtocol);
            }
            // Nobody speaks the consumer protocol here any more: its group goes, and the offsets stay.
            Some(Group::Consumer { group, .. }) => {
                group.delete(turn.effects);
                self.groups.remove(group_id);
                false
            }
            None => false,
        };
        if !there && !newcomer {
            return Err(ErrorCode::UnknownMemberId);
        }
        match self.new_classic(group_id, turn.now) {
            Group::Classic(group) => Ok(group),
            Group::Consumer { .. } => Err(ErrorCode::InconsistentGroupProtocol),
        }
    }

    /// A member asks for what it is to do, or, as the leader, says what all are. The answer comes through `turn`'s effects,
    /// now or later.
    pub fn sync(&mut self, turn: &mut Turn<'_>, caller: &Caller, request: SyncGroupRequest, ticket: Ticket) {
        let group_id = request.group_id.clone();
        match self.classic(&group_id) {
            Ok(group) => group.sync(turn, caller, request, ticket),
            Err(code) => {
                let refused = SyncGroupResponse { error_code: code.as_i16(), ..SyncGroupResponse::default() };
                turn.effects.reply(ticket, Reply::Sync(refused));
            }
        }
        self.settle(&group_id, turn.now);
    }

    /// A member's sign of life.
    pub fn heartbeat(&mut self, now: Now, request: &HeartbeatRequest) -> ErrorCode {
        let code = match self.classic(&request.group_id) {
            Ok(group) => group.heartbeat(now, request),
            Err(code) => code,
        };
        self.settle(&request.group_id, now);
        code
    }

    /// Members leave.
    pub fn leave(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        request: LeaveGroupRequest,
    ) -> LeaveGroupResponse {
        let group_id = request.group_id.clone();
        let response = match self.classic(&group_id) {
            Ok(group) => group.leave(turn, caller, request),
            Err(code) => LeaveGroupResponse { error_code: code.as_i16(), ..LeaveGroupResponse::default() },
        };
        self.settle(&group_id, turn.now);
        response
    }

    /// The group of a request by someone who says to be its member.
    fn classic(&mut self, group_id: &str) -> Result<&mut ClassicGroup, ErrorCode> {
        match self.groups.get_mut(group_id) {
            _ if group_id.is_empty() => Err(ErrorCode::InvalidGroupId),
            Some(Group::Classic(group)) => Ok(group),
            Some(Group::Consumer { .. }) | None => Err(ErrorCode::UnknownMemberId),
        }
    }
}

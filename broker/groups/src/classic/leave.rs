//! LeaveGroup.

use klamm_model::ErrorCode;
use klamm_wire::messages::leave_group::{
    LeaveGroupRequest, LeaveGroupResponse, MemberIdentity, MemberResponse,
};

use super::{ClassicGroup, State};
use crate::{Caller, Turn};

/// The first version in which several leave (KIP-345).
pub(crate) const FIRST_BATCHED: i16 = 3;

impl ClassicGroup {
    /// Members leave, or are made to.
    pub fn leave(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        request: LeaveGroupRequest,
    ) -> LeaveGroupResponse {
        let members_before = self.members.len();
        let response = if caller.api_version < FIRST_BATCHED {
            let only = MemberIdentity { member_id: request.member_id, ..MemberIdentity::default() };
            LeaveGroupResponse {
                error_code: self.leave_one(turn, &only).as_i16(),
                ..LeaveGroupResponse::default()
            }
        } else {
            let members = request.members.into_iter().map(|member| MemberResponse {
                error_code: self.leave_one(turn, &member).as_i16(),
                member_id: member.member_id,
                group_instance_id: member.group_instance_id,
            });
            LeaveGroupResponse { members: members.collect(), ..LeaveGroupResponse::default() }
        };
        self.go_on(turn, self.members.len() < members_before);
        response
    }

    fn leave_one(&mut self, turn: &mut Turn<'_>, member: &MemberIdentity) -> ErrorCode {
        let instance_id = member.group_instance_id.as_deref();
        // An operator names a static member by the id of its own choice alone.
        let by_instance = instance_id.filter(|_| member.member_id.is_empty());
        let member_id = match by_instance {
            Some(instance_id) => self.instances.get(instance_id).cloned().unwrap_or_default(),
            None => member.member_id.clone(),
        };
        let is_pending = instance_id.is_none() && self.pending.contains(&member_id);
        if !is_pending && let Err(code) = self.check_member(&member_id, instance_id) {
            return code;
        }
        self.remove(turn, &member_id, ErrorCode::UnknownMemberId);
        ErrorCode::None
    }

    /// Someone may be gone: `member_gone` says whether he was a member. Who was only about to join changes nothing for a
    /// generation that is whole, but others may wait for him to join.
    pub(super) fn go_on(&mut self, turn: &mut Turn<'_>, member_gone: bool) {
        let needed = match self.state {
            State::Empty => false,
            State::PreparingRebalance => true,
            State::CompletingRebalance | State::Stable => member_gone,
        };
        if needed {
            self.rebalance_or_go_on(turn);
        }
    }
}

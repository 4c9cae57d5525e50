//! LeaveGroup.

use std::collections::BTreeSet;

use klamm_model::ErrorCode;
use klamm_wire::messages::leave_group::{
    LeaveGroupRequest, LeaveGroupResponse, MemberIdentity, MemberResponse,
};

use super::super::ConsumerGroup;
use crate::classic::{ClassicGroup, FIRST_BATCHED};
use crate::{Caller, Topics, Turn};

impl ConsumerGroup {
    /// Members leave, or are made to, of whichever protocol. If the group becomes one of the classic protocol by that, it takes
    /// this one's place.
    pub fn classic_leave(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        caller: &Caller,
        request: LeaveGroupRequest,
    ) -> (LeaveGroupResponse, Option<ClassicGroup>) {
        self.begin(turn);
        let mut leaving = BTreeSet::new();
        let response = if caller.api_version < FIRST_BATCHED {
            let only = MemberIdentity { member_id: request.member_id, ..MemberIdentity::default() };
            let error_code = self.note_leaving(&only, &mut leaving).as_i16();
            LeaveGroupResponse { error_code, ..LeaveGroupResponse::default() }
        } else {
            let members = request.members.into_iter().map(|member| MemberResponse {
                error_code: self.note_leaving(&member, &mut leaving).as_i16(),
                member_id: member.member_id,
                group_instance_id: member.group_instance_id,
            });
            LeaveGroupResponse { members: members.collect(), ..LeaveGroupResponse::default() }
        };
        (response, self.fence(turn, topics, &leaving))
    }

    fn note_leaving(&self, member: &MemberIdentity, leaving: &mut BTreeSet<String>) -> ErrorCode {
        let instance_id = member.group_instance_id.as_deref();
        // An operator names a static member by the id of its own choice alone.
        let by_instance = instance_id.filter(|_| member.member_id.is_empty());
        let holder = by_instance.and_then(|instance_id| self.static_member(instance_id));
        let member_id = holder.map_or(member.member_id.as_str(), |(holder, _)| holder);
        if let Err(code) = self.check_instance(member_id, instance_id) {
            return code;
        }
        if !self.members.contains_key(member_id) {
            return ErrorCode::UnknownMemberId;
        }
        leaving.insert(member_id.to_owned());
        ErrorCode::None
    }
}

//! SyncGroup.

use klamm_model::ErrorCode;
use klamm_wire::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};

use super::super::ConsumerGroup;
use super::super::member::MemberState;
use super::super::partitions::without_epochs;
use crate::classic::sync_refused;
use crate::embedded::{CONSUMERS, write_assignment};
use crate::{Reply, Ticket, Topics, Turn};

impl ConsumerGroup {
    /// A member of the classic protocol asks for what it is to do.
    pub fn classic_sync(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        request: &SyncGroupRequest,
        ticket: Ticket,
    ) {
        self.begin(turn);
        let answer = self.try_sync(turn, topics, request).unwrap_or_else(sync_refused);
        turn.effects.reply(ticket, Reply::Sync(answer));
    }

    fn try_sync(
        &mut self,
        turn: &Turn<'_>,
        topics: &dyn Topics,
        request: &SyncGroupRequest,
    ) -> Result<SyncGroupResponse, ErrorCode> {
        let (member_id, instance_id) = (request.member_id.as_str(), request.group_instance_id.as_deref());
        let (member, classic) = self.classic_member(member_id, instance_id, request.generation_id)?;
        let (name, subscription) = match classic.supported_protocols.first() {
            Some(protocol) => (Some(protocol.name.as_str()), protocol.metadata.clone()),
            None => (None, bytes::Bytes::new()),
        };
        let differs = |said: Option<&str>, is: Option<&str>| said.is_some() && said != is;
        if differs(request.protocol_type.as_deref(), Some(CONSUMERS))
            || differs(request.protocol_name.as_deref(), name)
        {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        // Who has to give partitions back learns here which they are, and joins again after that.
        let gives_back = member.current.state == MemberState::UnrevokedPartitions;
        if self.epoch > member.current.epoch && !gives_back {
            let until = turn.now.tick.after(member.value.rebalance_timeout_ms);
            self.timers.join_if_absent(member_id, until);
            return Err(ErrorCode::RebalanceInProgress);
        }
        let assignment = write_assignment(&without_epochs(&member.current.assigned), topics, &subscription);
        let session_ends = turn.now.tick.after(classic.session_timeout_ms);
        self.timers.synced(member_id);
        self.timers.session(member_id, session_ends);
        Ok(SyncGroupResponse {
            protocol_type: request.protocol_type.clone(),
            protocol_name: request.protocol_name.clone(),
            assignment,
            ..SyncGroupResponse::default()
        })
    }
}

//! Heartbeat.

use klamm_model::ErrorCode;
use klamm_wire::messages::heartbeat::HeartbeatRequest;

use super::super::ConsumerGroup;
use crate::{Topics, Turn};

impl ConsumerGroup {
    /// A sign of life of a member of the classic protocol; the answer tells it whether it has to join again.
    pub fn classic_heartbeat(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        request: &HeartbeatRequest,
    ) -> ErrorCode {
        self.begin(turn);
        let (member_id, instance_id) = (request.member_id.as_str(), request.group_instance_id.as_deref());
        let (session_ms, timeout_ms) =
            match self.classic_member(member_id, instance_id, request.generation_id) {
                Ok((member, classic)) => (classic.session_timeout_ms, member.value.rebalance_timeout_ms),
                Err(code) => return code,
            };
        self.timers.session(member_id, turn.now.tick.after(session_ms));
        // Nobody but the coordinator looks after the topics of these members: none of them is a leader.
        self.update_epoch(turn, topics, false);
        if self.members.get(member_id).is_some_and(|member| self.must_rejoin(member_id, member)) {
            self.timers.join_if_absent(member_id, turn.now.tick.after(timeout_ms));
            return ErrorCode::RebalanceInProgress;
        }
        ErrorCode::None
    }
}

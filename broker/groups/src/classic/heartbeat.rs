//! Heartbeat.

use klamm_model::ErrorCode;
use klamm_wire::messages::heartbeat::HeartbeatRequest;

use super::{ClassicGroup, State};
use crate::Now;

impl ClassicGroup {
    /// A member's sign of life; the answer tells it whether it has to join again.
    pub fn heartbeat(&mut self, now: Now, request: &HeartbeatRequest) -> ErrorCode {
        let instance_id = request.group_instance_id.as_deref();
        if let Err(code) = self.check_generation(&request.member_id, instance_id, request.generation_id) {
            return code;
        }
        match self.state {
            State::Empty => ErrorCode::UnknownMemberId,
            State::PreparingRebalance => {
                self.renew_session(&request.member_id, now);
                ErrorCode::RebalanceInProgress
            }
            State::CompletingRebalance | State::Stable => {
                self.renew_session(&request.member_id, now);
                ErrorCode::None
            }
        }
    }
}

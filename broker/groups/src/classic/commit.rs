//! Who may commit offsets.

use klamm_model::ErrorCode;

use super::{ClassicGroup, State};
use crate::Now;

impl ClassicGroup {
    /// Whether someone may commit offsets: a member in the current generation, for which it is a sign of life, or anyone
    /// (a negative generation) while there are no members.
    pub fn check_commit(
        &mut self,
        now: Now,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<(), ErrorCode> {
        if generation < 0 && self.state == State::Empty {
            return Ok(());
        }
        if generation < 0 && member_id.is_empty() && instance_id.is_none() {
            return Err(ErrorCode::UnknownMemberId);
        }
        self.check_generation(member_id, instance_id, generation)?;
        if self.state == State::CompletingRebalance {
            return Err(ErrorCode::RebalanceInProgress);
        }
        self.renew_session(member_id, now);
        Ok(())
    }
}

//! Time.

use klamm_model::ErrorCode;

use super::ClassicGroup;
use crate::{Tick, Turn};

impl ClassicGroup {
    /// Does what is due at `turn.now`.
    pub fn tick(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.tick;
        // One after the other: when one is lost, those who waited for it are answered, and have sessions that begin now.
        while let Some(member_id) = self.sessions.take_first_until(now) {
            self.session_is_over(turn, &member_id);
        }
        if let Some(ends) = self.joining_ends.filter(|ends| ends.at <= now) {
            self.joining_is_over(turn, ends);
        }
        if self.syncing_ends.is_some_and(|ends| ends <= now) {
            self.syncing_is_over(turn);
        }
    }

    /// When [`ClassicGroup::tick`] has something to do next.
    pub fn next_deadline(&self) -> Option<Tick> {
        let joining = self.joining_ends.map(|ends| ends.at);
        [self.sessions.first(), joining, self.syncing_ends].into_iter().flatten().min()
    }

    fn session_is_over(&mut self, turn: &mut Turn<'_>, member_id: &str) {
        // Who waits for an answer needs no heartbeat; only a newcomer's wait has an end.
        let waits = self
            .members
            .get(member_id)
            .is_some_and(|member| !member.is_new && (member.joining.is_some() || member.syncing.is_some()));
        if !waits {
            let member_gone = self.members.contains_key(member_id);
            self.remove(turn, member_id, ErrorCode::UnknownMemberId);
            self.go_on(turn, member_gone);
        }
    }
}

//! From one generation to the next.

use klamm_model::ErrorCode;
use klamm_wire::messages::sync_group::SyncGroupResponse;

use super::group::JoiningEnds;
use super::join::refused;
use super::{ClassicGroup, Member, State};
use crate::{Now, Reply, Turn};

impl ClassicGroup {
    /// Something changed: begins a rebalance, or looks whether the one under way can go on.
    pub(super) fn rebalance_or_go_on(&mut self, turn: &mut Turn<'_>) {
        if self.state != State::PreparingRebalance {
            self.prepare(turn);
        }
        // The first rebalance waits for its delay: more members may come.
        let may_end = self.state == State::PreparingRebalance && self.previous != State::Empty;
        if may_end && self.all_have_joined() {
            self.complete(turn);
        }
    }

    fn all_have_joined(&self) -> bool {
        self.pending.is_empty() && self.members.values().all(|member| member.joining.is_some())
    }

    fn prepare(&mut self, turn: &mut Turn<'_>) {
        if self.state == State::CompletingRebalance {
            self.end_all_syncs(turn, ErrorCode::RebalanceInProgress);
        }
        self.unsynced.clear();
        self.syncing_ends = None;
        let timeout_ms = self.rebalance_timeout_ms();
        let first = self.state == State::Empty;
        let put_off_ms = if first { turn.config.initial_rebalance_delay_ms } else { timeout_ms };
        let may_be_put_off_ms = if first { timeout_ms.saturating_sub(put_off_ms).max(0) } else { 0 };
        self.begin_joining(turn.now, put_off_ms, may_be_put_off_ms);
        if first && put_off_ms == 0 {
            self.complete(turn);
        }
    }

    pub(super) fn begin_joining(&mut self, now: Now, put_off_ms: i32, may_be_put_off_ms: i32) {
        let at = now.tick.after(put_off_ms);
        self.joining_ends = Some(JoiningEnds { at, may_be_put_off_ms, put_off_ms });
        self.someone_came = false;
        self.enter(State::PreparingRebalance, now);
    }

    /// The time for joining is up.
    pub(super) fn joining_is_over(&mut self, turn: &mut Turn<'_>, ends: JoiningEnds) {
        let JoiningEnds { may_be_put_off_ms, put_off_ms, .. } = ends;
        if self.someone_came && may_be_put_off_ms > 0 {
            self.someone_came = false;
            let next_ms = turn.config.initial_rebalance_delay_ms.min(may_be_put_off_ms);
            self.joining_ends = Some(JoiningEnds {
                at: turn.now.tick.after(next_ms),
                may_be_put_off_ms: (may_be_put_off_ms - put_off_ms).max(0),
                put_off_ms: next_ms,
            });
        } else {
            self.complete(turn);
        }
    }

    /// Ends joining: who has not joined again is no member any more, but for static members.
    pub(super) fn complete(&mut self, turn: &mut Turn<'_>) {
        let away = |member: &&Member| member.joining.is_none() && member.instance_id.is_none();
        let away: Vec<String> = self.members.values().filter(away).map(|member| member.id.clone()).collect();
        for member_id in away {
            self.remove(turn, &member_id, ErrorCode::UnknownMemberId);
        }
        if self.members.is_empty() {
            return self.become_empty(turn);
        }
        if !self.has_leader_that_joined() {
            // Static members, and all of them away: they have until their sessions end.
            let timeout_ms = self.rebalance_timeout_ms();
            let at = turn.now.tick.after(timeout_ms.max(1));
            self.joining_ends = Some(JoiningEnds { at, may_be_put_off_ms: 0, put_off_ms: timeout_ms });
            return;
        }
        self.begin_generation(turn);
    }

    fn become_empty(&mut self, turn: &mut Turn<'_>) {
        self.joining_ends = None;
        self.generation = next(self.generation);
        self.protocol = None;
        self.leader = None;
        self.enter(State::Empty, turn.now);
        turn.effects.record(self.record());
    }

    /// The leader is one who is here: the old one if he has joined again.
    fn has_leader_that_joined(&mut self) -> bool {
        let joined = |id: &String| self.members.get(id).is_some_and(|member| member.joining.is_some());
        if self.leader.as_ref().is_some_and(joined) {
            return true;
        }
        let here = self.members.values().filter(|member| member.joining.is_some());
        match here.min_by_key(|member| member.number) {
            Some(member) => {
                self.leader = Some(member.id.clone());
                true
            }
            None => false,
        }
    }

    fn begin_generation(&mut self, turn: &mut Turn<'_>) {
        self.joining_ends = None;
        self.generation = next(self.generation);
        self.protocol = self.vote();
        self.enter(State::CompletingRebalance, turn.now);
        self.syncing_ends = Some(turn.now.tick.after(self.rebalance_timeout_ms()));
        self.unsynced = self.members.keys().cloned().collect();
        for member_id in self.unsynced.clone() {
            let answer = self.joined(&member_id);
            self.answer_join(turn, &member_id, answer);
            self.renew_session(&member_id, turn.now);
        }
    }

    /// The time for syncing is up: who joined and did not sync is no member any more.
    pub(super) fn syncing_is_over(&mut self, turn: &mut Turn<'_>) {
        self.syncing_ends = None;
        let away = std::mem::take(&mut self.unsynced);
        if away.is_empty() {
            return;
        }
        for member_id in away {
            self.remove(turn, &member_id, ErrorCode::UnknownMemberId);
        }
        self.rebalance_or_go_on(turn);
    }

    /// Takes a member out, or someone who was about to become one. What follows for the group is the caller's.
    pub(super) fn remove(&mut self, turn: &mut Turn<'_>, member_id: &str, code: ErrorCode) {
        self.pending.remove(member_id);
        self.unsynced.remove(member_id);
        self.sessions.clear(member_id);
        let Some(mut member) = self.members.remove(member_id) else { return };
        answer(turn, &mut member, code);
        if let Some(instance_id) = &member.instance_id {
            self.instances.remove(instance_id);
        }
        if self.is_leader(member_id) {
            let oldest = self.members.values().min_by_key(|member| member.number);
            self.leader = oldest.map(|member| member.id.clone());
        }
    }

    /// Who waited needed no heartbeat, however long: its session begins with the answer.
    fn end_all_syncs(&mut self, turn: &mut Turn<'_>, code: ErrorCode) {
        for member in self.members.values_mut() {
            if let Some(ticket) = member.syncing.take() {
                turn.effects.reply(ticket, Reply::Sync(sync_refused(code)));
                self.sessions.set(&member.id, turn.now.tick.after(member.session_timeout_ms));
            }
        }
    }

    /// Ends every wait with this error: the group is not looked after here any more.
    pub fn close(&mut self, turn: &mut Turn<'_>, code: ErrorCode) {
        self.members.values_mut().for_each(|member| answer(turn, member, code));
    }
}

/// Answers whatever a member waits for.
pub(super) fn answer(turn: &mut Turn<'_>, member: &mut Member, code: ErrorCode) {
    if let Some(ticket) = member.joining.take() {
        // An id that is known to nobody any more must not be used again.
        let member_id = if code == ErrorCode::UnknownMemberId { "" } else { &member.id };
        turn.effects.reply(ticket, Reply::Join(refused(code, member_id)));
    }
    if let Some(ticket) = member.syncing.take() {
        turn.effects.reply(ticket, Reply::Sync(sync_refused(code)));
    }
}

/// A SyncGroup's answer that says what is wrong.
pub(crate) fn sync_refused(code: ErrorCode) -> SyncGroupResponse {
    SyncGroupResponse { error_code: code.as_i16(), ..SyncGroupResponse::default() }
}

/// Generations are positive; after the last one they begin again.
fn next(generation: i32) -> i32 {
    generation.checked_add(1).unwrap_or(1)
}

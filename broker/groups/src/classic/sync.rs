//! SyncGroup.

use std::collections::HashMap;

use bytes::Bytes;
use klamm_model::ErrorCode;
use klamm_wire::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};

use super::rebalance::sync_refused;
use super::{ClassicGroup, State};
use crate::{Caller, Reply, Ticket, Turn};

impl ClassicGroup {
    /// A member asks for what it is to do, or, as the leader, says what all are. The answer comes through `turn`'s effects,
    /// now or later.
    pub fn sync(&mut self, turn: &mut Turn<'_>, _caller: &Caller, request: SyncGroupRequest, ticket: Ticket) {
        if let Err(code) = self.check_sync(&request) {
            return turn.effects.reply(ticket, Reply::Sync(sync_refused(code)));
        }
        self.synced(&request.member_id);
        if self.state == State::Stable {
            let answer = self.assignment_of(&request.member_id);
            self.renew_session(&request.member_id, turn.now);
            return turn.effects.reply(ticket, Reply::Sync(answer));
        }
        if let Some(member) = self.members.get_mut(&request.member_id)
            && let Some(given_up) = member.syncing.replace(ticket)
        {
            turn.effects.reply(given_up, Reply::Sync(sync_refused(ErrorCode::RebalanceInProgress)));
        }
        if self.is_leader(&request.member_id) {
            let assignments = request.assignments.into_iter();
            self.assign(turn, assignments.map(|one| (one.member_id, one.assignment)).collect());
        }
    }

    fn check_sync(&self, request: &SyncGroupRequest) -> Result<(), ErrorCode> {
        self.check_generation(
            &request.member_id,
            request.group_instance_id.as_deref(),
            request.generation_id,
        )?;
        let differs = |said: &Option<String>, is: &Option<String>| said.is_some() && said != is;
        if differs(&request.protocol_type, &self.protocol_type)
            || differs(&request.protocol_name, &self.protocol)
        {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        match self.state {
            State::Empty => Err(ErrorCode::UnknownMemberId),
            State::PreparingRebalance => Err(ErrorCode::RebalanceInProgress),
            State::CompletingRebalance | State::Stable => Ok(()),
        }
    }

    fn synced(&mut self, member_id: &str) {
        self.unsynced.remove(member_id);
        if self.unsynced.is_empty() {
            self.syncing_ends = None;
        }
    }

    /// The leader said who does what; whom it did not name does nothing.
    fn assign(&mut self, turn: &mut Turn<'_>, mut assignments: HashMap<String, Bytes>) {
        for member in self.members.values_mut() {
            member.assignment = assignments.remove(&member.id).unwrap_or_default();
        }
        self.enter(State::Stable, turn.now);
        turn.effects.record(self.record());
        let waiting = self.members.values().filter(|member| member.syncing.is_some());
        for member_id in waiting.map(|member| member.id.clone()).collect::<Vec<_>>() {
            let answer = self.assignment_of(&member_id);
            if let Some(ticket) = self.members.get_mut(&member_id).and_then(|member| member.syncing.take()) {
                turn.effects.reply(ticket, Reply::Sync(answer));
            }
            self.renew_session(&member_id, turn.now);
        }
    }

    fn assignment_of(&self, member_id: &str) -> SyncGroupResponse {
        let assignment = self.members.get(member_id).map(|member| member.assignment.clone());
        SyncGroupResponse {
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            assignment: assignment.unwrap_or_default(),
            ..SyncGroupResponse::default()
        }
    }
}

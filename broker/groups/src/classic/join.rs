//! JoinGroup.

use klamm_model::ErrorCode;
use klamm_wire::messages::join_group::{JoinGroupRequest, JoinGroupResponse};

use super::rebalance::answer;
use super::{ClassicGroup, Member, State};
use crate::{Caller, Reply, Ticket, Turn};

/// How long a new member may wait for its first answer, in milliseconds: clients of the first versions, whose wait has no
/// bound of their own, would else be members for ever.
const NEW_MEMBER_TIMEOUT_MS: i32 = 5 * 60_000;
/// The first version in which a member is told its id before it joins (KIP-394).
pub(crate) const FIRST_WITH_KNOWN_ID: i16 = 4;
/// The first version in which a leader can be told that nothing is to be assigned (KIP-814).
pub(super) const FIRST_SKIPPING_ASSIGNMENT: i16 = 9;

/// A JoinGroup with who sent it.
pub(super) struct Joining<'j> {
    pub(super) caller: &'j Caller,
    pub(super) request: &'j JoinGroupRequest,
    pub(super) ticket: Ticket,
}

impl ClassicGroup {
    /// A member joins, or joins again. The answer comes through `turn`'s effects, now or later.
    pub fn join(&mut self, turn: &mut Turn<'_>, caller: &Caller, request: &JoinGroupRequest, ticket: Ticket) {
        let joining = Joining { caller, request, ticket };
        if let Err(code) = self.try_join(turn, &joining) {
            turn.effects.reply(ticket, Reply::Join(refused(code, &request.member_id)));
        }
    }

    fn try_join(&mut self, turn: &mut Turn<'_>, joining: &Joining<'_>) -> Result<(), ErrorCode> {
        let request = joining.request;
        let allowed = turn.config.min_session_timeout_ms..=turn.config.max_session_timeout_ms;
        if !allowed.contains(&request.session_timeout_ms) {
            return Err(ErrorCode::InvalidSessionTimeout);
        }
        if !self.has_room_for(&request.member_id, turn.config.max_size) {
            let member_gone = self.members.contains_key(&request.member_id);
            self.remove(turn, &request.member_id, ErrorCode::GroupMaxSizeReached);
            self.go_on(turn, member_gone);
            return Err(ErrorCode::GroupMaxSizeReached);
        }
        if !self.understands(request) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        if request.member_id.is_empty() {
            self.join_new(turn, joining);
            Ok(())
        } else {
            self.join_existing(turn, joining)
        }
    }

    fn has_room_for(&self, member_id: &str, max_size: usize) -> bool {
        let member = self.members.get(member_id);
        match self.state {
            State::Empty => true,
            State::PreparingRebalance => {
                let joined = self.members.values().filter(|member| member.joining.is_some()).count();
                member.is_some_and(|member| member.joining.is_some()) || joined < max_size
            }
            State::CompletingRebalance | State::Stable => member.is_some() || self.members.len() < max_size,
        }
    }

    fn join_new(&mut self, turn: &mut Turn<'_>, joining: &Joining<'_>) {
        let Joining { caller, request, ticket } = joining;
        let prefix = request.group_instance_id.as_ref().unwrap_or(&caller.client_id);
        let member_id = format!("{prefix}-{}", uuid_text(turn.ids.next_id()));
        let before = request.group_instance_id.as_ref().and_then(|id| self.instances.get(id)).cloned();
        if let Some(before) = before {
            self.replace_static(turn, joining, &before, &member_id);
        } else if request.group_instance_id.is_none() && caller.api_version >= FIRST_WITH_KNOWN_ID {
            self.sessions.set(&member_id, turn.now.tick.after(request.session_timeout_ms));
            self.pending.insert(member_id.clone());
            turn.effects.reply(*ticket, Reply::Join(refused(ErrorCode::MemberIdRequired, &member_id)));
        } else {
            self.add(turn, joining, &member_id);
        }
    }

    fn join_existing(&mut self, turn: &mut Turn<'_>, joining: &Joining<'_>) -> Result<(), ErrorCode> {
        let request = joining.request;
        let member_id = &request.member_id;
        if request.group_instance_id.is_none() && self.pending.contains(member_id) {
            self.add(turn, joining, member_id);
            return Ok(());
        }
        self.check_member(member_id, request.group_instance_id.as_deref())?;
        let same = self.members.get(member_id).is_some_and(|member| member.says_the_same(request));
        let knows_already = match self.state {
            State::Empty => return Err(ErrorCode::UnknownMemberId),
            State::PreparingRebalance => false,
            // It did not get the answer to its JoinGroup.
            State::CompletingRebalance => same,
            // A leader that joins again has seen something that has to be dealt out anew, such as more partitions.
            State::Stable => same && !self.is_leader(member_id),
        };
        if knows_already {
            // It takes this for a sign that it is a member, and so it is one for a session from now on (Kafka leaves it the rest of
            // the one that it had).
            self.renew_session(member_id, turn.now);
            turn.effects.reply(joining.ticket, Reply::Join(self.joined(member_id)));
        } else {
            self.rejoin(turn, joining, member_id);
            self.rebalance_or_go_on(turn);
        }
        Ok(())
    }

    fn add(&mut self, turn: &mut Turn<'_>, joining: &Joining<'_>, member_id: &str) {
        self.next_number += 1;
        let mut member = Member::new(member_id.to_owned(), joining.caller, joining.request, self.next_number);
        member.joining = Some(joining.ticket);
        if self.members.is_empty() {
            self.protocol_type = Some(joining.request.protocol_type.clone());
        }
        if let Some(instance_id) = &member.instance_id {
            self.instances.insert(instance_id.clone(), member_id.to_owned());
        }
        self.pending.remove(member_id);
        self.leader.get_or_insert_with(|| member_id.to_owned());
        self.members.insert(member_id.to_owned(), member);
        self.someone_came |= self.state == State::PreparingRebalance && self.previous == State::Empty;
        self.sessions.set(member_id, turn.now.tick.after(NEW_MEMBER_TIMEOUT_MS));
        self.rebalance_or_go_on(turn);
    }

    /// A member says anew what it speaks, and waits.
    fn rejoin(&mut self, turn: &mut Turn<'_>, joining: &Joining<'_>, member_id: &str) {
        let Some(member) = self.members.get_mut(member_id) else { return };
        member.update(joining.request);
        if let Some(given_up) = member.joining.replace(joining.ticket) {
            // Its client asks on another connection; the answer to the first question goes nowhere.
            turn.effects.reply(given_up, Reply::Join(refused(ErrorCode::RebalanceInProgress, member_id)));
        }
    }

    /// A static member came back, with a new id: who still uses the old one is fenced (KIP-345).
    fn replace_static(&mut self, turn: &mut Turn<'_>, joining: &Joining<'_>, before: &str, member_id: &str) {
        self.rename(turn, before, member_id);
        let protocol = self.protocol.clone();
        let old_leader = if self.is_leader(member_id) { before.to_owned() } else { self.leader_text() };
        self.rejoin(turn, joining, member_id);
        match self.state {
            State::Stable if self.vote() == protocol => {
                self.renew_session(member_id, turn.now);
                let mut joined = self.joined(member_id);
                if joining.caller.api_version >= FIRST_SKIPPING_ASSIGNMENT {
                    joined.skip_assignment = self.is_leader(member_id);
                } else {
                    // It must not take itself for the leader: it would assign, and nobody asks it to.
                    joined.leader = old_leader;
                    joined.members.clear();
                }
                self.answer_join(turn, member_id, joined);
                turn.effects.record(self.record());
            }
            _ => self.rebalance_or_go_on(turn),
        }
    }

    fn leader_text(&self) -> String {
        self.leader.clone().unwrap_or_default()
    }

    fn rename(&mut self, turn: &mut Turn<'_>, before: &str, member_id: &str) {
        let Some(mut member) = self.members.remove(before) else { return };
        answer(turn, &mut member, ErrorCode::FencedInstanceId);
        member_id.clone_into(&mut member.id);
        if let Some(instance_id) = &member.instance_id {
            self.instances.insert(instance_id.clone(), member_id.to_owned());
        }
        if self.is_leader(before) {
            self.leader = Some(member_id.to_owned());
        }
        if self.unsynced.remove(before) {
            self.unsynced.insert(member_id.to_owned());
        }
        self.sessions.clear(before);
        self.members.insert(member_id.to_owned(), member);
        self.renew_session(member_id, turn.now);
    }

    /// The answer of this generation to one of its members.
    pub(super) fn joined(&self, member_id: &str) -> JoinGroupResponse {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let members = if self.is_leader(member_id) {
            self.members.values().map(|member| member.for_leader(protocol)).collect()
        } else {
            Vec::new()
        };
        JoinGroupResponse {
            generation_id: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            leader: self.leader_text(),
            member_id: member_id.to_owned(),
            members,
            ..JoinGroupResponse::default()
        }
    }

    pub(super) fn answer_join(&mut self, turn: &mut Turn<'_>, member_id: &str, answer: JoinGroupResponse) {
        let Some(member) = self.members.get_mut(member_id) else { return };
        member.is_new = false;
        if let Some(ticket) = member.joining.take() {
            turn.effects.reply(ticket, Reply::Join(answer));
        }
    }
}

/// A JoinGroup's answer that says what is wrong.
pub(crate) fn refused(code: ErrorCode, member_id: &str) -> JoinGroupResponse {
    JoinGroupResponse {
        error_code: code.as_i16(),
        member_id: member_id.to_owned(),
        ..JoinGroupResponse::default()
    }
}

/// `8-4-4-4-12`, as Java writes a UUID.
fn uuid_text(id: u128) -> String {
    let hex = format!("{id:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

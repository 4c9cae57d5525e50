//! JoinGroup.

use std::collections::BTreeSet;

use klamm_model::ErrorCode;
use klamm_wire::messages::join_group::{JoinGroupRequest, JoinGroupResponse};

use super::super::ConsumerGroup;
use super::super::heartbeat::new_member_id;
use super::super::member::Member;
use crate::classic::{ClassicGroup, FIRST_WITH_KNOWN_ID, join_refused};
use crate::embedded::{CONSUMERS, Subscription};
use crate::records::{ClassicMemberMetadata, ClassicProtocol, ConsumerGroupMemberValue};
use crate::{Caller, MigrationPolicy, NotJoined, Reply, Ticket, Topics, Turn, WhyRefused};

/// A member that may join.
struct Joiner {
    member_id: String,
    /// Whose place it takes, if it is a static member that comes back.
    in_place_of: Option<String>,
    subscription: Subscription,
}

impl ConsumerGroup {
    /// A member of the classic protocol joins, or joins again. The answer comes through `turn`'s effects: here no member waits
    /// for the others. If the group becomes one of the classic protocol by that, it takes this one's place, and the answer may
    /// come later.
    pub fn classic_join(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        caller: &Caller,
        request: &JoinGroupRequest,
        ticket: Ticket,
    ) -> Option<ClassicGroup> {
        self.begin(turn);
        match self.admit_classic(turn, caller, request) {
            Ok(joiner) => self.take_in(turn, topics, caller, request, (&joiner, ticket)),
            Err((code, member_id)) => {
                turn.effects.reply(ticket, Reply::Join(join_refused(code, &member_id)));
                None
            }
        }
    }

    /// The error is with the id that the member is told.
    fn admit_classic(
        &self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        request: &JoinGroupRequest,
    ) -> Result<Joiner, (ErrorCode, String)> {
        let refused = |code| (code, request.member_id.clone());
        let instance_id = request.group_instance_id.as_deref();
        let subscription = self.check_join(turn, request).map_err(refused)?;
        if !request.member_id.is_empty() {
            // Any id will do that is not a static member's: this group does not keep those that it told.
            self.check_instance(&request.member_id, instance_id).map_err(refused)?;
            return Ok(Joiner { member_id: request.member_id.clone(), in_place_of: None, subscription });
        }
        let member_id = new_member_id(turn.ids);
        if instance_id.is_none() && caller.api_version >= FIRST_WITH_KNOWN_ID {
            return Err((ErrorCode::MemberIdRequired, member_id));
        }
        let holder = instance_id.and_then(|instance_id| self.static_member(instance_id));
        Ok(Joiner { member_id, in_place_of: holder.map(|(holder, _)| holder.to_owned()), subscription })
    }

    fn check_join(&self, turn: &mut Turn<'_>, request: &JoinGroupRequest) -> Result<Subscription, ErrorCode> {
        let config = turn.config;
        let mut stays_out = |why| {
            turn.effects.refuse(&self.group_id, WhyRefused::Join(why));
            ErrorCode::InconsistentGroupProtocol
        };
        if config.consumer_migration_policy == MigrationPolicy::Disabled {
            return Err(stays_out(NotJoined::NotAllowed));
        }
        let allowed = config.min_session_timeout_ms..=config.max_session_timeout_ms;
        if !allowed.contains(&request.session_timeout_ms) {
            return Err(ErrorCode::InvalidSessionTimeout);
        }
        if self.is_full_for(&request.member_id, config) {
            return Err(ErrorCode::GroupMaxSizeReached);
        }
        if request.protocol_type != CONSUMERS {
            return Err(stays_out(NotJoined::NoConsumer));
        }
        if !self.all_speak_one_of(request) {
            return Err(stays_out(NotJoined::NoCommonAssignor));
        }
        // All of its protocols say the same, but for what is their assignors' own.
        let first = request.protocols.first().and_then(|protocol| Subscription::read(&protocol.metadata));
        first.ok_or_else(|| stays_out(NotJoined::NoConsumer))
    }

    /// Whether all classic members speak one of these protocols, so that they can be a classic group.
    fn all_speak_one_of(&self, request: &JoinGroupRequest) -> bool {
        let mut names = request.protocols.iter().map(|protocol| &protocol.name);
        names.any(|name| {
            let mut classic = self.members.values().filter_map(Member::classic);
            classic.all(|member| member.supported_protocols.iter().any(|protocol| protocol.name == *name))
        })
    }

    fn take_in(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        caller: &Caller,
        request: &JoinGroupRequest,
        (joiner, ticket): (&Joiner, Ticket),
    ) -> Option<ClassicGroup> {
        let member_id = joiner.member_id.as_str();
        let downgrades =
            joiner.in_place_of.as_ref().is_some_and(|old| self.is_classic_after(old, turn.config));
        if let Some(old) = &joiner.in_place_of {
            self.replace_static_member(turn, old, member_id);
        }
        let before = self.members.get(member_id).cloned().unwrap_or_else(Member::new);
        let value = joined(&before.value, caller, request, &joiner.subscription);
        let subscription_changed = self.update_member(turn, member_id, value, &before);
        self.update_epoch(turn, topics, subscription_changed);
        let owned = joiner.subscription.owned(topics);
        if downgrades && self.epoch > self.target_epoch {
            return Some(self.downgrade_with(turn, topics, caller, (member_id, ticket)));
        }
        self.go_on(turn, topics, member_id, Some(&owned), subscription_changed);
        if downgrades {
            return Some(self.downgrade_with(turn, topics, caller, (member_id, ticket)));
        }
        self.answer_join(turn, member_id, ticket);
        None
    }

    fn answer_join(&mut self, turn: &mut Turn<'_>, member_id: &str, ticket: Ticket) {
        let Some(member) = self.members.get(member_id) else { return };
        let Some(classic) = member.classic() else { return };
        let response = JoinGroupResponse {
            generation_id: member.current.epoch,
            protocol_type: Some(CONSUMERS.to_owned()),
            protocol_name: classic.supported_protocols.first().map(|protocol| protocol.name.clone()),
            member_id: member_id.to_owned(),
            ..JoinGroupResponse::default()
        };
        let now = turn.now.tick;
        self.timers.session(member_id, now.after(classic.session_timeout_ms));
        self.timers.joined(member_id, now.after(member.value.rebalance_timeout_ms));
        turn.effects.reply(ticket, Reply::Join(response));
    }
}

/// What a member says of itself when it joins.
fn joined(
    before: &ConsumerGroupMemberValue,
    caller: &Caller,
    request: &JoinGroupRequest,
    subscription: &Subscription,
) -> ConsumerGroupMemberValue {
    let topics: BTreeSet<String> = subscription.topics.iter().cloned().collect();
    let rack_id = subscription.rack_id.clone().filter(|rack_id| !rack_id.is_empty());
    let protocols = request
        .protocols
        .iter()
        .map(|protocol| ClassicProtocol { name: protocol.name.clone(), metadata: protocol.metadata.clone() });
    let session_timeout_ms = request.session_timeout_ms;
    // The first version has but one timeout.
    let rebalance_timeout_ms = Some(request.rebalance_timeout_ms)
        .filter(|timeout_ms| *timeout_ms >= 0)
        .unwrap_or(session_timeout_ms);
    ConsumerGroupMemberValue {
        instance_id: request.group_instance_id.clone().or_else(|| before.instance_id.clone()),
        rack_id: rack_id.or_else(|| before.rack_id.clone()),
        client_id: caller.client_id.clone(),
        client_host: caller.host_text(),
        subscribed_topic_names: topics.into_iter().collect(),
        subscribed_topic_regex: None,
        rebalance_timeout_ms,
        server_assignor: before.server_assignor.clone(),
        classic_member_metadata: Some(ClassicMemberMetadata {
            session_timeout_ms,
            supported_protocols: protocols.collect(),
        }),
    }
}

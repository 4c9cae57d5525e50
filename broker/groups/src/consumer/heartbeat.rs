//! A sign of life of a member: it joins, says what changed, gets on with its assignment, or leaves.

use klamm_model::{ErrorCode, TopicId};
use klamm_wire::messages::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};

use super::ConsumerGroup;
use super::member::{Current, Member, MemberState, pattern_of};
use super::partitions::{Partitions, to_wire, without_epochs};
use super::pattern::Pattern;
use super::reconcile::Reconciliation;
use super::replay::session_timeout;
use super::validate::{JOIN, LEAVE_FOR_A_WHILE, Refusal, validate};
use crate::classic::ClassicGroup;
use crate::records::{ConsumerGroupMemberValue, ConsumerGroupValue, GroupRecord};
use crate::{Caller, GroupConfig, MemberIds, Topics, Turn};

/// How a member comes to be among the members.
enum Admission {
    /// It is one, or becomes one.
    AsItself,
    /// It takes the place of the static member with this id.
    InPlaceOf(String),
}

impl ConsumerGroup {
    /// Answers a heartbeat. Epoch 0 joins, -1 leaves, -2 leaves as a static member that comes back. If the group becomes one
    /// of the classic protocol by that, it takes this one's place.
    pub fn heartbeat(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        caller: &Caller,
        request: ConsumerGroupHeartbeatRequest,
    ) -> (ConsumerGroupHeartbeatResponse, Option<ClassicGroup>) {
        self.begin(turn);
        let answer = validate(&request, caller.api_version, turn.config).and_then(|()| {
            if request.member_epoch < JOIN {
                self.leave(turn, topics, &request)
            } else {
                Ok((self.stay(turn, topics, caller, request)?, None))
            }
        });
        answer.unwrap_or_else(|refusal| (refusal.into_response(), None))
    }

    /// Before each event: what only an event knows, because it brings the settings.
    pub(super) fn begin(&mut self, turn: &Turn<'_>) {
        self.start_sessions(turn);
        if let Some(name) = turn.config.consumer_assignors.first() {
            self.default_assignor.clone_from(name);
        }
    }

    fn stay(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        caller: &Caller,
        mut request: ConsumerGroupHeartbeatRequest,
    ) -> Result<ConsumerGroupHeartbeatResponse, Refusal> {
        let admission = self.admit(turn, &request)?;
        self.check_pattern(&request)?;
        // From here on, nothing is refused any more.
        if request.member_id.is_empty() {
            request.member_id = new_member_id(turn.ids);
        }
        if let Admission::InPlaceOf(old) = admission {
            self.replace_static_member(turn, &old, &request.member_id);
        }
        let before = self.members.get(&request.member_id).cloned().unwrap_or_else(Member::new);
        let value = updated(&before.value, caller, &request);
        let subscription_changed = self.update_member(turn, &request.member_id, value, &before);
        self.timers.rejoins_no_more(&request.member_id);
        self.update_epoch(turn, topics, subscription_changed);
        let owned = request.topic_partitions.as_deref();
        self.go_on(turn, topics, &request.member_id, owned, subscription_changed);
        Ok(self.answer(turn, &request, &before.current))
    }

    /// Whether the member may be or become one.
    fn admit(&self, turn: &Turn<'_>, request: &ConsumerGroupHeartbeatRequest) -> Result<Admission, Refusal> {
        let member_id = request.member_id.as_str();
        let joins = request.member_epoch == JOIN;
        if !joins && self.epoch == 0 && self.members.is_empty() {
            return Err(Refusal::new(
                ErrorCode::GroupIdNotFound,
                format!("There is no group {}.", self.group_id),
            ));
        }
        let known = self.members.get(member_id);
        if self.is_full_for(member_id, turn.config) {
            return Err(Refusal::new(
                ErrorCode::GroupMaxSizeReached,
                format!("The group has {} members already.", self.members.len()),
            ));
        }
        if let Some(instance_id) = &request.instance_id {
            return self.admit_static(request, instance_id);
        }
        match known {
            Some(member) => check_epoch(&member.current, request)?,
            None if joins => {}
            None => return Err(unknown_member(member_id)),
        }
        Ok(Admission::AsItself)
    }

    pub(super) fn is_full_for(&self, member_id: &str, config: &GroupConfig) -> bool {
        self.members.len() >= config.consumer_max_size && !self.members.contains_key(member_id)
    }

    fn admit_static(
        &self,
        request: &ConsumerGroupHeartbeatRequest,
        instance_id: &str,
    ) -> Result<Admission, Refusal> {
        let holder = self.static_member(instance_id);
        if request.member_epoch == JOIN {
            return match holder {
                None => Ok(Admission::AsItself),
                Some((holder, member))
                    if member.current.epoch == LEAVE_FOR_A_WHILE || member.classic().is_some() =>
                {
                    Ok(Admission::InPlaceOf(holder.to_owned()))
                }
                Some((holder, _)) => Err(Refusal::new(
                    ErrorCode::UnreleasedInstanceId,
                    format!("The instance id {instance_id} is in use by the member {holder}."),
                )),
            };
        }
        let (holder, member) = holder.ok_or_else(|| unknown_instance(instance_id))?;
        check_holder(holder, &request.member_id, instance_id)?;
        check_epoch(&member.current, request)?;
        Ok(Admission::AsItself)
    }

    /// The member with this instance id.
    pub(super) fn static_member(&self, instance_id: &str) -> Option<(&str, &Member)> {
        let holder = self.static_members.get(instance_id)?;
        Some((holder, self.members.get(holder)?))
    }

    /// A new expression has to be right; one that another member has is.
    fn check_pattern(&self, request: &ConsumerGroupHeartbeatRequest) -> Result<(), Refusal> {
        let new = request.subscribed_topic_regex.as_deref().filter(|pattern| !pattern.is_empty());
        match new {
            Some(pattern) if !self.patterns.contains_key(pattern) => match Pattern::new(pattern) {
                Ok(_) => Ok(()),
                Err(error) => Err(Refusal::new(
                    ErrorCode::InvalidRegularExpression,
                    format!("SubscribedTopicRegex `{pattern}` is not valid: {error}"),
                )),
            },
            _ => Ok(()),
        }
    }

    /// Gives all that a static member was and had to the one that comes back for it.
    pub(super) fn replace_static_member(&mut self, turn: &mut Turn<'_>, old: &str, new: &str) {
        let Some(member) = self.members.get(old).cloned() else { return };
        let target = self.target.get(old).cloned().unwrap_or_default();
        self.remove_member(turn, old);
        let (group_id, member_id) = (self.group_id.clone(), new.to_owned());
        self.emit(turn, GroupRecord::ConsumerGroupMember { group_id, member_id, value: Some(member.value) });
        self.emit_target(turn, new, &target);
        self.emit_current(turn, new, &Current { epoch: 0, previous_epoch: 0, ..member.current });
    }

    /// Keeps what the member says of itself, and says whether its subscription is another one now.
    pub(super) fn update_member(
        &mut self,
        turn: &mut Turn<'_>,
        member_id: &str,
        value: ConsumerGroupMemberValue,
        before: &Member,
    ) -> bool {
        let changed = value.subscribed_topic_names != before.value.subscribed_topic_names
            || pattern_of(&value) != before.pattern();
        if value != before.value || !self.members.contains_key(member_id) {
            let (group_id, member_id) = (self.group_id.clone(), member_id.to_owned());
            self.emit(turn, GroupRecord::ConsumerGroupMember { group_id, member_id, value: Some(value) });
        }
        changed
    }

    /// Counts a change of the subscriptions, or of the topics that they are of.
    pub(super) fn update_epoch(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        subscription_changed: bool,
    ) {
        let mut changed = self.epoch == 0 || subscription_changed;
        if subscription_changed || self.patterns_are_due(turn, topics) {
            changed |= self.refresh_patterns(turn, topics);
        }
        if !changed && self.checked_version == Some(topics.version()) {
            return;
        }
        let hash = self.subscription_hash(topics);
        if changed || hash != self.metadata_hash {
            self.bump_epoch(turn, hash);
        }
        self.checked_version = Some(topics.version());
    }

    /// Counts a change of the group.
    pub(super) fn bump_epoch(&mut self, turn: &mut Turn<'_>, metadata_hash: i64) {
        let is_new = self.epoch == 0 && self.creation_time_ms < 0;
        let creation_time_ms = if is_new { turn.now.time.0 } else { self.creation_time_ms };
        let value =
            ConsumerGroupValue { epoch: self.epoch.saturating_add(1), metadata_hash, creation_time_ms };
        let group_id = self.group_id.clone();
        self.emit(turn, GroupRecord::ConsumerGroup { group_id, value: Some(value) });
    }

    /// Makes a new target if the group has changed, and gets the member on its way to it.
    pub(super) fn go_on(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        member_id: &str,
        owned: Option<&[TopicPartitions]>,
        subscription_changed: bool,
    ) {
        if self.epoch > self.target_epoch {
            self.assign(turn, topics);
        }
        self.reconcile(turn, topics, member_id, owned, subscription_changed);
    }

    fn reconcile(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        member_id: &str,
        owned: Option<&[TopicPartitions]>,
        subscription_changed: bool,
    ) {
        let Some(member) = self.members.get(member_id) else { return };
        if member.current.is_reconciled_to(self.target_epoch) && !subscription_changed {
            return;
        }
        let nothing = Partitions::new();
        let next = Reconciliation {
            target_epoch: self.target_epoch,
            target: self.target.get(member_id).unwrap_or(&nothing),
            subscribed: &self.topics_of(member, topics),
            is_taken: &|topic: TopicId, partition| self.owners.contains_key(&(topic, partition)),
            owned,
            subscription_changed,
        }
        .next(&member.current);
        if next == member.current {
            return;
        }
        // A member of the classic protocol has to rejoin to give back, and has its time for that.
        let until = (next.state == MemberState::UnrevokedPartitions && member.classic().is_none())
            .then(|| (turn.now.tick.after(member.value.rebalance_timeout_ms), next.epoch));
        self.emit_current(turn, member_id, &next);
        self.timers.rebalance(member_id, until);
    }

    fn answer(
        &mut self,
        turn: &Turn<'_>,
        request: &ConsumerGroupHeartbeatRequest,
        before: &Current,
    ) -> ConsumerGroupHeartbeatResponse {
        let blank = Member::new();
        let member = self.members.get(&request.member_id).unwrap_or(&blank);
        self.timers.session(&request.member_id, turn.now.tick.after(session_timeout(&member.value, turn)));
        let is_full = request.rebalance_timeout_ms != -1
            && (request.subscribed_topic_names.is_some() || request.subscribed_topic_regex.is_some())
            && request.topic_partitions.is_some();
        let changed = without_epochs(&before.assigned) != without_epochs(&member.current.assigned);
        let tells = request.member_epoch == JOIN || is_full || changed;
        ConsumerGroupHeartbeatResponse {
            throttle_time_ms: 0,
            error_code: ErrorCode::None.as_i16(),
            error_message: None,
            member_id: Some(request.member_id.clone()),
            member_epoch: member.current.epoch,
            heartbeat_interval_ms: turn.config.consumer_heartbeat_interval_ms,
            assignment: tells.then(|| Assignment { topic_partitions: to_wire(&member.current.assigned) }),
        }
    }
}

/// What a member says of itself now; what it leaves out is as before.
fn updated(
    before: &ConsumerGroupMemberValue,
    caller: &Caller,
    request: &ConsumerGroupHeartbeatRequest,
) -> ConsumerGroupMemberValue {
    let mut value = before.clone();
    if let Some(names) = &request.subscribed_topic_names {
        value.subscribed_topic_names.clone_from(names);
        value.subscribed_topic_names.sort_unstable();
        value.subscribed_topic_names.dedup();
    }
    let either = |new: &Option<String>, old: Option<String>| new.clone().or(old);
    value.instance_id = either(&request.instance_id, value.instance_id);
    value.rack_id = either(&request.rack_id, value.rack_id);
    value.subscribed_topic_regex = either(&request.subscribed_topic_regex, value.subscribed_topic_regex);
    value.server_assignor = either(&request.server_assignor, value.server_assignor);
    if request.rebalance_timeout_ms != -1 {
        value.rebalance_timeout_ms = request.rebalance_timeout_ms;
    }
    value.client_id.clone_from(&caller.client_id);
    value.client_host = caller.host_text();
    value.classic_member_metadata = None;
    value
}

/// A member's epoch has to be the one that is known here; the one before will do if the answer with the new one may have
/// been lost, and the member has nothing that it must not have.
fn check_epoch(current: &Current, request: &ConsumerGroupHeartbeatRequest) -> Result<(), Refusal> {
    let epoch = request.member_epoch;
    let owned = request.topic_partitions.as_deref();
    if epoch == JOIN || epoch == current.epoch {
        return Ok(());
    }
    if epoch < current.epoch && epoch == current.previous_epoch && current.covers(owned) {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::FencedMemberEpoch,
        format!(
            "The member's epoch {epoch} is not {}, the one that is known here: give up all partitions and rejoin.",
            current.epoch
        ),
    ))
}

pub(super) fn check_holder(holder: &str, member_id: &str, instance_id: &str) -> Result<(), Refusal> {
    if holder == member_id {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::FencedInstanceId,
        format!("The instance id {instance_id} is the member {holder}'s, not {member_id}'s."),
    ))
}

pub(super) fn unknown_member(member_id: &str) -> Refusal {
    Refusal::new(ErrorCode::UnknownMemberId, format!("The group has no member {member_id}."))
}

pub(super) fn unknown_instance(instance_id: &str) -> Refusal {
    Refusal::new(
        ErrorCode::UnknownMemberId,
        format!("The group has no member with the instance id {instance_id}."),
    )
}

/// A new id in Kafka's text form, which never starts with `-`.
pub(super) fn new_member_id(ids: &mut dyn MemberIds) -> String {
    loop {
        let id = TopicId::from_bytes(ids.next_id().to_be_bytes()).to_string();
        if !id.starts_with('-') {
            return id;
        }
    }
}

//! A group, and what is easily said of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use klamm_model::{ErrorCode, TimestampMs};

use super::{Member, State};
use crate::deadlines::Deadlines;
use crate::{Now, Tick};

/// A group of the classic protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassicGroup {
    pub(super) id: String,
    pub(super) state: State,
    /// The state before.
    pub(super) previous: State,
    /// Since when it is in this state.
    pub(super) since: TimestampMs,
    pub(super) generation: i32,
    /// The class of protocols of its members, or of those it had last.
    pub(super) protocol_type: Option<String>,
    /// What the members of this generation agreed on.
    pub(super) protocol: Option<String>,
    pub(super) leader: Option<String>,
    pub(super) members: BTreeMap<String, Member>,
    /// Who of the members is which static member.
    pub(super) instances: HashMap<String, String>,
    /// Who was told an id and has not joined with it yet.
    pub(super) pending: BTreeSet<String>,
    /// Members who have joined this generation and did not ask yet what to do.
    pub(super) unsynced: BTreeSet<String>,
    /// When members and pending members count as dead.
    pub(super) sessions: Deadlines,
    /// When joining ends.
    pub(super) joining_ends: Option<JoiningEnds>,
    /// When syncing ends.
    pub(super) syncing_ends: Option<Tick>,
    /// Whether someone came since the first rebalance was last put off.
    pub(super) someone_came: bool,
    pub(super) next_number: u64,
}

/// When joining ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct JoiningEnds {
    pub(super) at: Tick,
    /// For how long it may be put off, in milliseconds: only the first rebalance of an empty group, while members come.
    pub(super) may_be_put_off_ms: i32,
    /// For how long it was put off last.
    pub(super) put_off_ms: i32,
}

impl ClassicGroup {
    /// A group without members.
    pub fn new(group_id: String, now: Now) -> ClassicGroup {
        ClassicGroup {
            id: group_id,
            state: State::Empty,
            previous: State::Empty,
            since: now.time,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            instances: HashMap::new(),
            pending: BTreeSet::new(),
            unsynced: BTreeSet::new(),
            sessions: Deadlines::default(),
            joining_ends: None,
            syncing_ends: None,
            someone_came: false,
            next_number: 0,
        }
    }

    /// Its state.
    pub fn state(&self) -> State {
        self.state
    }

    /// Its state, as Kafka's tools show it.
    pub fn state_name(&self) -> &'static str {
        self.state.name()
    }

    /// The class of protocols that its members speak, `consumer` for consumers; `None` if it never had one.
    pub fn protocol_type(&self) -> Option<&str> {
        self.protocol_type.as_deref()
    }

    /// What the members of this generation agreed on.
    pub(crate) fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// The generation; 0 before the first.
    pub fn generation(&self) -> i32 {
        self.generation
    }

    /// The members, by id.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// How many members it has.
    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// Whether it has no members and prepares for none.
    pub fn is_empty(&self) -> bool {
        self.state == State::Empty
    }

    /// Since when it is empty; `None` if it is not.
    pub fn empty_since(&self) -> Option<TimestampMs> {
        self.is_empty().then_some(self.since)
    }

    /// Whether it may be deleted.
    pub fn check_delete(&self) -> Result<(), ErrorCode> {
        if self.is_empty() { Ok(()) } else { Err(ErrorCode::NonEmptyGroup) }
    }

    /// Whether someone is the member that he says to be.
    pub(super) fn check_member(&self, member_id: &str, instance_id: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance_id) = instance_id {
            match self.instances.get(instance_id) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(current) if current != member_id => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member_id) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    /// As [`ClassicGroup::check_member`], and whether the generation is the current one.
    pub(super) fn check_generation(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<(), ErrorCode> {
        self.check_member(member_id, instance_id)?;
        if generation == self.generation { Ok(()) } else { Err(ErrorCode::IllegalGeneration) }
    }

    pub(super) fn enter(&mut self, state: State, now: Now) {
        self.previous = std::mem::replace(&mut self.state, state);
        self.since = now.time;
    }

    /// A member gave a sign of life.
    pub(super) fn renew_session(&mut self, member_id: &str, now: Now) {
        if let Some(member) = self.members.get(member_id) {
            self.sessions.set(member_id, now.tick.after(member.session_timeout_ms));
        }
    }

    /// The longest that a member may take to join again, in milliseconds.
    pub(super) fn rebalance_timeout_ms(&self) -> i32 {
        self.members.values().map(|member| member.rebalance_timeout_ms).max().unwrap_or(0)
    }

    pub(super) fn is_leader(&self, member_id: &str) -> bool {
        self.leader.as_deref() == Some(member_id)
    }
}

//! From a group of the consumer protocol whose members all speak the classic one (KIP-848).

use bytes::Bytes;

use super::join::FIRST_SKIPPING_ASSIGNMENT;
use super::{ClassicGroup, Member, State};
use crate::embedded::CONSUMERS;
use crate::records::{ClassicMemberMetadata, ConsumerGroupMemberValue};
use crate::{Caller, Now, Reply, Ticket, Turn};

impl Member {
    /// A member as a group of the consumer protocol knows it, with what it has there.
    pub(crate) fn from_consumer(
        id: String,
        value: &ConsumerGroupMemberValue,
        classic: &ClassicMemberMetadata,
        assignment: Bytes,
    ) -> Member {
        let session_timeout_ms = classic.session_timeout_ms;
        let timeout_ms = value.rebalance_timeout_ms;
        let protocols = classic.supported_protocols.iter();
        Member {
            id,
            instance_id: value.instance_id.clone(),
            client_id: value.client_id.clone(),
            client_host: value.client_host.clone(),
            rebalance_timeout_ms: if timeout_ms < 0 { session_timeout_ms } else { timeout_ms },
            session_timeout_ms,
            protocols: protocols.map(|protocol| (protocol.name.clone(), protocol.metadata.clone())).collect(),
            assignment,
            joining: None,
            syncing: None,
            is_new: false,
            number: 0,
        }
    }
}

impl ClassicGroup {
    /// A group of consumers that had another protocol until now. It is in the generation that its members take for theirs, and
    /// has no leader: none of them was told to be it.
    pub(crate) fn from_consumers(
        group_id: String,
        generation: i32,
        members: impl Iterator<Item = Member>,
        now: Now,
    ) -> ClassicGroup {
        let mut group = ClassicGroup::new(group_id, now);
        for mut member in members {
            group.next_number += 1;
            member.number = group.next_number;
            if let Some(instance_id) = &member.instance_id {
                group.instances.insert(instance_id.clone(), member.id.clone());
            }
            group.sessions.set(&member.id, now.tick.after(member.session_timeout_ms));
            group.members.insert(member.id.clone(), member);
        }
        (group.state, group.previous) = (State::Stable, State::Stable);
        group.generation = generation;
        group.protocol_type = Some(CONSUMERS.to_owned());
        group.protocol = group.vote();
        group
    }

    /// All members have to join again.
    pub(crate) fn rebalance(&mut self, turn: &mut Turn<'_>) {
        self.rebalance_or_go_on(turn);
    }

    /// A static member joins, whose JoinGroup gave the group its protocol: it waits for the rebalance.
    pub(crate) fn rebalance_with(&mut self, turn: &mut Turn<'_>, member_id: &str, ticket: Ticket) {
        if let Some(member) = self.members.get_mut(member_id) {
            member.joining = Some(ticket);
        }
        self.rebalance_or_go_on(turn);
    }

    /// This member is the leader.
    pub(crate) fn lead_by(&mut self, member_id: &str) {
        self.leader = Some(member_id.to_owned());
    }

    /// Answers a static member whose JoinGroup gave the group its protocol while nothing has to be dealt out anew. It is the
    /// leader, so that somebody looks after the topics; a client that would take that for an order to assign is not told.
    pub(crate) fn answer_leader(
        &self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        member_id: &str,
        ticket: Ticket,
    ) {
        let mut joined = self.joined(member_id);
        if caller.api_version >= FIRST_SKIPPING_ASSIGNMENT {
            joined.skip_assignment = true;
        } else {
            joined.leader.clear();
            joined.members.clear();
        }
        turn.effects.reply(ticket, Reply::Join(joined));
    }

    /// After the log was read: a group that has members and no leader had just changed its protocol, and was to rebalance.
    pub(crate) fn loaded(&mut self, now: Now) {
        if self.state == State::Stable && self.leader.is_none() {
            self.begin_joining(now, self.rebalance_timeout_ms(), 0);
        }
    }
}

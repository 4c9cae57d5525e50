//! A group as a record, and back.

use klamm_model::TimestampMs;

use super::{ClassicGroup, Member, State};
use crate::records::{ClassicGroupValue, ClassicMemberValue, GroupRecord};
use crate::{Effects, Now};

impl ClassicGroup {
    /// The group as it is now.
    pub fn record(&self) -> GroupRecord {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let members = self.members.values().map(|member| member_value(member, protocol));
        let value = ClassicGroupValue {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            current_state_timestamp: self.since.0,
            members: members.collect(),
        };
        GroupRecord::ClassicGroup { group_id: self.id.clone(), value: Some(value) }
    }

    /// The group that a record tells of. Its members' sessions begin anew: they could not give a sign of life.
    pub fn from_record(group_id: String, value: &ClassicGroupValue, now: Now) -> ClassicGroup {
        let mut group = ClassicGroup::new(group_id, now);
        let protocol = value.protocol.clone().unwrap_or_default();
        for member in &value.members {
            group.next_number += 1;
            let member = member_of(member, &protocol, group.next_number);
            if let Some(instance_id) = &member.instance_id {
                group.instances.insert(instance_id.clone(), member.id.clone());
            }
            group.sessions.set(&member.id, now.tick.after(member.session_timeout_ms));
            group.members.insert(member.id.clone(), member);
        }
        group.state = if group.members.is_empty() { State::Empty } else { State::Stable };
        group.previous = group.state;
        if value.current_state_timestamp >= 0 {
            group.since = TimestampMs(value.current_state_timestamp);
        }
        group.generation = value.generation;
        group.protocol_type = Some(value.protocol_type.clone()).filter(|protocol| !protocol.is_empty());
        group.protocol.clone_from(&value.protocol);
        group.leader = value.leader.clone().filter(|leader| group.members.contains_key(leader));
        group
    }

    /// Emits what makes the group forgotten.
    pub fn delete(&self, effects: &mut Effects) {
        effects.record(GroupRecord::ClassicGroup { group_id: self.id.clone(), value: None });
    }
}

fn member_value(member: &Member, protocol: &str) -> ClassicMemberValue {
    ClassicMemberValue {
        member_id: member.id.clone(),
        group_instance_id: member.instance_id.clone(),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        rebalance_timeout: member.rebalance_timeout_ms,
        session_timeout: member.session_timeout_ms,
        subscription: member.metadata(protocol).cloned().unwrap_or_default(),
        assignment: member.assignment.clone(),
    }
}

fn member_of(value: &ClassicMemberValue, protocol: &str, number: u64) -> Member {
    let timeout_ms =
        if value.rebalance_timeout < 0 { value.session_timeout } else { value.rebalance_timeout };
    Member {
        id: value.member_id.clone(),
        instance_id: value.group_instance_id.clone(),
        client_id: value.client_id.clone(),
        client_host: value.client_host.clone(),
        rebalance_timeout_ms: timeout_ms,
        session_timeout_ms: value.session_timeout,
        protocols: vec![(protocol.to_owned(), value.subscription.clone())],
        assignment: value.assignment.clone(),
        joining: None,
        syncing: None,
        is_new: false,
        number,
    }
}

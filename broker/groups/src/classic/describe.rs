//! A group as tools show it.

use bytes::Bytes;
use klamm_wire::messages::describe_groups::{DescribedGroup, DescribedGroupMember};

use super::{ClassicGroup, Member, State};

impl ClassicGroup {
    /// The group with its members; what they said and do is shown while the group is stable, as Kafka does.
    pub fn describe(&self) -> DescribedGroup {
        let stable = self.state == State::Stable;
        let protocol = self.protocol.as_deref().filter(|_| stable);
        DescribedGroup {
            group_id: self.id.clone(),
            group_state: self.state_name().to_owned(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            protocol_data: protocol.unwrap_or_default().to_owned(),
            members: self.members.values().map(|member| described(member, protocol)).collect(),
            ..DescribedGroup::default()
        }
    }
}

fn described(member: &Member, protocol: Option<&str>) -> DescribedGroupMember {
    let metadata = protocol.and_then(|protocol| member.metadata(protocol)).cloned();
    DescribedGroupMember {
        member_id: member.id.clone(),
        group_instance_id: member.instance_id.clone(),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        member_metadata: metadata.unwrap_or_default(),
        member_assignment: if protocol.is_some() { member.assignment.clone() } else { Bytes::new() },
    }
}

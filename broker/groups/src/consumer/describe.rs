//! The group for people and tools.

use klamm_model::{ErrorCode, TopicId};
use klamm_wire::messages::consumer_group_describe::{
    Assignment, DescribedGroup, Member as DescribedMember, TopicPartitions,
};

use super::ConsumerGroup;
use super::member::Member;
use super::partitions::{Partitions, without_epochs};
use crate::Topics;

impl ConsumerGroup {
    /// The group with its members. Topics that do not exist any more are left out.
    pub fn describe(&self, topics: &dyn Topics) -> DescribedGroup {
        DescribedGroup {
            error_code: ErrorCode::None.as_i16(),
            error_message: None,
            group_id: self.group_id.clone(),
            group_state: self.state_name().to_owned(),
            group_epoch: self.epoch,
            assignment_epoch: self.target_epoch,
            assignor_name: self.preferred_assignor().unwrap_or(&self.default_assignor).to_owned(),
            members: self
                .members
                .iter()
                .map(|(id, member)| self.describe_member(id, member, topics))
                .collect(),
            authorized_operations: i32::MIN,
        }
    }

    fn describe_member(&self, member_id: &str, member: &Member, topics: &dyn Topics) -> DescribedMember {
        let nothing = Partitions::new();
        let target = self.target.get(member_id).unwrap_or(&nothing);
        let value = &member.value;
        DescribedMember {
            member_id: member_id.to_owned(),
            instance_id: value.instance_id.clone(),
            rack_id: value.rack_id.clone(),
            member_epoch: member.current.epoch,
            client_id: value.client_id.clone(),
            client_host: value.client_host.clone(),
            subscribed_topic_names: value.subscribed_topic_names.clone(),
            subscribed_topic_regex: value.subscribed_topic_regex.clone(),
            assignment: named(&without_epochs(&member.current.assigned), topics),
            target_assignment: named(target, topics),
            member_type: i8::from(value.classic_member_metadata.is_none()),
        }
    }
}

fn named(partitions: &Partitions, topics: &dyn Topics) -> Assignment {
    let topic = |(topic_id, partitions): (&TopicId, &std::collections::BTreeSet<i32>)| {
        let (name, _) = topics.by_id(*topic_id)?;
        let topic_name = name.to_owned();
        Some(TopicPartitions {
            topic_id: *topic_id,
            topic_name,
            partitions: partitions.iter().copied().collect(),
        })
    };
    Assignment { topic_partitions: partitions.iter().filter_map(topic).collect() }
}

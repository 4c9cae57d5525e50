//! What operators ask.

use klamm_model::ErrorCode;
use klamm_wire::messages::consumer_group_describe;
use klamm_wire::messages::describe_groups;
use klamm_wire::messages::list_groups::ListedGroup;

use super::{Coordinator, Group};
use crate::{Topics, Turn};

/// What groups of these protocols are called.
const CLASSIC: &str = "classic";
const CONSUMER: &str = "consumer";
/// A group that is not there.
const DEAD: &str = "Dead";

impl Coordinator {
    /// The groups in one of `states` and of one of `types`; an empty list means all. Case does not matter.
    pub fn list(&self, states: &[String], types: &[String]) -> Vec<ListedGroup> {
        let wanted = |list: &[String], it: &str| {
            list.is_empty() || list.iter().any(|wanted| wanted.eq_ignore_ascii_case(it))
        };
        self.groups
            .iter()
            .map(|(group_id, group)| listed(group_id, group))
            .filter(|group| wanted(states, &group.group_state) && wanted(types, &group.group_type))
            .collect()
    }

    /// A group of the classic protocol. `None` if there is none of this name.
    pub fn describe(&self, group_id: &str) -> Option<describe_groups::DescribedGroup> {
        match self.groups.get(group_id) {
            Some(Group::Classic(group)) => Some(group.describe()),
            Some(Group::Consumer { .. }) | None => None,
        }
    }

    /// A group of the consumer protocol. `None` if there is none of this name.
    pub fn describe_consumer(
        &self,
        group_id: &str,
        topics: &dyn Topics,
    ) -> Option<consumer_group_describe::DescribedGroup> {
        match self.groups.get(group_id) {
            Some(Group::Consumer { group, .. }) => Some(group.describe(topics)),
            Some(Group::Classic(_)) | None => None,
        }
    }

    /// Forgets a group and its offsets, if it has no members.
    pub fn delete_group(&mut self, turn: &mut Turn<'_>, group_id: &str) -> Result<(), ErrorCode> {
        let group = self.groups.get(group_id).ok_or(ErrorCode::GroupIdNotFound)?;
        group.check_delete()?;
        let tombstones = self.offsets.tombstones(group_id, |_, _, _| true);
        self.forget(turn, tombstones);
        self.forget_group(turn, group_id);
        Ok(())
    }

    /// Forgets offsets of topics that the group does not read (KIP-496). Gives what became of each, in order.
    pub fn delete_offsets(
        &mut self,
        turn: &mut Turn<'_>,
        group_id: &str,
        partitions: &[(String, i32)],
    ) -> Result<Vec<ErrorCode>, ErrorCode> {
        let group = self.groups.get(group_id).ok_or(ErrorCode::GroupIdNotFound)?;
        let is_read = readers(group)?;
        let code =
            |topic: &str| if is_read(topic) { ErrorCode::GroupSubscribedToTopic } else { ErrorCode::None };
        let codes = partitions.iter().map(|(topic, _)| code(topic)).collect();
        let tombstones = self.offsets.tombstones(group_id, |topic, partition, _| {
            let named = partitions.iter().any(|(name, index)| name == topic && *index == partition);
            named && !is_read(topic)
        });
        drop(is_read);
        self.forget(turn, tombstones);
        Ok(codes)
    }
}

/// Whether the members read a topic.
type IsRead<'g> = dyn Fn(&str) -> bool + 'g;

/// Which topics the members read. An error if that can't be known.
fn readers(group: &Group) -> Result<Box<IsRead<'_>>, ErrorCode> {
    match group {
        Group::Classic(group) if group.is_empty() => Ok(Box::new(|_| false)),
        Group::Classic(group) => {
            let topics = group.subscribed_topics().ok_or(ErrorCode::NonEmptyGroup)?;
            Ok(Box::new(move |topic| topics.contains(topic)))
        }
        Group::Consumer { group, .. } => Ok(Box::new(|topic| group.is_subscribed(topic))),
    }
}

fn listed(group_id: &str, group: &Group) -> ListedGroup {
    let (protocol_type, state, kind) = match group {
        Group::Classic(group) => (group.protocol_type().unwrap_or_default(), group.state_name(), CLASSIC),
        Group::Consumer { group, .. } => (CONSUMER, group.state_name(), CONSUMER),
    };
    ListedGroup {
        group_id: group_id.to_owned(),
        protocol_type: protocol_type.to_owned(),
        group_state: state.to_owned(),
        group_type: kind.to_owned(),
    }
}

/// How DescribeGroups shows a group that is not there, or of the other protocol (KIP-1043).
pub fn not_described(
    group_id: String,
    tells_code: bool,
    of_other_protocol: bool,
) -> describe_groups::DescribedGroup {
    let message = if of_other_protocol {
        format!("Group {group_id} is not a classic group.")
    } else {
        format!("Group {group_id} not found.")
    };
    let code = if tells_code { ErrorCode::GroupIdNotFound } else { ErrorCode::None };
    describe_groups::DescribedGroup {
        error_code: code.as_i16(),
        error_message: tells_code.then_some(message),
        group_id,
        group_state: DEAD.to_owned(),
        ..describe_groups::DescribedGroup::default()
    }
}

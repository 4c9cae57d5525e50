//! Who is in a group: one form for classic groups and for those of the consumer protocol (KIP-848).

use std::collections::BTreeMap;

use klamm_model::{BrokerId, ErrorCode};
use klamm_wire::messages::consumer_group_describe as consumer;
use klamm_wire::messages::describe_groups as classic;
use klamm_wire::messages::{ConsumerGroupDescribeRequest, DescribeGroupsRequest};

use super::assignment;
use crate::client::{Again, Answers, Client, ClientError, Outcome, Target, check};

/// Topics with partitions.
pub(super) type Partitions = BTreeMap<String, Vec<i32>>;

/// A group.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub id: String,
    /// `classic` or `consumer`.
    pub kind: &'static str,
    pub state: String,
    /// What chooses who reads what; empty if nothing did yet.
    pub assignor: String,
    pub coordinator: BrokerId,
    /// The group's epoch and the one that the assignment was made for; only of the consumer protocol.
    pub epochs: Option<(i32, i32)>,
    pub members: Vec<Member>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Member {
    pub id: String,
    pub instance_id: Option<String>,
    pub client_id: String,
    pub host: String,
    pub rack: Option<String>,
    pub assigned: Partitions,
    /// Only of the consumer protocol: what it is to have once the others let go.
    pub target: Option<Partitions>,
    pub epoch: Option<i32>,
    pub subscription: Vec<String>,
    pub subscription_pattern: Option<String>,
    /// Why assignment or subscription can't be shown.
    pub unreadable: Option<String>,
}

impl Member {
    /// How many partitions it has.
    pub fn partition_count(&self) -> usize {
        self.assigned.values().map(Vec::len).sum()
    }
}

/// Describes groups of both kinds.
pub(super) async fn describe(client: &mut Client, groups: &[String]) -> BTreeMap<String, Outcome<Group>> {
    client
        .at_coordinators(Again::Always, groups, async |client, coordinator, groups| {
            let mut answers = consumer_groups(client, coordinator, groups).await?;
            let (found, others): (Vec<_>, Vec<_>) =
                answers.drain(..).partition(|(_, answer)| !answer.as_ref().is_err_and(may_be_classic));
            let others: Vec<String> = others.into_iter().map(|(group, _)| group).collect();
            answers = found;
            if !others.is_empty() {
                answers.extend(classic_groups(client, coordinator, &others).await?);
            }
            Ok(answers)
        })
        .await
}

/// A broker says of a group of another kind that there is none of its id.
fn may_be_classic(error: &ClientError) -> bool {
    matches!(error, ClientError::MissingApi { .. })
        || matches!(error.code(), Some(ErrorCode::GroupIdNotFound | ErrorCode::UnsupportedVersion))
}

fn doing(group: &str) -> String {
    format!("describing group {group}")
}

async fn consumer_groups(
    client: &mut Client,
    coordinator: BrokerId,
    groups: &[String],
) -> Result<Answers<String, Group>, ClientError> {
    let request = ConsumerGroupDescribeRequest { group_ids: groups.to_vec(), ..Default::default() };
    let target = Target::Broker(coordinator);
    let response = match client.call(target, &request).await {
        Ok(response) => response,
        // A broker before KIP-848 has classic groups only.
        Err(ClientError::MissingApi { .. }) => {
            let unknown = |group: &String| {
                let code = ErrorCode::UnsupportedVersion.as_i16();
                check(code, None, doing(group)).err().map(|error| (group.clone(), Err(error)))
            };
            return Ok(groups.iter().filter_map(unknown).collect());
        }
        Err(error) => return Err(error),
    };
    let group = |group: consumer::DescribedGroup| {
        let id = group.group_id.clone();
        let checked = check(group.error_code, group.error_message.as_deref(), doing(&id));
        (id, checked.map(|()| of_consumers(group, coordinator)))
    };
    Ok(response.groups.into_iter().map(group).collect())
}

fn of_consumers(group: consumer::DescribedGroup, coordinator: BrokerId) -> Group {
    let partitions = |assignment: consumer::Assignment| -> Partitions {
        assignment.topic_partitions.into_iter().map(|topic| (topic.topic_name, topic.partitions)).collect()
    };
    let member = |member: consumer::Member| Member {
        id: member.member_id,
        instance_id: member.instance_id,
        client_id: member.client_id,
        host: host(&member.client_host),
        rack: member.rack_id,
        assigned: partitions(member.assignment),
        target: Some(partitions(member.target_assignment)),
        epoch: Some(member.member_epoch),
        subscription: member.subscribed_topic_names,
        subscription_pattern: member.subscribed_topic_regex.filter(|pattern| !pattern.is_empty()),
        unreadable: None,
    };
    Group {
        id: group.group_id,
        kind: "consumer",
        state: group.group_state,
        assignor: group.assignor_name,
        coordinator,
        epochs: Some((group.group_epoch, group.assignment_epoch)),
        members: sorted(group.members.into_iter().map(member).collect()),
    }
}

async fn classic_groups(
    client: &mut Client,
    coordinator: BrokerId,
    groups: &[String],
) -> Result<Answers<String, Group>, ClientError> {
    let request = DescribeGroupsRequest { groups: groups.to_vec(), ..Default::default() };
    let response = client.call(Target::Broker(coordinator), &request).await?;
    let group = |group: classic::DescribedGroup| {
        let id = group.group_id.clone();
        // Up to version 5 a group that isn't there is a dead one.
        let dead = group.error_code == 0 && group.group_state == "Dead";
        let code = if dead { ErrorCode::GroupIdNotFound.as_i16() } else { group.error_code };
        let checked = check(code, group.error_message.as_deref(), doing(&id));
        (id, checked.map(|()| of_classic_members(group, coordinator)))
    };
    Ok(response.groups.into_iter().map(group).collect())
}

fn of_classic_members(group: classic::DescribedGroup, coordinator: BrokerId) -> Group {
    // What other protocols (Kafka Connect's, a schema registry's) tell each other is theirs.
    let consumers = group.protocol_type == "consumer";
    let member = |member: classic::DescribedGroupMember| {
        let mut described = Member {
            id: member.member_id,
            instance_id: member.group_instance_id,
            client_id: member.client_id,
            host: host(&member.client_host),
            ..Member::default()
        };
        if consumers {
            match assignment::partitions(&member.member_assignment) {
                Ok(assigned) => described.assigned = assigned,
                Err(error) => described.unreadable = Some(format!("its assignment can't be read: {error}")),
            }
            match assignment::subscription(&member.member_metadata) {
                Ok(topics) => described.subscription = topics,
                Err(error) => described.unreadable = Some(format!("its subscription can't be read: {error}")),
            }
        }
        described
    };
    Group {
        id: group.group_id,
        kind: "classic",
        state: group.group_state,
        assignor: group.protocol_data,
        coordinator,
        epochs: None,
        members: sorted(group.members.into_iter().map(member).collect()),
    }
}

/// Java writes an address with a slash in front.
fn host(text: &str) -> String {
    text.strip_prefix('/').unwrap_or(text).to_owned()
}

fn sorted(mut members: Vec<Member>) -> Vec<Member> {
    members.sort_by(|a, b| a.id.cmp(&b.id));
    members
}

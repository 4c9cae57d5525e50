//! Setting offsets for a group that has no members.

use std::collections::BTreeMap;

use klamm_model::ErrorCode;
use klamm_wire::messages::offset_commit::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use klamm_wire::messages::{OffsetCommitRequest, OffsetCommitResponse};

use super::Plan;
use crate::client::{Again, Client, ClientError, Target, TopicPartition, check};
use crate::error::CliError;

/// The last version that names topics; the next ones have ids only.
const LAST_WITH_NAMES: i16 = 9;

type Refusals = BTreeMap<TopicPartition, ClientError>;

/// Sets the plan's offsets, and takes those out of it that were refused: their rows say so, and so do the failures
/// for the command's end.
///
/// # Errors
/// If nothing was set at all.
pub(in crate::group) async fn commit(
    client: &mut Client,
    plan: &mut Plan,
) -> Result<Vec<CliError>, CliError> {
    let request = request(plan);
    let group = plan.group.clone();
    // Doing it twice sets the same offsets.
    let mut outcomes = client
        .at_coordinators(Again::Always, std::slice::from_ref(&group), async |client, coordinator, groups| {
            let target = Target::Broker(coordinator);
            let response = client.call_at_most(target, LAST_WITH_NAMES, &request).await?;
            Ok(groups.iter().map(|group| (group.clone(), read(group, &response))).collect())
        })
        .await;
    let refusals = match outcomes.remove(&group) {
        Some(Ok(refusals)) => refusals,
        Some(Err(error)) => return Err(CliError::from(error.as_ref())),
        None => Refusals::new(),
    };
    plan.executed = true;
    for row in &mut plan.partitions {
        let partition = TopicPartition { topic: row.topic.clone(), partition: row.partition };
        if let Some(error) = refusals.get(&partition) {
            row.new_offset = None;
            row.note = Some(match error.code() {
                Some(code) => format!("not set: {code}"),
                None => "not set".to_owned(),
            });
        }
    }
    Ok(refusals.into_values().map(CliError::from).collect())
}

/// What was refused. That the broker is not the coordinator (any more) is said of each partition, but means all.
fn read(group: &str, response: &OffsetCommitResponse) -> Result<Refusals, ClientError> {
    let mut refusals = Refusals::new();
    for topic in &response.topics {
        for answer in &topic.partitions {
            let partition = TopicPartition { topic: topic.name.clone(), partition: answer.partition_index };
            let doing = format!("setting the offset of group {group} in {partition}");
            let Err(error) = check(answer.error_code, None, doing) else { continue };
            if matches!(
                error.code(),
                Some(
                    ErrorCode::NotCoordinator
                        | ErrorCode::CoordinatorNotAvailable
                        | ErrorCode::CoordinatorLoadInProgress
                )
            ) {
                return Err(error);
            }
            refusals.insert(partition, error);
        }
    }
    Ok(refusals)
}

fn request(plan: &Plan) -> OffsetCommitRequest {
    let mut topics: BTreeMap<String, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
    for (TopicPartition { topic, partition }, offset) in plan.set() {
        topics.entry(topic).or_default().push(OffsetCommitRequestPartition {
            partition_index: partition,
            committed_offset: offset,
            // Null is refused by some versions; Java's client sends an empty text.
            committed_metadata: Some(String::new()),
            ..Default::default()
        });
    }
    let topic = |(name, partitions)| OffsetCommitRequestTopic { name, partitions, ..Default::default() };
    OffsetCommitRequest {
        group_id: plan.group.clone(),
        topics: topics.into_iter().map(topic).collect(),
        ..Default::default()
    }
}

//! `klamm group delete-offsets`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use klamm_wire::messages::OffsetDeleteRequest;
use klamm_wire::messages::offset_delete::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};

use super::committed;
use super::selection::Selection;
use crate::client::{Again, Client, ClientError, Outcome, Target, TopicPartition, check};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{confirm, note, tell_all};
use crate::session;

/// Delete a group's offsets of some topics
#[derive(Debug, Args)]
pub struct DeleteOffsetsArguments {
    /// The group's id
    group: String,
    /// A topic, or some of its partitions; may be given several times. A topic that members read is refused
    #[arg(short, long, required = true, value_name = "TOPIC[:P,P..]")]
    topic: Vec<Selection>,
    /// Don't ask
    #[arg(short, long)]
    yes: bool,
}

pub(super) async fn run(arguments: DeleteOffsetsArguments, globals: &Globals) -> Result<(), CliError> {
    let group = &arguments.group;
    let mut client = session::connect(globals).await?;
    let partitions = partitions(&mut client, group, &arguments.topic).await?;
    let named: Vec<String> = partitions.iter().map(ToString::to_string).collect();
    if !arguments.yes {
        confirm(
            &format!("delete the offsets of group {group} in {}?", named.join(", ")),
            &format!("the offsets of group {group} in {} would be deleted", named.join(", ")),
            "nothing was deleted",
        )?;
    }
    let mut failures = Vec::new();
    for (partition, outcome) in delete(&mut client, group, &partitions).await? {
        match outcome {
            Ok(()) => note(&format!("offset of group {group} in {partition} deleted")),
            Err(error) => failures.push(CliError::from(error)),
        }
    }
    tell_all(failures)
}

/// Those of the selection that something is committed of.
pub(super) async fn partitions(
    client: &mut Client,
    group: &str,
    selections: &[Selection],
) -> Result<Vec<TopicPartition>, CliError> {
    let committed = match committed::fetch(client, &[group.to_owned()]).await.remove(group) {
        Some(Err(error)) => return Err(CliError::from(error.as_ref())),
        committed => committed.and_then(Result::ok).unwrap_or_default(),
    };
    let mut partitions = BTreeSet::new();
    for selection in selections {
        let is_meant = |partition: &&TopicPartition| {
            let listed = selection.partitions.as_ref();
            partition.topic == selection.topic
                && listed.is_none_or(|listed| listed.contains(&partition.partition))
        };
        let meant: Vec<TopicPartition> = committed.keys().filter(is_meant).cloned().collect();
        if selection.partitions.as_ref().map_or(meant.is_empty(), |listed| meant.len() < listed.len()) {
            let topic = &selection.topic;
            let missing = format!(
                "group {group} has no committed offset of topic {topic}, or not of all partitions named"
            );
            return Err(CliError::not_found(missing)
                .next(format!("`klamm group describe {group}` shows what it has; nothing was deleted")));
        }
        partitions.extend(meant);
    }
    Ok(partitions.into_iter().collect())
}

/// What became of each partition's offset.
pub(super) async fn delete(
    client: &mut Client,
    group: &str,
    partitions: &[TopicPartition],
) -> Result<Vec<(TopicPartition, Result<(), ClientError>)>, CliError> {
    let request = request(group, partitions);
    let mut outcomes: BTreeMap<String, Outcome<_>> = client
        .at_coordinators(Again::IfRefused, &[group.to_owned()], async |client, coordinator, groups| {
            let response = client.call(Target::Broker(coordinator), &request).await?;
            let doing = format!("deleting offsets of group {group}");
            let mut answers = Vec::new();
            for topic in response.topics {
                for result in topic.partitions {
                    let partition =
                        TopicPartition { topic: topic.name.clone(), partition: result.partition_index };
                    let outcome = check(result.error_code, None, format!("{doing} in {partition}"));
                    answers.push((partition, outcome));
                }
            }
            let whole = check(response.error_code, None, doing).map(|()| answers);
            Ok(groups.iter().cloned().zip([whole]).collect())
        })
        .await;
    match outcomes.remove(group) {
        Some(Ok(answers)) => Ok(answers),
        Some(Err(error)) => Err(CliError::from(error.as_ref())),
        None => Ok(Vec::new()),
    }
}

fn request(group: &str, partitions: &[TopicPartition]) -> OffsetDeleteRequest {
    let mut topics: BTreeMap<&str, Vec<OffsetDeleteRequestPartition>> = BTreeMap::new();
    for TopicPartition { topic, partition } in partitions {
        let asked = OffsetDeleteRequestPartition { partition_index: *partition };
        topics.entry(topic).or_default().push(asked);
    }
    let topic =
        |(name, partitions): (&str, _)| OffsetDeleteRequestTopic { name: name.to_owned(), partitions };
    OffsetDeleteRequest { group_id: group.to_owned(), topics: topics.into_iter().map(topic).collect() }
}

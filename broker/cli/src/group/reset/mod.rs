//! `klamm group reset`.

pub(super) mod commit;
mod csv;
mod duration;
mod plan;
mod target;

pub(super) use plan::{Plan, PlannedPartition};
pub(super) use target::Target;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

use clap::Args;
use klamm_model::ErrorCode;

use super::committed::{self, Committed};
use super::lag::why_unknown;
use super::roster::{self, Group};
use super::selection::Selection;
use crate::client::{Bounds, Client, ClientError, Outcome, TopicPartition};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, note, tell_all};
use crate::session;

const OUTPUT: &str = "\
Offsets are kept between the start and the end of each log, and the plan says where that changed one; --to-current keeps
what is committed as it is. With --topic, a partition that nothing is committed of gets an offset, too.

With -o json or yaml: \"group\", \"executed\" and \"partitions\": a list of \"topic\", \"partition\", \"current_offset\",
\"new_offset\", \"log_start_offset\", \"log_end_offset\", \"note\".";

/// Set a group's offsets; shows what it would do unless --execute is given
///
/// The group must have no members: stop its consumers first.
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct ResetArguments {
    /// The group's id
    group: String,
    /// A topic, or some of its partitions; may be given several times
    #[arg(short, long, value_name = "TOPIC[:P,P..]", required_unless_present_any = ["all_topics", "from_file"], conflicts_with_all = ["all_topics", "from_file"])]
    topic: Vec<Selection>,
    /// All partitions that the group has committed offsets of
    #[arg(long, conflicts_with = "from_file")]
    all_topics: bool,
    #[command(flatten)]
    target: target::TargetArguments,
    /// Do it
    #[arg(long, conflicts_with = "export")]
    execute: bool,
    /// Print the new offsets as lines of topic,partition,offset for --from-file, and change nothing
    #[arg(long)]
    export: bool,
    /// Make the group if it doesn't exist
    #[arg(long)]
    create: bool,
}

pub(super) async fn run(arguments: ResetArguments, globals: &Globals) -> Result<(), CliError> {
    let target = arguments.target.target()?;
    let mut client = session::connect(globals).await?;
    let group = &arguments.group;
    let members = members(&mut client, group, arguments.create).await?;
    if arguments.execute {
        members.as_ref().map_or(Ok(()), refuse_members)?;
    }
    let scope = if arguments.all_topics { Scope::AllTopics } else { Scope::Selected(&arguments.topic) };
    let mut plan = plan(&mut client, group, scope, &target).await?;
    if arguments.export {
        for row in &plan.partitions {
            if let Some(why) = &row.note {
                note(&format!("{}-{}: {why}", row.topic, row.partition));
            }
        }
        let mut out = std::io::stdout().lock();
        out.write_all(csv::write(&plan).as_bytes())?;
        return Ok(out.flush()?);
    }
    let failures = if arguments.execute { commit::commit(&mut client, &mut plan).await? } else { Vec::new() };
    output::print(globals.output(), &plan)?;
    if arguments.execute {
        note(&format!("offsets of group {group} set in {} partitions", plan.set().count()));
    } else {
        if let Some(Err(refusal)) = members.as_ref().map(refuse_members) {
            note(&format!("warning: this could not be done now\n{refusal}"));
        }
        note("nothing was changed: add --execute to do it");
    }
    tell_all(failures)
}

/// Whose offsets are to be set.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'a> {
    AllTopics,
    Selected(&'a [Selection]),
}

/// The group; `None` if there is none yet and that is fine.
pub(super) async fn members(
    client: &mut Client,
    group: &str,
    create: bool,
) -> Result<Option<Group>, CliError> {
    match roster::describe(client, &[group.to_owned()]).await.remove(group) {
        Some(Ok(group)) => Ok(Some(group)),
        Some(Err(error)) if error.code() == Some(ErrorCode::GroupIdNotFound) => {
            let unknown = CliError::from(error.as_ref());
            let next =
                "`klamm group list` shows the groups there are; --create makes this one with these offsets";
            if create { Ok(None) } else { Err(unknown.next(next)) }
        }
        Some(Err(error)) => Err(CliError::from(error.as_ref())),
        None => Ok(None),
    }
}

/// Members would go on from where they are, and commit that over the new offsets.
pub(super) fn refuse_members(group: &Group) -> Result<(), CliError> {
    if group.members.is_empty() {
        return Ok(());
    }
    let who: Vec<String> = group
        .members
        .iter()
        .map(|member| format!("{} ({} at {})", member.id, member.client_id, member.host))
        .collect();
    let what = format!(
        "group {} is {} and has members, who would overwrite the new offsets: {}",
        group.id,
        group.state,
        who.join(", ")
    );
    Err(CliError::failed(what).next(format!(
        "stop these clients, wait until `klamm group describe {}` says Empty, and try again",
        group.id
    )))
}

/// What is to be set, with all that the decision rests on.
pub(super) async fn plan(
    client: &mut Client,
    group: &str,
    scope: Scope<'_>,
    target: &Target,
) -> Result<Plan, CliError> {
    let committed = match committed::fetch(client, &[group.to_owned()]).await.remove(group) {
        Some(Err(error)) => return Err(CliError::from(error.as_ref())),
        committed => committed.and_then(Result::ok).unwrap_or_default(),
    };
    let partitions = match (target, scope) {
        (Target::File(offsets), _) => offsets.keys().cloned().collect(),
        (_, Scope::AllTopics) => committed.keys().cloned().collect(),
        (_, Scope::Selected(selections)) => selected(client, selections).await?,
    };
    if partitions.is_empty() {
        return Err(CliError::not_found(format!("group {group} has no committed offsets"))
            .next("name the topics with --topic"));
    }
    let bounds = client.bounds(&partitions).await;
    let by_time = match target {
        Target::Time(timestamp) => client.offsets_at(&partitions, *timestamp).await,
        _ => BTreeMap::new(),
    };
    let all = matches!((target, scope), (_, Scope::AllTopics)) && !matches!(target, Target::File(_));
    let mut planned = Vec::new();
    for partition in partitions {
        planned.push(planned_partition(partition, target, &committed, &bounds, &by_time, all)?);
    }
    Ok(Plan { group: group.to_owned(), executed: false, partitions: planned })
}

fn planned_partition(
    partition: TopicPartition,
    target: &Target,
    committed: &Committed,
    bounds: &BTreeMap<TopicPartition, Outcome<Bounds>>,
    by_time: &BTreeMap<TopicPartition, Outcome<i64>>,
    leave_gone: bool,
) -> Result<PlannedPartition, CliError> {
    let known = |outcome: Option<&Outcome<i64>>| -> Result<Option<i64>, Arc<ClientError>> {
        outcome.cloned().transpose()
    };
    let fail = |error: Arc<ClientError>| CliError::from(error.as_ref());
    let current = known(committed.get(&partition)).map_err(fail)?;
    let bounds = match bounds.get(&partition) {
        Some(Ok(bounds)) => *bounds,
        Some(Err(error)) if leave_gone && is_gone(error) => {
            let note = format!("left as it is: {}", why_unknown(error));
            return Ok(PlannedPartition::left(partition, current, note));
        }
        Some(Err(error)) => return Err(CliError::from(error.as_ref())),
        None => return Err(CliError::failed(format!("nothing is known of {partition}"))),
    };
    let of_time = known(by_time.get(&partition)).map_err(fail)?;
    target.plan(partition, current, bounds, of_time)
}

fn is_gone(error: &ClientError) -> bool {
    error.code() == Some(ErrorCode::UnknownTopicOrPartition)
        || matches!(error, ClientError::UnknownPartition { .. })
}

async fn selected(client: &mut Client, selections: &[Selection]) -> Result<Vec<TopicPartition>, CliError> {
    let mut partitions = BTreeSet::new();
    for selection in selections {
        let topic = client.topic(&selection.topic, false).await?;
        let all = || (0..topic.partitions.len() as i32).collect();
        for partition in selection.partitions.clone().unwrap_or_else(all) {
            topic.leader(partition)?;
            partitions.insert(TopicPartition { topic: topic.name.clone(), partition });
        }
    }
    Ok(partitions.into_iter().collect())
}

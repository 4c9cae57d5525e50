//! `klamm group describe`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde::Serialize;

use super::committed::{self, Committed};
use super::lag::{self, PartitionLag};
use super::list;
use super::roster::{self, Group};
use crate::client::{Bounds, Client, Outcome, TopicPartition};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table, tell_all};
use crate::session;

const OUTPUT: &str = "\
Committed offsets are read before the ends of the logs, and nothing is clamped: a lag below 0 means that the committed
offset is beyond the end; \"lost N\" that N records, which the lag includes, were deleted before the group read them.
TOTAL-LAG leaves out lags that are unknown (-) or below 0: NOT-COUNTED says of how many partitions.

With -o json or yaml: a list of \"group\", \"type\", \"state\", \"assignor\", \"coordinator\", \"members\" (how many), \"total_lag\",
\"partitions_not_counted\" and \"partitions\": a list of \"topic\", \"partition\", \"committed_offset\", \"log_start_offset\",
\"log_end_offset\", \"lag\", \"lost\", \"member_id\", \"instance_id\", \"host\", \"client_id\", \"note\".";

/// Show how far groups are: offsets, lag, and who reads what
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct DescribeArguments {
    /// The groups' ids
    #[arg(value_name = "GROUP", required_unless_present = "all", conflicts_with = "all")]
    groups: Vec<String>,
    /// All groups of the types classic and consumer
    #[arg(short, long)]
    all: bool,
}

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Description {
    group: String,
    #[serde(rename = "type")]
    kind: &'static str,
    state: String,
    assignor: String,
    coordinator: i32,
    members: usize,
    total_lag: i64,
    partitions_not_counted: usize,
    partitions: Vec<PartitionLag>,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Descriptions(pub Vec<Description>);

impl Present for Descriptions {
    fn tables(&self, wide: bool) -> Vec<Table> {
        self.0.iter().flat_map(|group| [group.summary(), group.partitions(wide)]).collect()
    }
}

impl Description {
    fn new(
        group: &Group,
        committed: &Committed,
        bounds: &BTreeMap<TopicPartition, Outcome<Bounds>>,
    ) -> Description {
        let partitions = lag::lags(group, committed, bounds);
        let (total_lag, partitions_not_counted) = lag::total(&partitions);
        Description {
            group: group.id.clone(),
            kind: group.kind,
            state: group.state.clone(),
            assignor: group.assignor.clone(),
            coordinator: group.coordinator.0,
            members: group.members.len(),
            total_lag,
            partitions_not_counted,
            partitions,
        }
    }

    fn summary(&self) -> Table {
        let head =
            ["GROUP", "TYPE", "STATE", "ASSIGNOR", "COORDINATOR", "MEMBERS", "TOTAL-LAG", "NOT-COUNTED"];
        let mut table = Table::new(&head);
        table.row([
            self.group.clone(),
            self.kind.to_owned(),
            self.state.clone(),
            or_dash(Some(&self.assignor).filter(|assignor| !assignor.is_empty())),
            self.coordinator.to_string(),
            self.members.to_string(),
            self.total_lag.to_string(),
            self.partitions_not_counted.to_string(),
        ]);
        table
    }

    fn partitions(&self, wide: bool) -> Table {
        let head = [
            "TOPIC",
            "PARTITION",
            "COMMITTED",
            "END",
            "LAG",
            "MEMBER",
            "HOST",
            "CLIENT",
            "NOTE",
            "START",
            "INSTANCE",
        ];
        let mut table = Table::new(if wide { &head } else { &head[..9] });
        for row in &self.partitions {
            table.row([
                row.topic.clone(),
                row.partition.to_string(),
                or_dash(row.committed_offset),
                or_dash(row.log_end_offset),
                or_dash(row.lag),
                or_dash(row.member_id.as_ref()),
                or_dash(row.host.as_ref()),
                or_dash(row.client_id.as_ref()),
                row.note.clone().unwrap_or_default(),
                or_dash(row.log_start_offset),
                or_dash(row.instance_id.as_ref()),
            ]);
        }
        table
    }
}

pub(super) fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

pub(super) async fn run(arguments: DescribeArguments, globals: &Globals) -> Result<(), CliError> {
    let mut client = session::connect(globals).await?;
    let (groups, mut failures) = if arguments.all {
        let (rows, failures) = list::list(&mut client).await;
        let known = rows.into_iter().filter(|row| matches!(row.kind.as_str(), "classic" | "consumer"));
        (known.map(|row| row.group).collect(), failures)
    } else {
        (arguments.groups, Vec::new())
    };
    let (descriptions, more) = describe(&mut client, &groups).await;
    failures.extend(more);
    if !descriptions.0.is_empty() || failures.is_empty() {
        output::print(globals.output(), &descriptions)?;
    }
    tell_all(failures)
}

/// Describes those groups that can be described, and says why the others can't.
pub(super) async fn describe(client: &mut Client, groups: &[String]) -> (Descriptions, Vec<CliError>) {
    let mut failures = Vec::new();
    let mut rosters = Vec::new();
    for (_, outcome) in roster::describe(client, groups).await {
        match outcome {
            Ok(group) => rosters.push(group),
            Err(error) => failures.push(CliError::from(error.as_ref())),
        }
    }
    let ids: Vec<String> = rosters.iter().map(|group| group.id.clone()).collect();
    let mut all_committed = committed::fetch(client, &ids).await;
    let mut known: Vec<(Group, Committed)> = Vec::new();
    for group in rosters {
        match all_committed.remove(&group.id) {
            Some(Err(error)) => failures.push(CliError::from(error.as_ref())),
            committed => known.push((group, committed.and_then(Result::ok).unwrap_or_default())),
        }
    }
    // Only now the ends of the logs: they grow, and what was committed is below them.
    let partitions: BTreeSet<TopicPartition> =
        known.iter().flat_map(|(group, committed)| lag::partitions_of(group, committed)).collect();
    let bounds = client.bounds(&partitions.into_iter().collect::<Vec<_>>()).await;
    let described = known.iter().map(|(group, committed)| Description::new(group, committed, &bounds));
    (Descriptions(described.collect()), failures)
}

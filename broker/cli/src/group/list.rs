//! `klamm group list`.

use clap::{Args, ValueEnum};
use klamm_wire::messages::ListGroupsRequest;
use klamm_wire::messages::list_groups::ListedGroup;
use serde::Serialize;

use crate::client::{Again, Client, Target, check};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table, tell_all};
use crate::session;

const OUTPUT: &str = "\
With -o json or yaml: a list of \"group\", \"type\" (classic, consumer, share or streams), \"protocol\", \"state\",
\"coordinator\" (a broker's id).";

/// A state of a group (`org.apache.kafka.common.GroupState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    PreparingRebalance,
    CompletingRebalance,
    Assigning,
    Reconciling,
    Stable,
    Empty,
    Dead,
}

/// A type of group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Type {
    Classic,
    Consumer,
    Share,
    Streams,
}

/// List the groups
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct ListArguments {
    /// Only groups in this state; may be given several times
    #[arg(short, long, value_enum, ignore_case = true)]
    state: Vec<State>,
    /// Only groups of this type; may be given several times
    #[arg(short = 'T', long = "type", value_enum, ignore_case = true)]
    types: Vec<Type>,
}

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct GroupRow {
    pub group: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub protocol: String,
    pub state: String,
    pub coordinator: i32,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct GroupList(pub Vec<GroupRow>);

impl Present for GroupList {
    fn tables(&self, wide: bool) -> Vec<Table> {
        let head = ["GROUP", "TYPE", "PROTOCOL", "STATE", "COORDINATOR"];
        let mut table = Table::new(if wide { &head } else { &head[..4] });
        for row in &self.0 {
            table.row([
                row.group.clone(),
                row.kind.clone(),
                or_dash(&row.protocol),
                or_dash(&row.state),
                row.coordinator.to_string(),
            ]);
        }
        vec![table]
    }
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}

pub(super) async fn run(arguments: ListArguments, globals: &Globals) -> Result<(), CliError> {
    let mut client = session::connect(globals).await?;
    let (mut groups, failures) = list(&mut client).await;
    let too_old = groups.iter().any(|group| group.state.is_empty());
    if too_old && !arguments.state.is_empty() {
        let old =
            CliError::failed("a broker is too old to say the states of its groups (ListGroups below 4)");
        return Err(old.next("list them without --state; `klamm group describe GROUP` shows a group's state"));
    }
    groups.retain(|group| is_wanted(group, &arguments));
    output::print(globals.output(), &GroupList(groups))?;
    tell_all(failures)
}

fn is_wanted(group: &GroupRow, arguments: &ListArguments) -> bool {
    // The names of values are as in --help: with dashes.
    let same = |name: &str, text: &str| name.replace('-', "").eq_ignore_ascii_case(text);
    let is = |value: Option<clap::builder::PossibleValue>, text: &str| {
        value.is_some_and(|value| same(value.get_name(), text))
    };
    let state = |state: &State| is(state.to_possible_value(), &group.state);
    let kind = |kind: &Type| is(kind.to_possible_value(), &group.kind);
    (arguments.state.is_empty() || arguments.state.iter().any(state))
        && (arguments.types.is_empty() || arguments.types.iter().any(kind))
}

/// The groups of all brokers, in the order of their names, and what kept brokers from telling theirs.
pub(super) async fn list(client: &mut Client) -> (Vec<GroupRow>, Vec<CliError>) {
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for broker in client.broker_ids() {
        let listing = client.retrying(Again::Always, async |client| {
            let response = client.call(Target::Broker(broker), &ListGroupsRequest::default()).await?;
            check(response.error_code, None, format!("listing the groups of broker {broker}"))?;
            Ok(response.groups)
        });
        match listing.await {
            Ok(groups) => rows.extend(groups.into_iter().map(|group| row(group, broker.0))),
            Err(error) => {
                crate::output::note(&format!("the groups of broker {broker} are missing in the list"));
                failures.push(CliError::from(error));
            }
        }
    }
    rows.sort_by(|a, b| (&a.group, &a.kind).cmp(&(&b.group, &b.kind)));
    (rows, failures)
}

fn row(group: ListedGroup, coordinator: i32) -> GroupRow {
    // Brokers before KIP-848 have no other type.
    let kind =
        if group.group_type.is_empty() { "classic".to_owned() } else { group.group_type.to_lowercase() };
    GroupRow {
        group: group.group_id,
        kind,
        protocol: group.protocol_type,
        state: group.group_state,
        coordinator,
    }
}

//! `klamm group members`.

use clap::Args;
use serde::Serialize;

use super::describe::or_dash;
use super::roster::{self, Group, Member, Partitions};
use crate::client::Client;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table};
use crate::session;

const OUTPUT: &str = "\
With -o json or yaml: \"group\", \"type\", \"state\", \"group_epoch\", \"assignment_epoch\", \"members\": a list of \"member_id\",
\"instance_id\", \"host\", \"client_id\", \"rack\", \"partition_count\", \"assigned\" and \"target\" (partitions by topic), \"epoch\",
\"subscription\", \"subscription_pattern\", \"note\". Epochs and target are those of the consumer protocol (KIP-848).";

/// Show who is in a group
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct MembersArguments {
    /// The group's id
    group: String,
}

#[derive(Debug, Serialize)]
pub(super) struct MemberRow {
    member_id: String,
    instance_id: Option<String>,
    host: String,
    client_id: String,
    rack: Option<String>,
    partition_count: usize,
    assigned: Partitions,
    target: Option<Partitions>,
    epoch: Option<i32>,
    subscription: Vec<String>,
    subscription_pattern: Option<String>,
    note: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct MemberList {
    group: String,
    #[serde(rename = "type")]
    kind: &'static str,
    state: String,
    group_epoch: Option<i32>,
    assignment_epoch: Option<i32>,
    members: Vec<MemberRow>,
}

impl MemberList {
    fn new(group: Group) -> MemberList {
        MemberList {
            group: group.id,
            kind: group.kind,
            state: group.state,
            group_epoch: group.epochs.map(|(epoch, _)| epoch),
            assignment_epoch: group.epochs.map(|(_, epoch)| epoch),
            members: group.members.into_iter().map(MemberRow::new).collect(),
        }
    }
}

impl MemberRow {
    fn new(member: Member) -> MemberRow {
        MemberRow {
            partition_count: member.partition_count(),
            member_id: member.id,
            instance_id: member.instance_id,
            host: member.host,
            client_id: member.client_id,
            rack: member.rack,
            assigned: member.assigned,
            target: member.target,
            epoch: member.epoch,
            subscription: member.subscription,
            subscription_pattern: member.subscription_pattern,
            note: member.unreadable,
        }
    }

    fn wants(&self) -> String {
        let pattern = self.subscription_pattern.as_ref().map(|pattern| format!("/{pattern}/"));
        let topics: Vec<String> = self.subscription.iter().cloned().chain(pattern).collect();
        or_dash(Some(topics.join(",")).filter(|topics| !topics.is_empty()))
    }
}

impl Present for MemberList {
    fn tables(&self, wide: bool) -> Vec<Table> {
        let mut summary =
            Table::new(&["GROUP", "TYPE", "STATE", "MEMBERS", "GROUP-EPOCH", "ASSIGNMENT-EPOCH"]);
        summary.row([
            self.group.clone(),
            self.kind.to_owned(),
            self.state.clone(),
            self.members.len().to_string(),
            or_dash(self.group_epoch),
            or_dash(self.assignment_epoch),
        ]);
        let head = [
            "MEMBER",
            "INSTANCE",
            "HOST",
            "CLIENT",
            "PARTITIONS",
            "EPOCH",
            "SUBSCRIPTION",
            "NOTE",
            "ASSIGNED",
            "TARGET",
        ];
        let mut table = Table::new(if wide { &head } else { &head[..8] });
        for member in &self.members {
            table.row([
                member.member_id.clone(),
                or_dash(member.instance_id.as_ref()),
                member.host.clone(),
                member.client_id.clone(),
                member.partition_count.to_string(),
                or_dash(member.epoch),
                member.wants(),
                member.note.clone().unwrap_or_default(),
                named(&member.assigned),
                member.target.as_ref().map_or_else(|| "-".to_owned(), named),
            ]);
        }
        vec![summary, table]
    }
}

/// `t:0,1 u:3`.
fn named(partitions: &Partitions) -> String {
    let topic = |(topic, partitions): (&String, &Vec<i32>)| {
        let indexes: Vec<String> = partitions.iter().map(ToString::to_string).collect();
        format!("{topic}:{}", indexes.join(","))
    };
    let topics: Vec<String> = partitions.iter().map(topic).collect();
    or_dash(Some(topics.join(" ")).filter(|topics| !topics.is_empty()))
}

pub(super) async fn run(arguments: MembersArguments, globals: &Globals) -> Result<(), CliError> {
    let mut client = session::connect(globals).await?;
    let members = members(&mut client, &arguments.group).await?;
    output::print(globals.output(), &members)
}

pub(super) async fn members(client: &mut Client, id: &str) -> Result<MemberList, CliError> {
    Ok(MemberList::new(one(client, id).await?))
}

/// One group, or why it can't be described.
pub(super) async fn one(client: &mut Client, id: &str) -> Result<Group, CliError> {
    match roster::describe(client, &[id.to_owned()]).await.remove(id) {
        Some(Ok(group)) => Ok(group),
        Some(Err(error)) => Err(CliError::from(error.as_ref())),
        None => Err(CliError::failed(format!("group {id} was not described"))),
    }
}

//! `klamm group delete`.

use std::collections::BTreeMap;

use clap::Args;
use klamm_model::ErrorCode;
use klamm_wire::messages::DeleteGroupsRequest;

use crate::client::{Again, Client, Outcome, Target, check};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{confirm, note, tell_all};
use crate::session;

/// Delete groups with their offsets
#[derive(Debug, Args)]
pub struct DeleteArguments {
    /// The groups' ids; a group that has members can't be deleted
    #[arg(required = true, value_name = "GROUP")]
    groups: Vec<String>,
    /// Don't ask
    #[arg(short, long)]
    yes: bool,
    /// Don't fail if a group doesn't exist
    #[arg(long)]
    if_exists: bool,
}

pub(super) async fn run(arguments: DeleteArguments, globals: &Globals) -> Result<(), CliError> {
    if !arguments.yes {
        let groups = arguments.groups.join(", ");
        confirm(
            &format!("delete {groups} and all committed offsets?"),
            &format!("deleting {groups} would delete all committed offsets"),
            "nothing was deleted",
        )?;
    }
    let mut client = session::connect(globals).await?;
    let mut failures = Vec::new();
    for (group, outcome) in delete(&mut client, &arguments.groups).await {
        match outcome {
            Ok(()) => note(&format!("group {group} deleted")),
            Err(error) if arguments.if_exists && error.code() == Some(ErrorCode::GroupIdNotFound) => {
                note(&format!("group {group} does not exist"));
            }
            Err(error) => failures.push(CliError::from(error.as_ref())),
        }
    }
    tell_all(failures)
}

/// What became of each group.
pub(super) async fn delete(client: &mut Client, groups: &[String]) -> BTreeMap<String, Outcome<()>> {
    client
        .at_coordinators(Again::IfRefused, groups, async |client, coordinator, groups| {
            let request = DeleteGroupsRequest { groups_names: groups.to_vec() };
            let response = client.call(Target::Broker(coordinator), &request).await?;
            let result = |result: klamm_wire::messages::delete_groups::DeletableGroupResult| {
                let doing = format!("deleting group {}", result.group_id);
                (result.group_id, check(result.error_code, None, doing))
            };
            Ok(response.results.into_iter().map(result).collect())
        })
        .await
}

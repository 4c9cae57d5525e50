//! `klamm topic alter`.

use clap::Args;
use klamm_wire::messages::CreatePartitionsRequest;
use klamm_wire::messages::create_partitions::CreatePartitionsTopic;

use crate::client::{Again, Client, ClientError, Target, check};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::note;
use crate::session;
use crate::settings::{self, Change, Resource, parse_pair};

/// Raise a topic's number of partitions, change its settings
#[derive(Debug, Args)]
pub struct AlterArguments {
    /// The topic's name
    name: String,
    /// The new number of partitions; it can't be lowered, and keys go to other partitions afterwards
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    /// A setting to change; may be given several times
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = parse_pair)]
    config: Vec<(String, String)>,
    /// A setting to take back to what it is by default; may be given several times
    #[arg(long, value_name = "NAME")]
    delete_config: Vec<String>,
    /// Check everything and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(arguments: AlterArguments, globals: &Globals) -> Result<(), CliError> {
    let set = arguments.config.iter().map(|(name, value)| Change::Set(name.clone(), value.clone()));
    let changes: Vec<Change> =
        set.chain(arguments.delete_config.iter().cloned().map(Change::Unset)).collect();
    if arguments.partitions.is_none() {
        settings::not_empty(&changes)?;
    }
    let mut client = session::connect(globals).await?;
    let done = if arguments.dry_run { "would be changed" } else { "changed" };
    if !changes.is_empty() {
        let resource = Resource::Topic(arguments.name.clone());
        settings::alter(&mut client, &resource, &changes, arguments.dry_run).await?;
        note(&format!("settings of topic {} {done}", arguments.name));
    }
    if let Some(count) = arguments.partitions {
        add_partitions(&mut client, &arguments.name, count, arguments.dry_run).await?;
        note(&format!("number of partitions of topic {} {done} to {count}", arguments.name));
    }
    Ok(())
}

async fn add_partitions(
    client: &mut Client,
    name: &str,
    count: i32,
    validate_only: bool,
) -> Result<(), ClientError> {
    let topic = CreatePartitionsTopic { name: name.to_owned(), count, ..Default::default() };
    let timeout_ms = client.options().timeout.as_millis() as i32;
    let request = CreatePartitionsRequest { topics: vec![topic], timeout_ms, validate_only };
    let doing = || format!("giving topic {name} {count} partitions");
    let adding = client.retrying(Again::IfRefused, async |client| {
        let response = client.call(Target::Controller, &request).await?;
        let result =
            response.results.into_iter().next().ok_or_else(|| ClientError::Silent { doing: doing() })?;
        check(result.error_code, result.error_message.as_deref(), doing())
    });
    adding.await
}

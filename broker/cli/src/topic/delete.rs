//! `klamm topic delete`.

use std::io;

use clap::Args;
use klamm_model::ErrorCode;
use klamm_wire::messages::DeleteTopicsRequest;

use crate::client::{Target, check};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{is_interactive, note};
use crate::session;

/// The last version that names topics in a plain list; every Kafka has it.
const VERSION_WITH_NAMES: i16 = 5;

/// Delete topics and all their records
#[derive(Debug, Args)]
pub struct DeleteArguments {
    /// The topics' names
    #[arg(required = true)]
    names: Vec<String>,
    /// Don't ask
    #[arg(short, long)]
    yes: bool,
    /// Don't fail if a topic doesn't exist
    #[arg(long)]
    if_exists: bool,
}

pub(super) async fn run(arguments: DeleteArguments, globals: &Globals) -> Result<(), CliError> {
    if !arguments.yes {
        confirm(&arguments.names)?;
    }
    let mut client = session::connect(globals).await?;
    let request = DeleteTopicsRequest {
        topic_names: arguments.names.clone(),
        timeout_ms: globals.timeout().as_millis() as i32,
        ..Default::default()
    };
    let response = client.call_at_most(Target::Controller, VERSION_WITH_NAMES, &request).await?;
    let mut failed = None;
    for result in response.responses {
        let name = result.name.unwrap_or_default();
        if arguments.if_exists && result.error_code == ErrorCode::UnknownTopicOrPartition.as_i16() {
            note(&format!("topic {name} does not exist"));
            continue;
        }
        match check(result.error_code, result.error_message.as_deref(), format!("deleting topic {name}")) {
            Ok(()) => note(&format!("topic {name} deleted")),
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(()), |error| Err(error.into()))
}

fn confirm(names: &[String]) -> Result<(), CliError> {
    let topics = names.join(", ");
    if !is_interactive() {
        return Err(CliError::usage(format!("deleting {topics} would delete all records in it"))
            .next("add --yes if that is what you want"));
    }
    note(&format!("delete {topics} and all records in it? Type yes:"));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if answer.trim() == "yes" { Ok(()) } else { Err(CliError::failed("nothing was deleted")) }
}

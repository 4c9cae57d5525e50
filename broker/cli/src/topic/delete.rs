//! `klamm topic delete`.

use clap::Args;
use klamm_model::ErrorCode;
use klamm_wire::messages::DeleteTopicsRequest;

use crate::client::{Again, Client, ClientError, Target, check};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{confirm, note};
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
        let topics = arguments.names.join(", ");
        confirm(
            &format!("delete {topics} and all records in it?"),
            &format!("deleting {topics} would delete all records in it"),
            "nothing was deleted",
        )?;
    }
    let mut client = session::connect(globals).await?;
    let mut failed = None;
    for name in &arguments.names {
        match delete(&mut client, name).await {
            Ok(()) => note(&format!("topic {name} deleted")),
            Err(error) if arguments.if_exists && error.code() == Some(ErrorCode::UnknownTopicOrPartition) => {
                note(&format!("topic {name} does not exist"));
            }
            Err(error) => {
                // The others are asked for, too.
                if let Some(earlier) = failed.replace(CliError::from(error)) {
                    note(&earlier.to_string());
                }
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn delete(client: &mut Client, name: &str) -> Result<(), ClientError> {
    let request = DeleteTopicsRequest {
        topic_names: vec![name.to_owned()],
        timeout_ms: client.options().timeout.as_millis() as i32,
        ..Default::default()
    };
    let doing = || format!("deleting topic {name}");
    let deleting = client.retrying(Again::IfRefused, async |client| {
        let response = client.call_at_most(Target::Controller, VERSION_WITH_NAMES, &request).await?;
        let result =
            response.responses.into_iter().next().ok_or_else(|| ClientError::Silent { doing: doing() })?;
        check(result.error_code, result.error_message.as_deref(), doing())
    });
    deleting.await
}

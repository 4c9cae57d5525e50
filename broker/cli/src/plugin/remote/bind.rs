//! `klamm plugin bind`.

use std::collections::HashMap;

use clap::Args;
use klamm_rpc::plugin::BindRequest;

use super::connection::GrpcArguments;
use super::role::{self, FailureChoice, RoleArguments};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::note;
use crate::settings::parse_pair;

/// Bind a plug-in to a topic
///
/// A filter of the same name is replaced where it stands, another is added behind the others; a topic has one serializer
/// and one partitioner. The broker tries the plug-in with its parameters first.
#[derive(Debug, Args)]
pub struct BindArguments {
    /// The topic
    topic: String,
    #[command(flatten)]
    plugin: RoleArguments,
    /// A parameter of the plug-in; may be given several times
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = parse_pair)]
    param: Vec<(String, String)>,
    /// What happens to records on which the plug-in fails [default: pass for partitioners, else dead-letter]
    #[arg(long, value_enum, value_name = "CHOICE")]
    on_failure: Option<FailureChoice>,
    /// The longest time that a batch may take it, in milliseconds [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    deadline_ms: Option<u32>,
    /// The most memory that it may have, in MiB [default: 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    memory_mib: Option<u32>,
    /// Only run and count it: nothing is done about what it says
    #[arg(long)]
    shadow: bool,
    /// How many filters run before it
    #[arg(long, value_name = "N", requires = "filter")]
    position: Option<u32>,
    /// Check everything and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    grpc: GrpcArguments,
}

pub(super) async fn run(arguments: BindArguments, globals: &Globals) -> Result<(), CliError> {
    let BindArguments { topic, plugin, grpc, .. } = arguments;
    let (in_role, plugin) = plugin.given().ok_or_else(|| CliError::usage("no plug-in is named"))?;
    let mut parameters = HashMap::new();
    for (name, value) in arguments.param {
        if parameters.insert(name.clone(), value).is_some() {
            return Err(CliError::usage(format!("parameter {name} is given twice")));
        }
    }
    let request = BindRequest {
        topic: topic.clone(),
        role: role::to_wire(in_role).into(),
        name: plugin.name.to_string(),
        version: plugin.version.to_string(),
        parameters,
        on_failure: role::on_failure(arguments.on_failure).into(),
        deadline_ms: arguments.deadline_ms,
        memory_mib: arguments.memory_mib,
        shadow: arguments.shadow,
        position: arguments.position,
        validate_only: arguments.dry_run,
    };
    let connection = grpc.connect(globals).await?;
    let mut client = connection.client.clone();
    let binding = client.bind(request);
    let response = connection.answer(&format!("binding {plugin} to topic {topic}"), binding).await?;
    let would = if arguments.dry_run { "would be bound" } else { "bound" };
    note(&format!("{in_role} {plugin} {would} to topic {topic}"));
    note(&format!("{}={}", in_role.setting(), response.after));
    Ok(())
}

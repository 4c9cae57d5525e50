//! `klamm plugin rollback`.

use clap::Args;
use klamm_model::PluginRole;
use klamm_rpc::plugin::RollbackRequest;

use super::connection::GrpcArguments;
use super::role;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::note;

/// Bring back what a topic bound before the last change
///
/// A second rollback undoes the first.
#[derive(Debug, Args)]
pub struct RollbackArguments {
    /// The topic
    topic: String,
    #[command(flatten)]
    what: WhatArguments,
    #[command(flatten)]
    grpc: GrpcArguments,
}

/// In which role.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct WhatArguments {
    /// All its filters
    #[arg(long, visible_alias = "filters")]
    filter: bool,
    /// The serializer
    #[arg(long)]
    serializer: bool,
    /// The partitioner
    #[arg(long)]
    partitioner: bool,
}

impl WhatArguments {
    fn role(&self) -> PluginRole {
        match self {
            WhatArguments { serializer: true, .. } => PluginRole::Serializer,
            WhatArguments { partitioner: true, .. } => PluginRole::Partitioner,
            _ => PluginRole::Filter,
        }
    }
}

pub(super) async fn run(arguments: RollbackArguments, globals: &Globals) -> Result<(), CliError> {
    let RollbackArguments { topic, what, grpc } = arguments;
    let in_role = what.role();
    let connection = grpc.connect(globals).await?;
    let request = RollbackRequest { topic: topic.clone(), role: role::to_wire(in_role).into() };
    let mut client = connection.client.clone();
    let rolling = client.rollback(request);
    let response =
        connection.answer(&format!("rolling back the {in_role} of topic {topic}"), rolling).await?;
    let shown = |text: String| if text.is_empty() { "nothing".to_owned() } else { text };
    let (after, before) = (shown(response.after), shown(response.before));
    note(&format!("{} of topic {topic} is {after} again, instead of {before}", in_role.setting()));
    Ok(())
}

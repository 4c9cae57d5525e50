//! `klamm plugin unbind`.

use clap::Args;
use klamm_model::PluginName;
use klamm_rpc::plugin::{Role, UnbindRequest};

use super::connection::GrpcArguments;
use super::role;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::note;

/// Take plug-ins from a topic
#[derive(Debug, Args)]
pub struct UnbindArguments {
    /// The topic
    topic: String,
    #[command(flatten)]
    what: WhatArguments,
    #[command(flatten)]
    grpc: GrpcArguments,
}

/// What is taken.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct WhatArguments {
    /// This filter
    #[arg(long, value_name = "NAME")]
    filter: Option<PluginName>,
    /// The serializer
    #[arg(long)]
    serializer: bool,
    /// The partitioner
    #[arg(long)]
    partitioner: bool,
    /// All plug-ins
    #[arg(long)]
    all: bool,
}

impl WhatArguments {
    fn role(&self) -> Role {
        match self {
            WhatArguments { filter: Some(_), .. } => Role::Filter,
            WhatArguments { serializer: true, .. } => Role::Serializer,
            WhatArguments { partitioner: true, .. } => Role::Partitioner,
            _ => Role::Unspecified,
        }
    }
}

pub(super) async fn run(arguments: UnbindArguments, globals: &Globals) -> Result<(), CliError> {
    let UnbindArguments { topic, what, grpc } = arguments;
    let connection = grpc.connect(globals).await?;
    let request = UnbindRequest {
        topic: topic.clone(),
        role: what.role().into(),
        name: what.filter.map(|name| name.to_string()).unwrap_or_default(),
    };
    let mut client = connection.client.clone();
    let unbinding = client.unbind(request);
    let response = connection.answer(&format!("unbinding plug-ins of topic {topic}"), unbinding).await?;
    for bound in response.unbound {
        note(&format!("{} {} unbound from topic {}", role::name(bound.role()), bound.binding, bound.topic));
    }
    Ok(())
}

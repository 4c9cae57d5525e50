//! `klamm plugin list`.

use clap::Args;
use klamm_rpc::plugin::ListRequest;
use serde::Serialize;

use super::connection::GrpcArguments;
use super::row::{PluginRow, table};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table};

const OUTPUT: &str = "\
With -o json or yaml: a list of \"name\", \"version\", \"kinds\", \"size_bytes\", \"sha256\", \"contract\", \"uploaded_at\",
\"signer\" (null if nobody signed it) and \"bound\", a list of \"topic\", \"role\" and \"binding\".";

/// List the plug-ins that the cluster has
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct ListArguments {
    #[command(flatten)]
    grpc: GrpcArguments,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct PluginList(Vec<PluginRow>);

impl Present for PluginList {
    fn tables(&self, wide: bool) -> Vec<Table> {
        vec![table(&self.0, wide)]
    }
}

pub(super) async fn run(arguments: ListArguments, globals: &Globals) -> Result<(), CliError> {
    let connection = arguments.grpc.connect(globals).await?;
    let mut client = connection.client.clone();
    let listing = client.list(ListRequest {});
    let response = connection.answer("listing plug-ins", listing).await?;
    let plugins = response.plugins.into_iter().map(PluginRow::from).collect();
    output::print(globals.output(), &PluginList(plugins))
}

//! `klamm plugin delete`.

use clap::Args;
use klamm_model::PluginReference;
use klamm_rpc::plugin::DeleteRequest;

use super::connection::GrpcArguments;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::note;

/// Delete a version that no topic binds
#[derive(Debug, Args)]
pub struct DeleteArguments {
    /// The plug-in
    #[arg(value_name = "NAME@VERSION")]
    plugin: PluginReference,
    #[command(flatten)]
    grpc: GrpcArguments,
}

pub(super) async fn run(arguments: DeleteArguments, globals: &Globals) -> Result<(), CliError> {
    let DeleteArguments { plugin, grpc } = arguments;
    let connection = grpc.connect(globals).await?;
    let request = DeleteRequest { name: plugin.name.to_string(), version: plugin.version.to_string() };
    let mut client = connection.client.clone();
    let deleting = client.delete(request);
    connection.answer(&format!("deleting plug-in {plugin}"), deleting).await?;
    note(&format!("plug-in {plugin} deleted"));
    Ok(())
}

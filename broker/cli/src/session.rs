//! From the global options to a connected client.

use crate::client::{Client, ClientOptions};
use crate::error::CliError;
use crate::globals::Globals;

/// Runs a command's future on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::runtime(&error))?;
    runtime.block_on(future)
}

/// A client of the cluster that the options name.
pub(crate) async fn connect(globals: &Globals) -> Result<Client, CliError> {
    let options = ClientOptions {
        bootstrap: globals.bootstrap_addresses()?,
        client_id: "klamm-cli".into(),
        timeout: globals.timeout(),
    };
    Ok(Client::connect(options).await?)
}

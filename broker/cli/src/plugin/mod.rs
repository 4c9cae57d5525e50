//! `klamm plugin`.

mod remote;

use clap::Subcommand;

use crate::error::CliError;
use crate::globals::Globals;

/// What to do with plug-ins.
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// What a broker is asked
    #[command(flatten)]
    Remote(remote::RemoteCommand),
}

impl PluginCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), CliError> {
        match self {
            PluginCommand::Remote(command) => command.run(globals),
        }
    }
}

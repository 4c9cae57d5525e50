//! `klamm plugin`: from an empty directory to a plug-in that works for a topic.
//!
//! ```text
//!   new --> a project --build--> NAME.wasm --check, test, bench--> what a broker would say and do
//!                                   |
//!                                   +--push--> a cluster --bind--> a topic
//! ```
//!
//! `check`, `test` and `bench` run the crate that brokers run plug-ins with; they need no broker.

mod build;
mod remote;
#[cfg(test)]
mod worlds;

use clap::Subcommand;

use crate::error::CliError;
use crate::globals::Globals;

/// What to do with plug-ins.
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// Build a project into a component
    Build(build::BuildArguments),
    /// What a broker is asked
    #[command(flatten)]
    Remote(remote::RemoteCommand),
}

impl PluginCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), CliError> {
        match self {
            PluginCommand::Build(arguments) => build::run(&arguments, globals),
            PluginCommand::Remote(command) => command.run(globals),
        }
    }
}

//! `klamm plugin`: from an empty directory to a component that a broker takes.
//!
//! ```text
//!   new --> a project --build--> NAME.wasm --check, test, bench--> what a broker would say and do
//! ```
//!
//! `check`, `test` and `bench` run the crate that brokers run plug-ins with; they need no broker.

mod build;
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
}

impl PluginCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), CliError> {
        match self {
            PluginCommand::Build(arguments) => build::run(&arguments, globals),
        }
    }
}

//! `klamm plugin`: from an empty directory to a plug-in that works for a topic.
//!
//! ```text
//!   new --> a project --build--> NAME.wasm --check, test, bench--> what a broker would say and do
//!                                   |
//!                                   +--push--> a cluster --bind--> a topic
//! ```
//!
//! `check`, `test` and `bench` run the crate that brokers run plug-ins with; they need no broker.

mod bench;
mod build;
mod check;
mod new;
mod remote;
mod sample;
#[cfg(test)]
mod shipped;
mod subject;
mod try_out;
#[cfg(test)]
mod worlds;

use clap::Subcommand;

use crate::error::CliError;
use crate::globals::Globals;

/// What to do with plug-ins.
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// Make a project for a plug-in, with an example that builds at once
    New(new::NewArguments),
    /// Build a project into a component
    Build(build::BuildArguments),
    /// Say what a broker would say of a component at upload, and of its parameters
    Check(check::CheckArguments),
    /// Show what a component does with records: verdicts, changed values, partitions
    Test(try_out::TestArguments),
    /// Measure a component: nanoseconds a record, records a second on one core, peak of memory
    Bench(bench::BenchArguments),
    /// What a broker is asked
    #[command(flatten)]
    Remote(remote::RemoteCommand),
}

impl PluginCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), CliError> {
        match self {
            PluginCommand::New(arguments) => new::run(arguments, globals),
            PluginCommand::Build(arguments) => build::run(&arguments, globals),
            PluginCommand::Check(arguments) => check::run(&arguments, globals),
            PluginCommand::Test(arguments) => try_out::run(&arguments, globals),
            PluginCommand::Bench(arguments) => bench::run(&arguments, globals),
            PluginCommand::Remote(command) => command.run(globals),
        }
    }
}

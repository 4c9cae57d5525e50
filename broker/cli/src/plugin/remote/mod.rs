//! `klamm plugin push`, `list`, `bind` and what else a broker is asked about plug-ins, over gRPC.

mod bind;
mod connection;
mod delete;
mod describe;
mod keygen;
mod list;
mod logs;
mod push;
mod role;
mod rollback;
mod row;
mod stats;
mod unbind;

use clap::Subcommand;

use crate::error::CliError;
use crate::globals::Globals;
use crate::session;

/// What a broker is asked about plug-ins.
#[derive(Debug, Subcommand)]
pub enum RemoteCommand {
    /// Store a plug-in in the cluster, under a name and a version that never changes
    Push(push::PushArguments),
    /// List the plug-ins that the cluster has
    #[command(visible_alias = "ls")]
    List(list::ListArguments),
    /// Show versions of a plug-in, with where they are bound
    Describe(describe::DescribeArguments),
    /// Bind a plug-in to a topic
    Bind(bind::BindArguments),
    /// Take plug-ins from a topic
    Unbind(unbind::UnbindArguments),
    /// Bring back what a topic bound before the last change
    Rollback(rollback::RollbackArguments),
    /// Show what bound plug-ins log on a broker
    Logs(logs::LogsArguments),
    /// Show what bound plug-ins did on a broker
    Stats(stats::StatsArguments),
    /// Delete a version that no topic binds
    Delete(delete::DeleteArguments),
    /// Make a key to sign plug-ins with
    Keygen(keygen::KeygenArguments),
}

impl RemoteCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), CliError> {
        match self {
            RemoteCommand::Push(arguments) => session::block_on(push::run(arguments, globals)),
            RemoteCommand::List(arguments) => session::block_on(list::run(arguments, globals)),
            RemoteCommand::Describe(arguments) => session::block_on(describe::run(arguments, globals)),
            RemoteCommand::Bind(arguments) => session::block_on(bind::run(arguments, globals)),
            RemoteCommand::Unbind(arguments) => session::block_on(unbind::run(arguments, globals)),
            RemoteCommand::Rollback(arguments) => session::block_on(rollback::run(arguments, globals)),
            RemoteCommand::Logs(arguments) => session::block_on(logs::run(arguments, globals)),
            RemoteCommand::Stats(arguments) => session::block_on(stats::run(arguments, globals)),
            RemoteCommand::Delete(arguments) => session::block_on(delete::run(arguments, globals)),
            RemoteCommand::Keygen(arguments) => keygen::run(&arguments, globals),
        }
    }
}

//! The client commands: what people type to work with a cluster.
//!
//! What it is: `klamm topic`, `produce`, `consume`, `group`, `dlq`, `config`, `cluster`, `plugin`, `log dump` and `completion`, and
//! the small Kafka client they use. They work against any Kafka broker, except for `plugin`, which asks Klamm by gRPC.
//!
//! What it is not: it starts no broker; `klamm server` is in the binary's own crate.
//!
//! ```text
//!   arguments -- clap --> ClientCommand --run--> client --Kafka's protocol--> broker
//!                                         \----> output: table, wide, json, yaml
//! ```

mod client;
mod cluster;
mod completion;
mod config;
mod consume;
mod dlq;
mod error;
mod globals;
mod group;
mod log_dump;
mod output;
mod plugin;
mod produce;
mod profile;
mod reference;
mod session;
mod settings;
mod time;
mod topic;

pub use completion::{CompletionArguments, write_completion};
pub use error::{CliError, EXIT_CODES};
pub use globals::Globals;
pub use reference::reference_markdown;

use clap::Subcommand;

/// What a client asks of a cluster, or of files.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Create, list, describe, alter and delete topics
    #[command(subcommand)]
    Topic(topic::TopicCommand),
    /// Write records: lines of text or JSON from standard input or files
    Produce(produce::ProduceArguments),
    /// Read records
    Consume(consume::ConsumeArguments),
    /// Show groups of consumers and how far they are, reset their offsets, delete them
    #[command(subcommand)]
    Group(group::GroupCommand),
    /// Show the records that plug-ins put into quarantine, send them again
    #[command(subcommand)]
    Dlq(dlq::DlqCommand),
    /// Show and change settings of topics and brokers
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Show the cluster and its brokers
    #[command(subcommand)]
    Cluster(cluster::ClusterCommand),
    /// Write, build, test, upload and bind WebAssembly plug-ins
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    /// Look into a broker's files
    #[command(subcommand)]
    Log(log_dump::LogCommand),
}

impl ClientCommand {
    /// Runs the command to its end.
    ///
    /// # Errors
    /// If it failed; the error says why and what to do next.
    pub fn run(self, globals: &Globals) -> Result<(), CliError> {
        match self {
            ClientCommand::Log(command) => command.run(globals),
            ClientCommand::Plugin(command) => command.run(globals),
            ClientCommand::Topic(command) => session::block_on(command.run(globals)),
            ClientCommand::Produce(arguments) => session::block_on(produce::run(arguments, globals)),
            ClientCommand::Consume(arguments) => session::block_on(consume::run(arguments, globals)),
            ClientCommand::Group(command) => session::block_on(command.run(globals)),
            ClientCommand::Dlq(command) => session::block_on(command.run(globals)),
            ClientCommand::Config(command) => session::block_on(command.run(globals)),
            ClientCommand::Cluster(command) => session::block_on(command.run(globals)),
        }
    }
}

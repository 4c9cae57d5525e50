//! `klamm topic`.

mod alter;
mod create;
mod delete;
mod describe;
mod list;

use clap::Subcommand;

use crate::error::CliError;
use crate::globals::Globals;

/// What to do with topics.
#[derive(Debug, Subcommand)]
pub enum TopicCommand {
    /// Create a topic
    Create(create::CreateArguments),
    /// List the topics
    #[command(visible_alias = "ls")]
    List(list::ListArguments),
    /// Show a topic's partitions and settings
    Describe(describe::DescribeArguments),
    /// Raise a topic's number of partitions, change its settings
    Alter(alter::AlterArguments),
    /// Delete topics and all their records
    Delete(delete::DeleteArguments),
}

impl TopicCommand {
    pub(crate) async fn run(self, globals: &Globals) -> Result<(), CliError> {
        match self {
            TopicCommand::Create(arguments) => create::run(arguments, globals).await,
            TopicCommand::List(arguments) => list::run(arguments, globals).await,
            TopicCommand::Describe(arguments) => describe::run(arguments, globals).await,
            TopicCommand::Alter(arguments) => alter::run(arguments, globals).await,
            TopicCommand::Delete(arguments) => delete::run(arguments, globals).await,
        }
    }
}

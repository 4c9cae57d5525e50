//! `klamm group`: groups of consumers, seen from outside.
//!
//! ```text
//!   roster: who is in a group      committed: how far it is      client::bounds: where the logs begin and end
//!        \______________________________|_________________________________/
//!                      lag (pure) -> describe        reset::plan (pure) -> reset
//! ```

mod assignment;
mod committed;
mod delete;
mod delete_offsets;
mod describe;
mod lag;
mod list;
mod members;
mod reset;
mod roster;
#[cfg(test)]
mod scripted_group;
mod selection;
#[cfg(test)]
mod tests;

use clap::Subcommand;

use crate::error::CliError;
use crate::globals::Globals;

/// What to do with groups.
#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// List the groups
    #[command(visible_alias = "ls")]
    List(list::ListArguments),
    /// Show how far groups are: offsets, lag, and who reads what
    Describe(describe::DescribeArguments),
    /// Show who is in a group
    Members(members::MembersArguments),
    /// Set a group's offsets; shows what it would do unless --execute is given
    Reset(reset::ResetArguments),
    /// Delete groups with their offsets
    Delete(delete::DeleteArguments),
    /// Delete a group's offsets of some topics
    DeleteOffsets(delete_offsets::DeleteOffsetsArguments),
}

impl GroupCommand {
    pub(crate) async fn run(self, globals: &Globals) -> Result<(), CliError> {
        match self {
            GroupCommand::List(arguments) => list::run(arguments, globals).await,
            GroupCommand::Describe(arguments) => describe::run(arguments, globals).await,
            GroupCommand::Members(arguments) => members::run(arguments, globals).await,
            GroupCommand::Reset(arguments) => reset::run(arguments, globals).await,
            GroupCommand::Delete(arguments) => delete::run(arguments, globals).await,
            GroupCommand::DeleteOffsets(arguments) => delete_offsets::run(arguments, globals).await,
        }
    }
}

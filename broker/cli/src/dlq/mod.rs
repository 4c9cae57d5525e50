//! `klamm dlq`: the records that plug-ins put into quarantine, seen and sent again.
//!
//! ```text
//!   T.dlq -- quarantine::read --> Sink: Letter (its headers: Envelope), or a note of what was replayed (Replayed)
//!              list: Rows, Overview, Summary      show: one letter
//!              replay: Choice (pure) -> Plan -> letters -> Resender -> T, then a note in T.dlq, then what came back
//! ```
//!
//! What was replayed is written down in the quarantine itself (`replayed`): a log loses its oldest records first, so a
//! note outlives the records it names, wherever the command runs and for as long as the quarantine lives.

mod envelope;
mod filter;
mod letter;
mod letter_id;
mod list;
mod offset_set;
mod quarantine;
mod replay;
mod replayed;
#[cfg(test)]
mod scripted_quarantine;
mod show;
mod text;

use clap::Subcommand;

use crate::error::CliError;
use crate::globals::Globals;

/// What to do with quarantined records.
#[derive(Debug, Subcommand)]
pub enum DlqCommand {
    /// List the quarantines, or the records of one
    #[command(visible_alias = "ls")]
    List(list::ListArguments),
    /// Show a quarantined record whole: why it is there, where it was to go, key, value and headers
    Show(show::ShowArguments),
    /// Send quarantined records to their topic again
    Replay(replay::ReplayArguments),
}

impl DlqCommand {
    pub(crate) async fn run(self, globals: &Globals) -> Result<(), CliError> {
        match self {
            DlqCommand::List(arguments) => list::run(arguments, globals).await,
            DlqCommand::Show(arguments) => show::run(arguments, globals).await,
            DlqCommand::Replay(arguments) => replay::run(arguments, globals).await,
        }
    }
}

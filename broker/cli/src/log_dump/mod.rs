//! `klamm log`.

use clap::{Args, Subcommand};

use crate::error::CliError;
use crate::globals::Globals;

/// What to do with a broker's files.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Show what is in segments, indexes and the other files of a partition
    Dump(DumpArguments),
}

/// Show what is in segments, indexes and the other files of a partition
#[derive(Debug, Args)]
pub struct DumpArguments {
    /// The files
    #[arg(required = true)]
    files: Vec<std::path::PathBuf>,
}

impl LogCommand {
    pub(crate) fn run(self, _globals: &Globals) -> Result<(), CliError> {
        Err(CliError::failed("not there yet"))
    }
}

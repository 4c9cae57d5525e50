//! `klamm completion`.

use std::io;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::error::CliError;

/// Print what teaches a shell klamm's commands and options
///
/// For bash: `klamm completion bash > ~/.local/share/bash-completion/completions/klamm`
#[derive(Debug, Args)]
pub struct CompletionArguments {
    /// The shell
    shell: Shell,
}

/// Prints the completion of `command`, which is the whole program's.
///
/// # Errors
/// If standard output can't be written.
pub fn write_completion(arguments: &CompletionArguments, command: &mut Command) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "klamm", &mut script);
    io::Write::write_all(&mut io::stdout().lock(), &script)?;
    Ok(())
}

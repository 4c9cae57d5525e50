//! The one binary: `klamm server` is the broker, everything else is a client of one.

mod server_command;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use klamm_cli::{CliError, ClientCommand, CompletionArguments, Globals};

/// Klamm: a streaming service that speaks Apache Kafka's protocol
#[derive(Debug, Parser)]
#[command(name = "klamm", version, propagate_version = true, max_term_width = 100)]
#[command(after_long_help = klamm_cli::EXIT_CODES)]
struct Arguments {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Server(server_command::ServerCommand),
    #[command(flatten)]
    Client(ClientCommand),
    Completion(CompletionArguments),
}

fn main() -> ExitCode {
    let Arguments { globals, command } = Arguments::parse();
    match command {
        Command::Server(command) => command.run(),
        Command::Client(command) => exit(command.run(&globals)),
        Command::Completion(arguments) => {
            exit(klamm_cli::write_completion(&arguments, &mut Arguments::command()))
        }
    }
}

#[expect(clippy::print_stderr, reason = "the last word to whoever typed the command")]
fn exit(result: Result<(), CliError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is_silent() {
                eprintln!("{error}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    /// `KLAMM_WRITE_REFERENCES=1` writes the page instead.
    #[test]
    fn the_reference_page_is_up_to_date() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
        let page = klamm_cli::reference_markdown(&super::Arguments::command());
        if std::env::var_os("KLAMM_WRITE_REFERENCES").is_some() {
            std::fs::write(&file, &page).unwrap();
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(page == written, "run KLAMM_WRITE_REFERENCES=1 cargo test -p klamm reference");
    }

    #[test]
    fn the_commands_contradict_nothing() {
        super::Arguments::command().debug_assert();
    }
}

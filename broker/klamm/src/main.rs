//! The one binary: `klamm server` is the broker, everything else is a client of one.

mod server_command;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser};
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

/// The commands that ask no broker.
const WITHOUT_GLOBALS: [&str; 2] = ["server", "completion"];

/// All there is to type.
fn command() -> clap::Command {
    Arguments::command().mut_subcommands(|command| {
        let asks_no_broker = WITHOUT_GLOBALS.contains(&command.get_name());
        if asks_no_broker { Globals::hidden_in(command) } else { command }
    })
}

/// What was typed; ends the process if that can't be.
fn arguments() -> Arguments {
    let mut command = command();
    let matches = command.get_matches_mut();
    if let Some(name) = matches.subcommand_name().filter(|name| WITHOUT_GLOBALS.contains(name))
        && let Some(option) = Globals::given_on_the_command_line(&matches)
    {
        let text = format!("{option} is for commands that ask a broker; `klamm {name}` doesn't");
        command.error(ErrorKind::UnknownArgument, text).exit();
    }
    Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit())
}

fn main() -> ExitCode {
    let Arguments { globals, command } = arguments();
    match command {
        Command::Server(command) => command.run(),
        Command::Client(command) => exit(command.run(&globals)),
        Command::Completion(arguments) => exit(klamm_cli::write_completion(&arguments, &mut self::command())),
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
    /// `KLAMM_WRITE_REFERENCES=1` writes the page instead.
    #[test]
    fn the_reference_page_is_up_to_date() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
        let page = klamm_cli::reference_markdown(&super::command());
        if std::env::var_os("KLAMM_WRITE_REFERENCES").is_some() {
            std::fs::write(&file, &page).unwrap();
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(page == written, "run KLAMM_WRITE_REFERENCES=1 cargo test -p klamm reference");
    }

    #[test]
    fn the_commands_contradict_nothing() {
        super::command().debug_assert();
    }
}

//! The one binary: `klamm server` is the broker, everything else is a client of one.

mod server_command;

use std::process::ExitCode;

use clap::Parser;

/// With glibc's allocator, memory that the threads of a busy broker freed stays with them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Klamm: a streaming service that speaks Apache Kafka's protocol.
#[derive(Debug, Parser)]
#[command(name = "klamm", version, propagate_version = true, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run a broker
    Server(server_command::ServerCommand),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Server(command) => command.run(),
    }
}

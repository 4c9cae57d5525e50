//! `klamm consume`: records out.
//!
//! ```text
//!   brokers -- Reader (fetches, decodes) --> records -- Printer (format, json, yaml) --> standard output
//! ```

mod aborted;
mod format;
mod json;
mod position;
mod printer;
mod reader;
mod time;

use clap::{Args, ValueEnum};

use crate::error::CliError;
use crate::globals::Globals;
use crate::session;
use format::Format;
use position::Position;
use printer::Printer;
use reader::{Reader, ReaderOptions};

/// Read records
///
/// Values are printed as they are, a line each; -f prints other things, -o json everything, one object a line.
#[derive(Debug, Args)]
pub struct ConsumeArguments {
    /// The topic
    topic: String,
    /// The partitions; all unless given
    #[arg(short, long, value_name = "N,..", value_delimiter = ',', value_parser = clap::value_parser!(i32).range(0..))]
    partitions: Vec<i32>,
    /// Where to begin: earliest, latest, an offset, or -N for the last N records of each partition
    #[arg(
        long,
        value_name = "OFFSET",
        default_value = "earliest",
        allow_hyphen_values = true,
        conflicts_with = "timestamp"
    )]
    offset: Position,
    /// Begin with the first record of this time or later: 2026-01-31T12:00:00Z, milliseconds since 1970, or a time
    /// before now such as 90s, 15m, 2h, 1d
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    timestamp: Option<i64>,
    /// Stop where the partitions end at the start of the command, instead of waiting for more
    #[arg(short = 'e', long, visible_alias = "exit-eof")]
    until_end: bool,
    /// Stop after so many records
    #[arg(short = 'n', long, value_name = "N")]
    max_messages: Option<u64>,
    /// What to print for each record: %s or %v value, %k key, %h headers, %t topic, %p partition, %o offset, %T
    /// timestamp in milliseconds, %S and %K sizes of value and key (-1: none), %% a percent sign, \n, \t, \xHH
    #[arg(short, long, value_name = "FORMAT", conflicts_with = "output")]
    format: Option<Format>,
    /// Whether to show records of transactions that are not committed
    #[arg(long, value_enum, default_value_t)]
    isolation: Isolation,
}

/// Whether to show records of transactions that are not committed
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Isolation {
    /// Only committed ones, and those without a transaction
    #[default]
    Committed,
    /// All
    Uncommitted,
}

pub(crate) async fn run(arguments: ConsumeArguments, globals: &Globals) -> Result<(), CliError> {
    let mut client = session::connect(globals).await?;
    let topic = client.topic(&arguments.topic, false).await?;
    let partitions = if arguments.partitions.is_empty() {
        (0..topic.partitions.len() as i32).collect()
    } else {
        arguments.partitions
    };
    let position = arguments.timestamp.map_or(arguments.offset, Position::Time);
    let starts = position.resolve(&mut client, &topic, &partitions).await?;
    let options = ReaderOptions {
        read_committed: arguments.isolation == Isolation::Committed,
        until_end: arguments.until_end,
    };
    let mut printer =
        Printer::new(globals.output(), arguments.format, topic.name.clone(), arguments.max_messages);
    let mut reader = Reader::start(client, topic, starts, options).await?;
    loop {
        tokio::select! {
            more = reader.read(&mut printer) => if !more? || printer.is_done() { return printer.finish() },
            // What has been read is printed; there is nothing else to lose.
            _ = tokio::signal::ctrl_c() => return printer.finish(),
        }
    }
}

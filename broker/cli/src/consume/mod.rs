//! `klamm consume`: records out.
//!
//! ```text
//!   leaders -- Fetcher (a task each) --> batches -- Reader --> records -- Printer --> standard output
//! ```

mod aborted;
mod collect;
mod fetcher;
mod format;
mod json;
mod position;
mod printer;
mod reader;
#[cfg(test)]
mod reader_tests;
mod sink;

use std::collections::BTreeMap;
use std::pin::pin;

use clap::Args;

use crate::client::offsets::LATEST;
use crate::client::{Again, Client, ClientError, Isolation, Topic};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::Progress;
use crate::session;
use crate::time;
pub(crate) use fetcher::Cursor;
use format::Format;
use position::Position;
use printer::Printer;
pub(crate) use reader::Reader;
pub(crate) use sink::Sink;

pub(crate) use collect::{Collected, newest};

const OUTPUT: &str = "\
With -o json each line is an object (with -o yaml each a document): \"topic\", \"partition\", \"offset\", \"timestamp\" in
milliseconds since 1970, \"key\", \"value\", and \"headers\", a list of objects with \"key\" and \"value\". Bytes are a text
if they are UTF-8, else {\"base64\": \"..\"}; null is none.";

/// Read records
///
/// Values are printed as they are, a line each; -f prints other things, -o json everything, one object a line. Ctrl-C
/// ends the command, which is no failure.
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct ConsumeArguments {
    /// The topic
    topic: String,
    /// The partitions; all unless given
    #[arg(short, long, visible_alias = "partition", value_name = "N,..", value_delimiter = ',', value_parser = clap::value_parser!(i32).range(0..))]
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
    #[arg(long, alias = "isolation-level", value_enum, default_value_t)]
    isolation: Isolation,
}

pub(crate) async fn run(arguments: ConsumeArguments, globals: &Globals) -> Result<(), CliError> {
    let mut client = session::connect(globals).await?;
    let looking = client.retrying(Again::Always, async |client| look(client, &arguments).await);
    let (topic, cursors) = looking.await?;
    let reader = Reader::new(client, topic, arguments.isolation, cursors);
    let (format, max) = (arguments.format, arguments.max_messages);
    let mut printer = Printer::to_standard_output(globals.output(), format, arguments.topic, max);
    let progress = Progress::of_records(reader.records_to_read());
    let outcome = print_all(reader, &mut printer, &progress).await;
    progress.finish();
    // What has been read is shown, whatever ended it.
    printer.flush()?;
    outcome
}

/// The topic, and where each partition is to be read.
async fn look(
    client: &mut Client,
    arguments: &ConsumeArguments,
) -> Result<(Topic, BTreeMap<i32, Cursor>), ClientError> {
    let topic = client.topic(&arguments.topic, false).await?;
    let mut partitions = arguments.partitions.clone();
    if partitions.is_empty() {
        partitions.extend(0..topic.partitions.len() as i32);
    }
    partitions.sort_unstable();
    partitions.dedup();
    let isolation = arguments.isolation;
    let position = arguments.timestamp.map_or(arguments.offset, Position::Time);
    let starts = position.resolve(client, &topic, &partitions, isolation).await?;
    let ends = if arguments.until_end {
        client.list_offsets(&topic, &partitions, LATEST, isolation).await?
    } else {
        BTreeMap::new()
    };
    let cursor = |(partition, next)| {
        (partition, Cursor { next, end: ends.get(&partition).copied().flatten(), leader_epoch: -1 })
    };
    let cursors = starts.into_iter().map(cursor).filter(|(_, cursor)| !cursor.is_at_end()).collect();
    Ok((topic, cursors))
}

async fn print_all(mut reader: Reader, printer: &mut Printer, progress: &Progress) -> Result<(), CliError> {
    // One for the whole time: a new one would not know of a signal that came before it.
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    let mut more = true;
    while more && !printer.is_done() {
        let before = printer.printed();
        tokio::select! {
            biased;
            _ = &mut interrupted => return Ok(()),
            read = reader.read(printer) => more = read?,
        }
        progress.advance(printer.printed() - before);
    }
    Ok(())
}

//! `klamm produce`: lines in, records out.
//!
//! ```text
//!   standard input, files -- input (a thread) --> records -- Batches --> full batches -- Sender --> brokers
//! ```

mod batches;
mod input;
mod json;
mod line;
mod partitioner;
mod sender;
#[cfg(test)]
mod sender_tests;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use klamm_model::{ProducerEpoch, ProducerId};
use klamm_records::Compression;
use klamm_wire::messages::InitProducerIdRequest;

use crate::client::{Again, Client, ClientError, Target, check};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{Progress, note};
use crate::session;
use crate::settings::parse_pair;
use batches::Batches;
use input::{Chunk, Input};
pub(crate) use partitioner::Partitioner;
use sender::Sender;

pub(crate) use input::InputRecord;
pub(crate) use json::parse_json;

/// Write records: lines of text or JSON from standard input or files
///
/// A line of text is a record's value. With --key-delimiter, what stands before its first occurrence is the key. An
/// empty line, or nothing behind the delimiter, is an empty value; with --tombstones it is none, which deletes the key
/// from a compacted topic.
///
/// A line of JSON is an object with "value" and, if wanted, "key", "headers" (a list of objects with "key" and "value"),
/// "partition" and "timestamp" (milliseconds since 1970). A value or key is a text, or {"base64": ".."} for bytes; null,
/// or nothing, is none (a tombstone); any other JSON is written as it is. What `klamm consume -o json` prints can be
/// produced again.
///
/// With --acks all the producer is idempotent: trying again after a failure never doubles a record. The command fails
/// if any record does; how many were acknowledged is told on standard error.
#[derive(Debug, Args)]
pub struct ProduceArguments {
    /// The topic; made by the broker if it doesn't exist and the broker makes topics (auto.create.topics.enable)
    topic: String,
    /// Files to read; standard input unless given
    files: Vec<PathBuf>,
    /// What a line is
    #[arg(long, value_enum, default_value_t)]
    input: InputFormat,
    /// What stands between a key and its value; a line without it is an error
    #[arg(short, long, value_name = "TEXT")]
    key_delimiter: Option<String>,
    /// An empty value means "delete what has this key" (a tombstone), not an empty value
    #[arg(long)]
    tombstones: bool,
    /// A header that every record gets; may be given several times
    #[arg(short = 'H', long, value_name = "NAME=VALUE", value_parser = parse_pair)]
    header: Vec<(String, String)>,
    /// The partition that every record goes to; by key as Kafka's clients do it unless given
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
    /// The codec: none, gzip, snappy, lz4 or zstd
    #[arg(short = 'z', long, value_name = "CODEC", default_value_t)]
    compression: Compression,
    /// Who must have a record before it counts
    #[arg(long, value_enum, default_value_t)]
    acks: Acks,
    /// Don't ask for a producer id: a broker can't tell a record that is sent again from a new one
    #[arg(long)]
    no_idempotence: bool,
    /// The most bytes of records in a batch before compression; at most what the topic's max.message.bytes allows
    #[arg(long, value_name = "BYTES", default_value_t = 512 * 1024, value_parser = clap::value_parser!(u32).range(1..=100 << 20))]
    batch_bytes: u32,
    /// How many milliseconds a batch waits for more records
    #[arg(long, value_name = "MS", default_value_t = 20)]
    linger_ms: u64,
}

/// What a line is
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum InputFormat {
    /// Text
    #[default]
    Lines,
    /// A JSON object
    Json,
}

/// Who must have a record before it counts
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Acks {
    /// Nobody: whatever is lost on the way is lost
    #[value(name = "0")]
    None,
    /// The partition's leader
    #[value(name = "1")]
    Leader,
    /// All in-sync replicas
    #[default]
    All,
}

impl Acks {
    fn code(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }
}

pub(crate) async fn run(arguments: ProduceArguments, globals: &Globals) -> Result<(), CliError> {
    let mut client = session::connect(globals).await?;
    let topic = client.topic(&arguments.topic, true).await?;
    if let Some(partition) = arguments.partition {
        topic.leader(partition)?;
    }
    let producer = match arguments.acks {
        Acks::All if !arguments.no_idempotence => Some(init_producer(&mut client).await?),
        _ => None,
    };
    let mut batches = Batches::new(&topic, &arguments, producer);
    let mut sender = Sender::new(client, topic, arguments.acks.code());
    let mut input = Input::start(&arguments);
    let progress = Progress::of_files(&arguments.files);
    let outcome = pump(&mut input, &mut batches, &mut sender, &progress, arguments.linger_ms).await;
    progress.finish();
    let delivered = sender.delivered();
    match outcome {
        Ok(()) => {
            note(&format!("{delivered} records written to {}", arguments.topic));
            Ok(())
        }
        Err(error) => {
            note(&format!("{delivered} records were written to {} before it failed", arguments.topic));
            Err(error)
        }
    }
}

/// Sends all of the input and waits for every acknowledgement.
async fn pump(
    input: &mut Input,
    batches: &mut Batches,
    sender: &mut Sender,
    progress: &Progress,
    linger_ms: u64,
) -> Result<(), CliError> {
    let linger = Duration::from_millis(linger_ms);
    loop {
        let next = if batches.is_empty() {
            Ok(input.next().await)
        } else {
            tokio::time::timeout(linger, input.next()).await
        };
        match next {
            Ok(Some(Ok(Chunk { records, bytes }))) => {
                progress.advance(bytes as u64);
                for record in &records {
                    if let Some(full) = batches.add(record)? {
                        sender.send(full).await?;
                    }
                }
            }
            Ok(Some(Err(error))) => {
                // What was read before the bad line is good.
                send_all(batches, sender).await?;
                return Err(error);
            }
            Ok(None) => return send_all(batches, sender).await,
            Err(_lingered_enough) => send_all(batches, sender).await?,
        }
    }
}

async fn send_all(batches: &mut Batches, sender: &mut Sender) -> Result<(), CliError> {
    for batch in batches.take_all()? {
        sender.send(batch).await?;
    }
    Ok(sender.drain().await?)
}

/// A producer id of its own.
pub(crate) async fn init_producer(client: &mut Client) -> Result<(ProducerId, ProducerEpoch), ClientError> {
    let request = InitProducerIdRequest { transaction_timeout_ms: i32::MAX, ..Default::default() };
    // A broker that has just started may need a moment before it can give an id.
    let asking = client.retrying(Again::Always, async |client| {
        let response = client.call(Target::Any, &request).await?;
        check(response.error_code, None, "asking for a producer id")?;
        Ok((ProducerId(response.producer_id), ProducerEpoch(response.producer_epoch)))
    });
    asking.await
}

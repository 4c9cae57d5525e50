//! `klamm dlq list`.

mod overview;
mod rows;
mod summary;

use std::collections::BTreeMap;

use clap::Args;
use klamm_records::Record;

use super::filter::FilterArguments;
use super::letter::Heading;
use super::offset_set::OffsetSet;
use super::quarantine::{self, Quarantine};
use super::replayed;
use crate::client::{Client, Topic};
use crate::consume::Sink;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output;
use crate::session;
use rows::Rows;
pub(super) use rows::Told;
use summary::Summary;

const OUTPUT: &str = "\
Without TOPIC: the quarantines there are, with how many records each has (RECORDS), how many of them are dead letters that
were not replayed yet (OPEN) or were (REPLAYED), how many somebody else wrote (OTHER), and the time of the newest.

With TOPIC: OFFSET is the place in the quarantine (1:17 is offset 17 of its partition 1), FROM the partition and the offset
that the record would have had in its topic, TIME when its producer made it.

With -o json or yaml, without TOPIC: a list of \"topic\", \"quarantine\", \"records\", \"open\", \"replayed\", \"other\",
\"newest\" (milliseconds since 1970); with TOPIC: a list of \"partition\", \"offset\", \"timestamp\", \"replayed\" and
\"dead_letter\" (null for somebody else's record): \"topic\", \"partition\", \"offset\", \"plugin\", \"version\", \"digest\",
\"reason\", \"producer_id\"; with --summary: a list of \"plugin\", \"version\", \"reason\", \"records\", \"replayed\",
\"oldest\", \"newest\".";

/// List the quarantines, or the records of one
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct ListArguments {
    /// The topic whose quarantine to list, or the quarantine's own name; all quarantines unless given
    topic: Option<String>,
    #[command(flatten)]
    filter: FilterArguments,
    /// Count the records by plug-in and reason
    #[arg(long, requires = "topic")]
    summary: bool,
}

pub(super) async fn run(arguments: ListArguments, globals: &Globals) -> Result<(), CliError> {
    let mut client = session::connect(globals).await?;
    let Some(topic) = &arguments.topic else {
        if arguments.filter.is_given() {
            return Err(CliError::usage("these options are about the records of one quarantine")
                .next("name its topic: `klamm dlq list TOPIC`"));
        }
        let (overview, failures) = overview::overview(client).await?;
        output::print(globals.output(), &overview)?;
        return output::tell_all(failures);
    };
    let quarantine = Quarantine::of(topic);
    let topic = quarantine.topic(&mut client).await?;
    let found = find(client, topic, &arguments.filter).await?;
    if arguments.summary {
        output::print(globals.output(), &Summary::of(&found))
    } else {
        output::print(globals.output(), &Rows::of(&found, output::terminal_width()))
    }
}

/// Records of a quarantine, and which of all records there were replayed.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub headings: Vec<Heading>,
    pub replayed: OffsetSet,
}

/// The records that the filter means.
pub(super) async fn find(
    mut client: Client,
    topic: Topic,
    filter: &FilterArguments,
) -> Result<Found, CliError> {
    let parts = quarantine::extent(&mut client, &topic).await?;
    let mut finding = Finding { filter, found: Found::default(), counts: BTreeMap::new() };
    quarantine::read(client, topic, parts, &mut finding).await?;
    let mut found = finding.found;
    // Partitions come as their leaders answer.
    found.headings.sort_by_key(|heading| heading.id);
    found.headings.truncate(filter.limit());
    Ok(found)
}

struct Finding<'a> {
    filter: &'a FilterArguments,
    found: Found,
    /// How many were found in each partition: of none more are needed than of all together.
    counts: BTreeMap<i32, usize>,
}

impl Sink for Finding<'_> {
    fn take(&mut self, partition: i32, record: &Record<'_>) -> Result<(), CliError> {
        if let Some(ranges) = replayed::read(record) {
            self.found.replayed.add_all(partition, &ranges);
            return Ok(());
        }
        let heading = Heading::of(partition, record);
        let here = self.counts.entry(partition).or_default();
        if *here < self.filter.limit() && self.filter.matches(&heading) {
            *here += 1;
            self.found.headings.push(heading);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), CliError> {
        Ok(())
    }
}

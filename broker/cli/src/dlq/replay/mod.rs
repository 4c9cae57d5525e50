//! `klamm dlq replay`.

mod choice;
mod edit;
mod outcome;
mod outgoing;
mod replayer;
mod resender;
mod returned;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::{Pin, pin};

use clap::Args;
use klamm_model::Offset;

use super::envelope;
use super::filter::FilterArguments;
use super::letter_id::LetterId;
use super::quarantine::{self, Quarantine};
use crate::client::{Client, Topic};
use crate::consume::{Cursor, Reader};
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, confirm, is_interactive, note};
use crate::session;
use crate::settings::parse_pair;
use choice::{Choice, Placing, Plan, Wanted};
use outcome::Outcome;
use outgoing::{Gathering, Outgoing};
use replayer::{Places, Replayer};
use returned::Returning;

const OUTPUT: &str = "\
A replayed record stays in the quarantine, where klamm notes that it was replayed: `klamm dlq list` shows it and --all
leaves it out from then on; naming its offset sends it again. A record is noted after its topic has acknowledged it, so
none is lost whatever breaks; if the command is killed in between, the next replay may send up to 500 records twice.
Ctrl-C ends the command after what is on its way.

The records pass the topic's plug-ins, who may send them to the quarantine again: RETURNED says which, and where they are
now.

With -o json or yaml: \"topic\", \"quarantine\", \"sent\", \"returned\" (a list of \"partition\", \"offset\", \"now\", \"plugin\",
\"version\", \"reason\"), \"refused\" (a list of \"partition\", \"offset\", \"error\"), \"skipped\" (a list of \"partition\",
\"offset\", \"why\"), \"replayed_already\" (how many); with --dry-run \"records\" (a list of \"partition\", \"offset\",
\"to_partition\", \"replayed\") in place of \"sent\", \"returned\" and \"refused\".";

/// Send quarantined records to their topic again
///
/// They are sent as their producer sent them: key, value, timestamp and headers, without what the broker added.
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct ReplayArguments {
    /// The topic whose quarantined records to send, or the quarantine's own name
    topic: String,
    /// The records' offsets in the quarantine, as `klamm dlq list` shows them
    #[arg(value_name = "OFFSET", required_unless_present = "all", conflicts_with = "all")]
    offsets: Vec<LetterId>,
    /// All that were not replayed yet
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: FilterArguments,
    /// Edit the value of each record before it is sent, with VISUAL or EDITOR
    #[arg(long)]
    edit: bool,
    /// Send what is in this file as the value of the record; for one OFFSET
    #[arg(long, value_name = "FILE", conflicts_with_all = ["edit", "all"])]
    value: Option<PathBuf>,
    /// A header that every record gets, in place of those of this name; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_pair)]
    set_header: Vec<(String, String)>,
    /// Where in the topic each record goes
    #[arg(long, value_enum, default_value_t)]
    partition: Placing,
    /// Show what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Don't ask
    #[arg(short, long)]
    yes: bool,
}

/// How the records are changed before they are sent.
#[derive(Debug, Default)]
struct Mending {
    editor: Option<String>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, String)>,
}

impl ReplayArguments {
    fn mending(&self) -> Result<Mending, CliError> {
        if self.value.is_some() && self.offsets.len() != 1 {
            return Err(
                CliError::usage("--value is for one record").next("give one OFFSET; nothing was sent")
            );
        }
        let brokers = |(name, _): &&(String, String)| envelope::is_brokers(name.as_bytes());
        if let Some((name, _)) = self.set_header.iter().find(brokers) {
            let what =
                format!("header {name} can't be set: headers that begin with klamm.dlq. are the broker's");
            return Err(CliError::usage(what));
        }
        let read = |path: &PathBuf| std::fs::read(path).map_err(|error| CliError::file(path, &error));
        Ok(Mending {
            editor: if self.edit && !self.dry_run { Some(edit::editor()?) } else { None },
            value: self.value.as_ref().map(read).transpose()?,
            headers: self.set_header.clone(),
        })
    }

    fn wanted(&self) -> Result<Wanted, CliError> {
        if self.all {
            return Ok(Wanted::All(self.filter.clone()));
        }
        if self.filter.is_given() {
            return Err(CliError::usage(
                "--plugin, --reason, --since, --until and --limit choose among --all",
            )
            .next("give --all, or only the offsets; nothing was sent"));
        }
        Ok(Wanted::These(self.offsets.clone()))
    }
}

pub(super) async fn run(arguments: ReplayArguments, globals: &Globals) -> Result<(), CliError> {
    let (mending, wanted) = (arguments.mending()?, arguments.wanted()?);
    let quarantine = Quarantine::of(&arguments.topic);
    let mut client = session::connect(globals).await?;
    let looked = look(&mut client, &quarantine).await?;
    let (client, plan) = plan(client, &quarantine, &looked, wanted, arguments.partition).await?;
    if arguments.dry_run {
        output::print(globals.output(), &plan)?;
        note(&format!("nothing was sent: {} would be sent to {}", records(plan.records.len()), plan.topic));
        return Ok(());
    }
    let ask = || {
        if arguments.yes || plan.records.is_empty() {
            return Ok(());
        }
        let what = format!("{} of {}", records(plan.records.len()), plan.quarantine);
        confirm(
            &format!("send {what} to {} again?", plan.topic),
            &format!("{what} would be sent to {} again", plan.topic),
            "nothing was sent",
        )
    };
    // Whoever edits is asked afterwards; but nobody edits what can't be confirmed.
    if mending.editor.is_none() || !is_interactive() {
        ask()?;
    }
    let ask_after_editing = || if mending.editor.is_some() && is_interactive() { ask() } else { Ok(()) };
    let sender = session::connect(globals).await?;
    let (outcome, ended) = replay(client, sender, &looked, &plan, &mending, ask_after_editing).await?;
    output::print(globals.output(), &outcome)?;
    tell(&outcome);
    ended?;
    match outcome.refused.len() {
        0 => Ok(()),
        count => Err(CliError::failed(format!("{} refused by {}", were(count), outcome.topic))
            .next("mend them with --edit, --value or --set-header, and replay them again")),
    }
}

fn records(count: usize) -> String {
    if count == 1 { "1 record".to_owned() } else { format!("{count} records") }
}

fn were(count: usize) -> String {
    format!("{} {}", records(count), if count == 1 { "was" } else { "were" })
}

fn tell(outcome: &Outcome) {
    note(&format!("{} sent to {} again", were(outcome.sent as usize), outcome.topic));
    if !outcome.returned.is_empty() {
        let returned = records(outcome.returned.len());
        note(&format!("{returned} of these came back to {}: see RETURNED", outcome.quarantine));
    }
}

/// A quarantine and its topic, as they are when the command begins.
struct Looked {
    base: Topic,
    topic: Topic,
    parts: BTreeMap<i32, Cursor>,
}

async fn look(client: &mut Client, quarantine: &Quarantine) -> Result<Looked, CliError> {
    let topic = quarantine.topic(client).await?;
    let base = quarantine.base(client).await?;
    let parts = quarantine::extent(client, &topic).await?;
    Ok(Looked { base, topic, parts })
}

/// What is to be sent.
async fn plan(
    client: Client,
    quarantine: &Quarantine,
    looked: &Looked,
    wanted: Wanted,
    placing: Placing,
) -> Result<(Client, Plan), CliError> {
    let mut choice = Choice::new(wanted, quarantine, placing, looked.base.partitions.len());
    let client = quarantine::read(client, looked.topic.clone(), looked.parts.clone(), &mut choice).await?;
    Ok((client, choice.plan()?))
}

/// Sends what is planned, and says what became of it, and how it ended.
async fn replay(
    client: Client,
    sender: Client,
    looked: &Looked,
    plan: &Plan,
    mending: &Mending,
    ask_after_editing: impl FnOnce() -> Result<(), CliError>,
) -> Result<(Outcome, Result<(), CliError>), CliError> {
    let known = Outcome {
        topic: plan.topic.clone(),
        quarantine: plan.quarantine.clone(),
        skipped: plan.skipped.clone(),
        replayed_already: plan.replayed_already,
        ..Outcome::default()
    };
    if plan.records.is_empty() {
        return Ok((known, Ok(())));
    }
    let mut gathering = Gathering::of(plan.records.iter().map(|record| (record.id, record.to_partition)));
    let mut reader = quarantine::reader(client, looked.topic.clone(), parts_of(looked, plan));
    let mut more = true;
    if mending.editor.is_some() {
        while more {
            more = reader.read(&mut gathering).await?;
        }
    }
    mend(&mut gathering.waiting, mending)?;
    ask_after_editing()?;
    let mut replayer = Replayer::new(sender, known).await?;
    let coming = Coming { reader: &mut reader, more };
    let ended = send_all(coming, &mut gathering, &mut replayer, mending).await;
    let mut outcome = replayer.outcome;
    // Whatever happened, those that were sent may have come back; if that can't be seen, what happened is told.
    match returned(reader.into_client(), looked, &replayer.places).await {
        Ok(found) => outcome.returned = found,
        Err(error) if ended.is_ok() => return Ok((outcome, Err(error))),
        Err(error) => note(&error.to_string()),
    }
    Ok((outcome, ended))
}

/// The records that are still to come.
struct Coming<'a> {
    reader: &'a mut Reader,
    more: bool,
}

/// Sends what was gathered and what comes, until all is sent, something fails, or Ctrl-C.
async fn send_all(
    mut coming: Coming<'_>,
    gathering: &mut Gathering,
    replayer: &mut Replayer,
    mending: &Mending,
) -> Result<(), CliError> {
    // One for the whole time: a new one would not know of a signal that came before it.
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    while coming.more || !gathering.waiting.is_empty() {
        if is_ready(interrupted.as_mut()).await {
            return Err(interruption(gathering));
        }
        if let Some(mut chunk) = gathering.next_chunk(!coming.more) {
            // Who edits has seen them all before.
            if mending.editor.is_none() {
                mend(&mut chunk, mending)?;
            }
            replayer.replay(chunk).await?;
            continue;
        }
        tokio::select! {
            biased;
            _ = &mut interrupted => return Err(interruption(gathering)),
            read = coming.reader.read(gathering) => coming.more = read?,
        }
    }
    match gathering.missing.len() {
        0 => Ok(()),
        count => Err(CliError::failed(format!(
            "{} deleted from {} before {} could be sent",
            were(count),
            replayer.outcome.quarantine,
            if count == 1 { "it" } else { "they" }
        ))),
    }
}

fn mend<'a>(records: impl IntoIterator<Item = &'a mut Outgoing>, mending: &Mending) -> Result<(), CliError> {
    for record in records {
        if let Some(value) = &mending.value {
            record.value = Some(value.clone());
        }
        if let Some(editor) = &mending.editor {
            record.value = edit::edit(editor, record.id, record.value.as_deref())?;
        }
        record.set_headers(&mending.headers);
    }
    Ok(())
}

/// Where what is planned stands.
fn parts_of(looked: &Looked, plan: &Plan) -> BTreeMap<i32, Cursor> {
    let mut parts: BTreeMap<i32, Cursor> = BTreeMap::new();
    for record in &plan.records {
        let (offset, behind) = (Offset(record.id.offset), Some(Offset(record.id.offset + 1)));
        let part = parts.entry(record.id.partition).or_insert_with(|| Cursor {
            next: offset,
            end: behind,
            leader_epoch: -1,
        });
        // They are in the order of their offsets.
        part.end = behind;
    }
    debug_assert!(parts.keys().all(|partition| looked.parts.contains_key(partition)));
    parts
}

async fn is_ready<F: Future>(future: Pin<&mut F>) -> bool {
    tokio::select! {
        biased;
        _ = future => true,
        () = std::future::ready(()) => false,
    }
}

fn interruption(gathering: &Gathering) -> CliError {
    let left = gathering.waiting.len() + gathering.missing.len();
    CliError::failed(format!("interrupted: {} left to send", records(left)))
        .next("with --all the same command goes on with those that are left")
}

/// Those of the records that were sent that are in quarantine again.
async fn returned(
    mut client: Client,
    looked: &Looked,
    places: &Places,
) -> Result<Vec<outcome::Returned>, CliError> {
    let mut parts = quarantine::extent(&mut client, &looked.topic).await?;
    for (partition, cursor) in &mut parts {
        let before = looked.parts.get(partition).and_then(|cursor| cursor.end);
        cursor.next = before.unwrap_or(cursor.next).max(cursor.next);
    }
    let mut returning = Returning::among(places);
    quarantine::read(client, looked.topic.clone(), parts, &mut returning).await?;
    returning.found.sort_by_key(|record| record.id);
    Ok(returning.found)
}

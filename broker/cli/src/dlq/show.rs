//! `klamm dlq show`.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::Args;
use klamm_model::Offset;
use klamm_records::Record;
use serde::Serialize;

use super::envelope::is_brokers;
use super::letter::Letter;
use super::letter_id::LetterId;
use super::list::Told;
use super::offset_set::OffsetSet;
use super::quarantine::{self, Quarantine};
use super::replayed;
use super::text::{hex_dump, one_line, printable};
use crate::client::{Client, Topic};
use crate::consume::Sink;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, BytesText, HeaderText, OutputFormat, Present, Table, note};
use crate::session;
use crate::time;

const OUTPUT: &str = "\
With -o json or yaml: \"partition\", \"offset\", \"timestamp\", \"replayed\", \"dead_letter\" (as in `klamm dlq list`), \"key\",
\"value\", and \"headers\" (the producer's own), a list of objects with \"key\" and \"value\". Bytes are a text if they are
UTF-8, else {\"base64\": \"..\"}; null is none.";

/// Show a quarantined record whole: why it is there, where it was to go, key, value and headers
///
/// Bytes that are no text are shown as hexadecimal numbers.
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct ShowArguments {
    /// The topic whose quarantine it is in, or the quarantine's own name
    topic: String,
    /// The record's offset in the quarantine, as `klamm dlq list` shows it
    offset: LetterId,
    /// Write the value's bytes to standard output, and nothing else
    #[arg(long, conflicts_with = "output")]
    raw: bool,
}

pub(super) async fn run(arguments: ShowArguments, globals: &Globals) -> Result<(), CliError> {
    let mut client = session::connect(globals).await?;
    let quarantine = Quarantine::of(&arguments.topic);
    let topic = quarantine.topic(&mut client).await?;
    let (letter, replayed) = find(client, topic, arguments.offset).await?;
    let mut out = io::stdout().lock();
    match globals.output() {
        _ if arguments.raw => {
            if letter.value.is_none() {
                note("the record has no value: it is a tombstone");
            }
            out.write_all(letter.value.as_deref().unwrap_or_default())?;
        }
        OutputFormat::Table | OutputFormat::Wide => {
            out.write_all(text(&quarantine.name, &letter, replayed).as_bytes())?;
        }
        format => {
            drop(out);
            return output::print(format, &Shown::of(&letter, replayed));
        }
    }
    Ok(out.flush()?)
}

/// A record of a quarantine, and whether it was replayed.
async fn find(mut client: Client, topic: Topic, id: LetterId) -> Result<(Letter, bool), CliError> {
    topic.leader(id.partition)?;
    let name = topic.name.clone();
    let mut parts = quarantine::extent(&mut client, &topic).await?;
    parts.retain(|partition, _| *partition == id.partition);
    let missing = |why: String| {
        let base = quarantine::base_of(&name).unwrap_or(&name);
        CliError::not_found(format!("{name} has no record at offset {id}{why}"))
            .next(format!("`klamm dlq list {base}` shows those it has"))
    };
    for cursor in parts.values_mut() {
        let end = cursor.end.unwrap_or(cursor.next);
        if !(cursor.next.0..end.0).contains(&id.offset) {
            return Err(missing(format!("; its offsets are from {} to before {end}", cursor.next)));
        }
        // What was replayed is noted behind it.
        cursor.next = Offset(id.offset);
    }
    let mut looking = Looking { id, letter: None, is_note: false, replayed: OffsetSet::default() };
    quarantine::read(client, topic, parts, &mut looking).await?;
    match looking.letter {
        Some(letter) => Ok((letter, looking.replayed.contains(id))),
        None if looking.is_note => {
            Err(missing(": klamm's own note of what was replayed stands there".to_owned()))
        }
        None => Err(missing(String::new())),
    }
}

struct Looking {
    id: LetterId,
    letter: Option<Letter>,
    is_note: bool,
    replayed: OffsetSet,
}

impl Sink for Looking {
    fn take(&mut self, partition: i32, record: &Record<'_>) -> Result<(), CliError> {
        let is_it = record.offset.0 == self.id.offset;
        match replayed::read(record) {
            Some(_) if is_it => self.is_note = true,
            Some(ranges) => {
                self.replayed.add_all(partition, &ranges);
            }
            None if is_it => self.letter = Some(Letter::of(partition, record)),
            None => {}
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), CliError> {
        Ok(())
    }
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    partition: i32,
    offset: i64,
    timestamp: i64,
    replayed: bool,
    dead_letter: Option<Told>,
    key: Option<BytesText<'a>>,
    value: Option<BytesText<'a>>,
    headers: Vec<HeaderText<'a>>,
}

impl<'a> Shown<'a> {
    fn of(letter: &'a Letter, replayed: bool) -> Shown<'a> {
        let headers = letter.own_headers().map(|(key, value)| HeaderText::of(key, value));
        Shown {
            partition: letter.heading.id.partition,
            offset: letter.heading.id.offset,
            timestamp: letter.heading.timestamp_ms,
            replayed,
            dead_letter: letter.heading.envelope.as_ref().map(Told::from),
            key: letter.key.as_deref().map(BytesText::of),
            value: letter.value.as_deref().map(BytesText::of),
            headers: headers.collect(),
        }
    }
}

/// Printed as text of its own for people: a value may have many lines.
impl Present for Shown<'_> {
    fn tables(&self, _wide: bool) -> Vec<Table> {
        Vec::new()
    }
}

/// A record as people see it.
fn text(quarantine: &str, letter: &Letter, replayed: bool) -> String {
    let heading = &letter.heading;
    let mut lines = vec![(
        "record",
        format!("{quarantine}, partition {}, offset {}", heading.id.partition, heading.id.offset),
    )];
    lines.push(("reason", one_line(heading.reason())));
    if let Some(told) = &heading.envelope {
        let known = |number: Option<i64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
        let (partition, offset) = (known(told.partition.map(i64::from)), known(told.offset));
        lines.push(("plug-in", one_line(&format!("{}, digest {}", told.plugin_text(), told.digest))));
        lines.push((
            "was to go to",
            one_line(&format!("{}, partition {partition}, offset {offset}", told.topic)),
        ));
        lines.push(("producer", known(told.producer_id)));
    }
    lines.push(("time", time::iso_text(heading.timestamp_ms)));
    lines.push(("replayed", if replayed { "yes" } else { "no" }.to_owned()));
    let mut text = String::new();
    for (name, value) in lines {
        // Writing to a String can't fail.
        let _ = writeln!(text, "{name:<14}{value}");
    }
    part(&mut text, "key", letter.key.as_deref());
    part(&mut text, "value", letter.value.as_deref());
    text.push_str("\nheaders\n");
    let (brokers, own): (Vec<_>, Vec<_>) = letter.headers.iter().partition(|(key, _)| is_brokers(key));
    for (key, value) in &own {
        let _ = writeln!(text, "  {}: {}", field(Some(key.as_slice())), field(value.as_deref()));
    }
    if own.is_empty() {
        text.push_str("  none\n");
    }
    let _ =
        if brokers.is_empty() { Ok(()) } else { writeln!(text, "  and {} of the broker's", brokers.len()) };
    text
}

/// A key or value, with its size.
fn part(text: &mut String, name: &str, bytes: Option<&[u8]>) {
    let _ = match bytes {
        None => writeln!(text, "\n{name}: none"),
        Some(bytes) => match printable(bytes) {
            Some(body) => {
                let end = if body.is_empty() || body.ends_with('\n') { "" } else { "\n" };
                write!(text, "\n{name}, {} bytes of text\n{body}{end}", bytes.len())
            }
            None => write!(text, "\n{name}, {} bytes\n{}", bytes.len(), hex_dump(bytes)),
        },
    };
}

/// A header's key or value on one line.
fn field(bytes: Option<&[u8]>) -> String {
    match bytes {
        None => "(none)".to_owned(),
        Some(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => one_line(text),
            Err(_) => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
        },
    }
}

#[cfg(test)]
mod tests {
    use klamm_model::{Offset, TimestampMs};
    use klamm_records::{Header, Record};

    use super::{Shown, find, text};
    use crate::dlq::letter::Letter;
    use crate::dlq::letter_id::LetterId;
    use crate::dlq::scripted_quarantine::{Held, letter, note, plain};

    fn whole() -> Letter {
        let header = |key, value| Header { key, value: Some(value) };
        let headers = vec![
            header(b"trace", b"a\nb"),
            header(b"bin", b"\xff\x00"),
            Header { key: b"null", value: None },
            header(b"klamm.dlq.topic", b"orders"),
            header(b"klamm.dlq.partition", b"3"),
            header(b"klamm.dlq.offset", b"1234"),
            header(b"klamm.dlq.plugin", b"json-guard"),
            header(b"klamm.dlq.version", b"1.0.0"),
            header(b"klamm.dlq.digest", b"ab12"),
            header(b"klamm.dlq.reason", b"field \"id\" is missing"),
            header(b"klamm.dlq.producer.id", b"1000"),
        ];
        let record = Record {
            offset: Offset(17),
            timestamp: TimestampMs(1_700_000_000_000),
            key: Some(b"\x1b[2J"),
            value: Some(b"{\n}"),
            headers,
        };
        Letter::of(0, &record)
    }

    #[test]
    fn people_see_everything() {
        assert_eq!(
            text("orders.dlq", &whole(), false),
            "\
record        orders.dlq, partition 0, offset 17
reason        field \"id\" is missing
plug-in       json-guard@1.0.0, digest ab12
was to go to  orders, partition 3, offset 1234
producer      1000
time          2023-11-14T22:13:20.000Z
replayed      no

key, 4 bytes
00000000  1b 5b 32 4a                                       |.[2J|

value, 3 bytes of text
{
}

headers
  trace: a\\nb
  bin: ff 00
  null: (none)
  and 8 of the broker's
"
        );
    }

    #[test]
    fn programs_do_too() {
        assert_eq!(
            serde_json::to_string(&Shown::of(&whole(), true)).unwrap(),
            r#"{"partition":0,"offset":17,"timestamp":1700000000000,"replayed":true,"dead_letter":{"topic":"orders","partition":3,"offset":1234,"plugin":"json-guard","version":"1.0.0","digest":"ab12","reason":"field \"id\" is missing","producer_id":1000},"key":"\u001b[2J","value":"{\n}","headers":[{"key":"trace","value":"a\nb"},{"key":"bin","value":{"base64":"/wA="}},{"key":"null","value":null}]}"#
        );
    }

    #[test]
    fn a_strangers_record_is_shown_as_what_it_is() {
        let record = Record {
            offset: Offset(0),
            timestamp: TimestampMs(-1),
            key: None,
            value: None,
            headers: Vec::new(),
        };
        assert_eq!(
            text("t.dlq", &Letter::of(1, &record), false),
            "\
record        t.dlq, partition 1, offset 0
reason        not a dead letter: it has no klamm.dlq headers
time          -
replayed      no

key: none

value: none

headers
  none
"
        );
    }

    #[tokio::test]
    async fn a_record_is_found_with_whether_it_was_replayed() {
        let held = Held::new(&[("t.dlq", 1)])
            .with("t.dlq", 0, letter("t", 0, 5, "a"))
            .with("t.dlq", 0, plain("b"))
            .with("t.dlq", 0, note(&[(0, 0)]));
        let (broker, _) = held.start().await;
        let found = async |partition, offset| {
            let mut client = broker.client(5.0).await.unwrap();
            let topic = client.topic("t.dlq", false).await.unwrap();
            let found = find(client, topic, LetterId { partition, offset }).await;
            found.map(|(letter, replayed)| (letter.value, replayed)).map_err(|error| error.to_string())
        };
        assert_eq!(found(0, 0).await, Ok((Some(b"a".to_vec()), true)));
        assert_eq!(found(0, 1).await, Ok((Some(b"b".to_vec()), false)));
        assert_eq!(
            found(0, 2).await.unwrap_err(),
            "error: t.dlq has no record at offset 2: klamm's own note of what was replayed stands there\n\
             next: `klamm dlq list t` shows those it has"
        );
        assert_eq!(
            found(0, 3).await.unwrap_err(),
            "error: t.dlq has no record at offset 3; its offsets are from 0 to before 3\n\
             next: `klamm dlq list t` shows those it has"
        );
        assert!(found(1, 0).await.unwrap_err().contains("topic t.dlq has no partition 1; it has 1"));
    }
}

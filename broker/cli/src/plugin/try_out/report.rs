//! Before and after, record by record.

use klamm_plugin_host::{Kind, Verdict};
use serde::Serialize;

use super::answer::{Answer, NewBytes};
use crate::error::CliError;
use crate::output::{BytesText, Present, Table};
use crate::plugin::sample::Sample;

/// Characters of a value that people see without -o wide.
const SHOWN_CHARACTERS: usize = 100;

/// What became of all records.
#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    file: String,
    kind: &'static str,
    records: Vec<Line<'a>>,
    summary: Summary,
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    records: usize,
    passed: usize,
    changed: usize,
    blocked: usize,
    failed: u64,
}

/// One record.
#[derive(Debug, Serialize)]
struct Line<'a> {
    record: usize,
    partition: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    verdict: &'static str,
    reason: Option<&'a str>,
    key: Option<BytesText<'a>>,
    value: Option<BytesText<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_key: Option<NewText<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_value: Option<NewText<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_partition: Option<u32>,
}

/// What a key or value becomes; null is null.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum NewText<'a> {
    Null(()),
    Set(BytesText<'a>),
}

impl<'a> NewText<'a> {
    fn of(bytes: &'a NewBytes) -> NewText<'a> {
        match bytes {
            NewBytes::Null => NewText::Null(()),
            NewBytes::Set(bytes) => NewText::Set(BytesText::of(bytes)),
        }
    }

    fn text(&self) -> Option<&BytesText<'a>> {
        match self {
            NewText::Null(()) => None,
            NewText::Set(text) => Some(text),
        }
    }
}

impl<'a> Report<'a> {
    /// From answers, one for each record, and how many records the plug-in failed on.
    pub(super) fn new(
        file: String,
        kind: Kind,
        samples: &'a [Sample],
        answers: &'a [Answer],
        failed: u64,
    ) -> Report<'a> {
        let lines = samples.iter().zip(answers).enumerate();
        let records: Vec<Line<'a>> =
            lines.map(|(index, (sample, answer))| Line::new(index + 1, sample, answer)).collect();
        let count =
            |verdicts: &[&str]| records.iter().filter(|line| verdicts.contains(&line.verdict)).count();
        let summary = Summary {
            records: records.len(),
            passed: count(&["accept", "keep", "change", "partition"]),
            changed: count(&["change", "partition"]),
            blocked: count(&["drop", "reject", "dead-letter"]),
            failed,
        };
        Report { file, kind: kind.name(), records, summary }
    }

    /// Whether that is a success.
    pub(super) fn judge(&self, all_pass: bool) -> Result<(), CliError> {
        let Summary { records, blocked, failed, .. } = self.summary;
        if failed > 0 {
            return Err(CliError::failed(format!("the plug-in failed on {failed} of {records} records"))
                .next("the reasons are above; a panic says more in the log lines"));
        }
        if all_pass && blocked > 0 {
            return Err(CliError::failed(format!(
                "{blocked} of {records} records were blocked, and --all-pass is set"
            )));
        }
        Ok(())
    }
}

impl<'a> Line<'a> {
    fn new(record: usize, sample: &'a Sample, answer: &'a Answer) -> Line<'a> {
        let text = |bytes: &'a Option<Vec<u8>>| bytes.as_deref().map(BytesText::of);
        let mut line = Line {
            record,
            partition: sample.partition,
            offset: sample.offset,
            verdict: "keep",
            reason: None,
            key: text(&sample.key),
            value: text(&sample.value),
            new_key: None,
            new_value: None,
            new_partition: None,
        };
        match answer {
            Answer::Keep => {}
            Answer::Verdict(verdict) => (line.verdict, line.reason) = spoken(verdict),
            Answer::Partition(partition) => {
                (line.verdict, line.new_partition) = ("partition", Some(*partition));
            }
            Answer::Change { key, value } => {
                line.verdict = "change";
                line.new_key = key.as_ref().map(NewText::of);
                line.new_value = value.as_ref().map(NewText::of);
            }
        }
        line
    }

    /// What people see of it: a row, and one more for each part that changes.
    fn rows(&self, wide: bool, table: &mut Table) {
        let cut = |text: String| if wide { text } else { shortened(&text) };
        let why = match self.new_partition {
            Some(new) => format!("{} -> {new}", self.partition),
            None => self.reason.unwrap_or_default().to_owned(),
        };
        let place =
            self.offset.map_or(self.record.to_string(), |offset| format!("{}@{offset}", self.partition));
        let key = self.key.as_ref().map_or_else(String::new, |key| format!("{}: ", plain(Some(key))));
        let shown = format!("{key}{}", plain(self.value.as_ref()));
        table.row([place, self.verdict.to_owned(), why, cut(shown)]);
        let changes = [("key", &self.new_key), ("value", &self.new_value)];
        for (part, new) in changes.into_iter().filter_map(|(part, new)| Some((part, new.as_ref()?))) {
            table.row([String::new(), String::new(), format!("new {part}"), cut(plain(new.text()))]);
        }
    }
}

fn spoken(verdict: &Verdict) -> (&'static str, Option<&str>) {
    match verdict {
        Verdict::Accept => ("accept", None),
        Verdict::Drop => ("drop", None),
        Verdict::Reject(reason) => ("reject", Some(reason)),
        Verdict::DeadLetter(reason) => ("dead-letter", Some(reason)),
    }
}

fn plain(bytes: Option<&BytesText<'_>>) -> String {
    match bytes {
        None => "<null>".into(),
        Some(BytesText::Text(text)) => {
            text.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'")
        }
        Some(BytesText::Bytes { base64 }) => format!("base64 {base64}"),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    }
}

impl Present for Report<'_> {
    fn tables(&self, wide: bool) -> Vec<Table> {
        let mut records = Table::new(&["RECORD", "VERDICT", "WHY", "VALUE"]);
        for line in &self.records {
            line.rows(wide, &mut records);
        }
        let mut summary = Table::new(&["RECORDS", "PASSED", "CHANGED", "BLOCKED", "FAILED"]);
        let Summary { records: all, passed, changed, blocked, failed } = &self.summary;
        summary.row([
            all.to_string(),
            passed.to_string(),
            changed.to_string(),
            blocked.to_string(),
            failed.to_string(),
        ]);
        vec![records, summary]
    }
}

//! The records of a quarantine, counted by plug-in and reason.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::Found;
use crate::dlq::text::one_line;
use crate::output::{Present, Table};
use crate::time;

#[derive(Debug, PartialEq, Serialize)]
struct Row {
    /// Null where somebody else wrote the records.
    plugin: Option<String>,
    version: Option<String>,
    reason: Option<String>,
    records: u64,
    replayed: u64,
    oldest: i64,
    newest: i64,
}

/// How many records each plug-in sent here, and why; the most first.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Summary(Vec<Row>);

impl Summary {
    pub(super) fn of(found: &Found) -> Summary {
        let mut rows: BTreeMap<_, Row> = BTreeMap::new();
        for heading in &found.headings {
            let told = heading.envelope.as_ref();
            let key = told.map(|told| (told.plugin.as_str(), told.version.as_str(), told.reason.as_str()));
            let time = heading.timestamp_ms;
            let row = rows.entry(key).or_insert_with(|| Row {
                plugin: told.map(|told| told.plugin.clone()),
                version: told.map(|told| told.version.clone()),
                reason: told.map(|told| told.reason.clone()),
                records: 0,
                replayed: 0,
                oldest: time,
                newest: time,
            });
            row.records += 1;
            row.replayed += u64::from(found.replayed.contains(heading.id));
            (row.oldest, row.newest) = (row.oldest.min(time), row.newest.max(time));
        }
        let mut rows: Vec<Row> = rows.into_values().collect();
        rows.sort_by_key(|row| Reverse(row.records));
        Summary(rows)
    }
}

impl Present for Summary {
    fn tables(&self, _wide: bool) -> Vec<Table> {
        let mut table = Table::new(&["RECORDS", "REPLAYED", "PLUGIN", "OLDEST", "NEWEST", "REASON"]);
        for row in &self.0 {
            let plugin = row.plugin.as_ref().zip(row.version.as_ref());
            table.row([
                row.records.to_string(),
                row.replayed.to_string(),
                plugin
                    .map_or_else(|| "-".to_owned(), |(name, version)| one_line(&format!("{name}@{version}"))),
                time::iso_text(row.oldest),
                time::iso_text(row.newest),
                row.reason.as_deref().map_or_else(|| "(no dead letters)".to_owned(), one_line),
            ]);
        }
        vec![table]
    }
}

#[cfg(test)]
mod tests {
    use super::Summary;
    use crate::dlq::envelope::Envelope;
    use crate::dlq::letter::Heading;
    use crate::dlq::letter_id::LetterId;
    use crate::dlq::list::Found;
    use crate::output::Present;

    #[test]
    fn the_most_come_first() {
        let told = |plugin: &str, version: &str, reason: &str| {
            Some(Envelope {
                plugin: plugin.into(),
                version: version.into(),
                reason: reason.into(),
                ..Envelope::default()
            })
        };
        let envelopes = [
            told("a", "1", "late"),
            None,
            told("b", "1", "late"),
            told("a", "2", "late"),
            told("b", "1", "late"),
            told("b", "1", "early"),
        ];
        let heading = |(offset, envelope)| Heading {
            id: LetterId { partition: 0, offset },
            timestamp_ms: 1_000 * offset,
            envelope,
        };
        let mut found = Found { headings: (0..).zip(envelopes).map(heading).collect(), ..Found::default() };
        found.replayed.add(0, 3, 4);
        let summary = Summary::of(&found);
        assert_eq!(
            summary.tables(false)[0].to_string(),
            "\
RECORDS  REPLAYED  PLUGIN  OLDEST                    NEWEST                    REASON
2        1         b@1     1970-01-01T00:00:02.000Z  1970-01-01T00:00:04.000Z  late
1        0         -       1970-01-01T00:00:01.000Z  1970-01-01T00:00:01.000Z  (no dead letters)
1        0         a@1     1970-01-01T00:00:00.000Z  1970-01-01T00:00:00.000Z  late
1        1         a@2     1970-01-01T00:00:03.000Z  1970-01-01T00:00:03.000Z  late
1        0         b@1     1970-01-01T00:00:05.000Z  1970-01-01T00:00:05.000Z  early"
        );
        assert_eq!(
            serde_json::to_string(&summary.0[1]).unwrap(),
            r#"{"plugin":null,"version":null,"reason":null,"records":1,"replayed":0,"oldest":1000,"newest":1000}"#
        );
    }
}

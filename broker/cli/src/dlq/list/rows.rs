//! The records of a quarantine, a row each.

use serde::Serialize;

use super::Found;
use crate::dlq::envelope::Envelope;
use crate::dlq::letter::Heading;
use crate::dlq::text::{cut, one_line};
use crate::output::{Present, Table};
use crate::time;

/// What stays of a reason however narrow the terminal is.
const MIN_REASON_WIDTH: usize = 20;

/// What the broker said of a record.
#[derive(Debug, PartialEq, Serialize)]
pub(in crate::dlq) struct Told {
    topic: String,
    partition: Option<i32>,
    offset: Option<i64>,
    plugin: String,
    version: String,
    digest: String,
    reason: String,
    producer_id: Option<i64>,
}

impl From<&Envelope> for Told {
    fn from(told: &Envelope) -> Told {
        Told {
            topic: told.topic.clone(),
            partition: told.partition,
            offset: told.offset,
            plugin: told.plugin.clone(),
            version: told.version.clone(),
            digest: told.digest.clone(),
            reason: told.reason.clone(),
            producer_id: told.producer_id,
        }
    }
}

#[derive(Debug, PartialEq, Serialize)]
struct Row {
    partition: i32,
    offset: i64,
    timestamp: i64,
    replayed: bool,
    dead_letter: Option<Told>,
    #[serde(skip)]
    cells: [String; 9],
}

/// The records of a quarantine.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Rows {
    rows: Vec<Row>,
    #[serde(skip)]
    width: Option<usize>,
}

const HEAD: [&str; 9] =
    ["OFFSET", "FROM", "TIME", "PLUGIN", "REPLAYED", "REASON", "TOPIC", "PRODUCER", "DIGEST"];
const REASON: usize = 5;

impl Rows {
    /// For a terminal of this width, if it is for one.
    pub(super) fn of(found: &Found, width: Option<usize>) -> Rows {
        let row = |heading: &Heading| Row::of(heading, found.replayed.contains(heading.id));
        Rows { rows: found.headings.iter().map(row).collect(), width }
    }

    /// What a line has left for the reason.
    fn reason_width(&self) -> usize {
        let Some(width) = self.width else { return usize::MAX };
        let column = |column: usize| {
            let cells = self.rows.iter().map(|row| row.cells[column].chars().count());
            cells.chain([HEAD[column].len()]).max().unwrap_or(0) + 2
        };
        width.saturating_sub((0..REASON).map(column).sum::<usize>() + 2).max(MIN_REASON_WIDTH)
    }
}

impl Row {
    fn of(heading: &Heading, replayed: bool) -> Row {
        let told = heading.envelope.as_ref();
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let cells = [
            heading.id.to_string(),
            or_dash(told.map(Envelope::origin_text)),
            time::iso_text(heading.timestamp_ms),
            or_dash(told.map(|told| one_line(&told.plugin_text()))),
            if replayed { "yes" } else { "no" }.to_owned(),
            one_line(heading.reason()),
            or_dash(told.map(|told| one_line(&told.topic))),
            or_dash(told.and_then(|told| told.producer_id).map(|id| id.to_string())),
            or_dash(told.map(|told| one_line(&told.digest))),
        ];
        Row {
            partition: heading.id.partition,
            offset: heading.id.offset,
            timestamp: heading.timestamp_ms,
            replayed,
            dead_letter: told.map(Told::from),
            cells,
        }
    }
}

impl Present for Rows {
    fn tables(&self, wide: bool) -> Vec<Table> {
        let width = if wide { usize::MAX } else { self.reason_width() };
        let mut table = Table::new(if wide { &HEAD } else { &HEAD[..=REASON] });
        for row in &self.rows {
            let mut cells = row.cells.clone();
            cells[REASON] = cut(&cells[REASON], width);
            table.row(cells);
        }
        vec![table]
    }
}

#[cfg(test)]
mod tests {
    use super::Rows;
    use crate::dlq::envelope::Envelope;
    use crate::dlq::letter::Heading;
    use crate::dlq::letter_id::LetterId;
    use crate::dlq::list::Found;
    use crate::output::Present;

    fn found() -> Found {
        let told = Envelope {
            topic: "orders".into(),
            partition: Some(3),
            offset: Some(1234),
            timestamp: Some(1),
            plugin: "json-guard".into(),
            version: "1.0.0".into(),
            digest: "ab12".into(),
            reason: "not JSON: expected value\nat line 1 column 5".into(),
            producer_id: Some(1000),
        };
        let heading = |partition, offset, envelope| Heading {
            id: LetterId { partition, offset },
            timestamp_ms: 1_700_000_000_000,
            envelope,
        };
        let mut found =
            Found { headings: vec![heading(0, 17, Some(told)), heading(1, 2, None)], ..Found::default() };
        found.replayed.add(0, 10, 20);
        found
    }

    fn table(width: Option<usize>, wide: bool) -> String {
        Rows::of(&found(), width).tables(wide)[0].to_string()
    }

    #[test]
    fn tables_are_exact() {
        assert_eq!(
            table(None, true),
            "\
OFFSET  FROM    TIME                      PLUGIN            REPLAYED  REASON                                          TOPIC   PRODUCER  DIGEST
17      3@1234  2023-11-14T22:13:20.000Z  json-guard@1.0.0  yes       not JSON: expected value\\nat line 1 column 5    orders  1000      ab12
1:2     -       2023-11-14T22:13:20.000Z  -                 no        not a dead letter: it has no klamm.dlq headers  -       -         -"
        );
    }

    #[test]
    fn a_reason_is_cut_to_the_terminal() {
        let at_95 = table(Some(95), false);
        assert_eq!(
            at_95,
            "\
OFFSET  FROM    TIME                      PLUGIN            REPLAYED  REASON
17      3@1234  2023-11-14T22:13:20.000Z  json-guard@1.0.0  yes       not JSON: expected val…
1:2     -       2023-11-14T22:13:20.000Z  -                 no        not a dead letter: it…"
        );
        assert!(at_95.lines().all(|line| line.chars().count() <= 95));
        assert!(table(Some(10), false).contains("not JSON: expected…"), "something of it always stays");
        assert!(table(None, false).contains("column 5"));
    }

    #[test]
    fn json_has_everything() {
        assert_eq!(
            serde_json::to_string(&Rows::of(&found(), Some(20))).unwrap(),
            r#"[{"partition":0,"offset":17,"timestamp":1700000000000,"replayed":true,"dead_letter":{"topic":"orders","partition":3,"offset":1234,"plugin":"json-guard","version":"1.0.0","digest":"ab12","reason":"not JSON: expected value\nat line 1 column 5","producer_id":1000}},{"partition":1,"offset":2,"timestamp":1700000000000,"replayed":false,"dead_letter":null}]"#
        );
    }
}

//! What became of a replay.

use serde::Serialize;

use super::choice::{Skipped, place, skipped_table};
use crate::dlq::letter_id::LetterId;
use crate::dlq::text::one_line;
use crate::output::{Present, Table};

/// A record that was sent and is in quarantine again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Returned {
    #[serde(flatten, serialize_with = "place")]
    pub id: LetterId,
    /// Where it is in the quarantine now.
    #[serde(serialize_with = "place")]
    pub now: LetterId,
    pub plugin: String,
    pub version: String,
    pub reason: String,
}

/// A record that the topic doesn't take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Refused {
    #[serde(flatten, serialize_with = "place")]
    pub id: LetterId,
    pub error: String,
}

/// What became of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Outcome {
    pub topic: String,
    pub quarantine: String,
    /// How many records were acknowledged; those that returned are among them.
    pub sent: u64,
    pub returned: Vec<Returned>,
    pub refused: Vec<Refused>,
    pub skipped: Vec<Skipped>,
    pub replayed_already: u64,
}

impl Present for Outcome {
    fn tables(&self, _wide: bool) -> Vec<Table> {
        let mut counts = Table::new(&["TOPIC", "SENT", "RETURNED", "REFUSED", "SKIPPED", "ALREADY"]);
        counts.row([
            self.topic.clone(),
            self.sent.to_string(),
            self.returned.len().to_string(),
            self.refused.len().to_string(),
            self.skipped.len().to_string(),
            self.replayed_already.to_string(),
        ]);
        let mut tables = vec![counts];
        if !self.returned.is_empty() {
            let mut table = Table::new(&["RETURNED", "NOW", "PLUGIN", "REASON"]);
            for record in &self.returned {
                table.row([
                    record.id.to_string(),
                    record.now.to_string(),
                    one_line(&format!("{}@{}", record.plugin, record.version)),
                    one_line(&record.reason),
                ]);
            }
            tables.push(table);
        }
        if !self.refused.is_empty() {
            let mut table = Table::new(&["REFUSED", "WHY"]);
            for record in &self.refused {
                table.row([record.id.to_string(), one_line(&record.error)]);
            }
            tables.push(table);
        }
        tables.extend(skipped_table(&self.skipped));
        tables
    }
}

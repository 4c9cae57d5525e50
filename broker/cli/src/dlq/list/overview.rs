//! All quarantines of a cluster.

use std::collections::{BTreeMap, BTreeSet};

use klamm_records::Record;
use serde::Serialize;

use crate::client::{Again, Client, Topic};
use crate::consume::{Cursor, Sink};
use crate::dlq::letter::Heading;
use crate::dlq::offset_set::OffsetSet;
use crate::dlq::quarantine::{self, Quarantine};
use crate::dlq::replayed;
use crate::error::CliError;
use crate::output::{Present, Table, note};
use crate::time;

#[derive(Debug, PartialEq, Serialize)]
struct Row {
    topic: String,
    quarantine: String,
    records: u64,
    open: u64,
    replayed: u64,
    other: u64,
    newest: Option<i64>,
}

/// The quarantines there are.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Overview(Vec<Row>);

impl Present for Overview {
    fn tables(&self, _wide: bool) -> Vec<Table> {
        let mut table =
            Table::new(&["TOPIC", "QUARANTINE", "RECORDS", "OPEN", "REPLAYED", "OTHER", "NEWEST"]);
        for row in &self.0 {
            table.row([
                row.topic.clone(),
                row.quarantine.clone(),
                row.records.to_string(),
                row.open.to_string(),
                row.replayed.to_string(),
                row.other.to_string(),
                time::iso_text(row.newest.unwrap_or(-1)),
            ]);
        }
        vec![table]
    }
}

/// Looks through all topics that are called like a quarantine: one is one if its topic is there, or a dead letter in it.
/// What can't be looked into is told beside it.
pub(super) async fn overview(mut client: Client) -> Result<(Overview, Vec<CliError>), CliError> {
    let response = client.retrying(Again::Always, async |client| client.metadata(None, false).await).await?;
    let names: BTreeSet<String> = response.topics.into_iter().filter_map(|topic| topic.name).collect();
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for name in &names {
        let Some(base) = quarantine::base_of(name) else { continue };
        let (topic, parts) = match look(&mut client, name).await {
            Ok(found) => found,
            Err(error) => {
                note(&format!("{name} is missing in the list"));
                failures.push(error);
                continue;
            }
        };
        let mut count = Count::default();
        client = quarantine::read(client, topic, parts, &mut count).await?;
        if names.contains(base) || count.letters.len() > 0 {
            rows.push(count.row(base, name));
        }
    }
    Ok((Overview(rows), failures))
}

async fn look(client: &mut Client, name: &str) -> Result<(Topic, BTreeMap<i32, Cursor>), CliError> {
    let topic = Quarantine::of(name).topic(client).await?;
    let parts = quarantine::extent(client, &topic).await?;
    Ok((topic, parts))
}

#[derive(Debug, Default)]
struct Count {
    letters: OffsetSet,
    others: OffsetSet,
    replayed: OffsetSet,
    newest: Option<i64>,
}

impl Count {
    fn row(&self, topic: &str, quarantine: &str) -> Row {
        let replayed = self.letters.common(&self.replayed);
        Row {
            topic: topic.to_owned(),
            quarantine: quarantine.to_owned(),
            records: self.letters.len() + self.others.len(),
            open: self.letters.len() - replayed,
            replayed,
            other: self.others.len(),
            newest: self.newest,
        }
    }
}

impl Sink for Count {
    fn take(&mut self, partition: i32, record: &Record<'_>) -> Result<(), CliError> {
        if let Some(ranges) = replayed::read(record) {
            self.replayed.add_all(partition, &ranges);
            return Ok(());
        }
        let heading = Heading::of(partition, record);
        let set = if heading.envelope.is_some() { &mut self.letters } else { &mut self.others };
        set.add(partition, heading.id.offset, heading.id.offset);
        self.newest = self.newest.max(Some(heading.timestamp_ms));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), CliError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::overview;
    use crate::dlq::scripted_quarantine::{Held, letter, note, plain};
    use crate::output::Present;

    #[tokio::test]
    async fn a_quarantine_is_one_by_its_topic_or_by_its_letters() {
        let topics = [("orders", 1), ("orders.dlq", 2), ("gone.dlq", 1), ("notes.dlq", 1), (".dlq", 1)];
        let held =
            Held { unlisted: Some("lost.dlq"), ..Held::new(&[&topics[..], &[("lost.dlq", 1)]].concat()) }
                .with("orders.dlq", 0, letter("orders", 0, 1, "a"))
                .with("orders.dlq", 0, letter("orders", 0, 2, "b"))
                .with("orders.dlq", 0, plain("x"))
                .with("orders.dlq", 1, letter("orders", 0, 3, "c"))
                .with("orders.dlq", 0, note(&[(0, 0), (2, 2)]))
                .with("gone.dlq", 0, letter("gone", 0, 1, "a"))
                .with("notes.dlq", 0, plain("x"));
        let (broker, _) = held.start().await;
        let (overview, failures) = overview(broker.client(5.0).await.unwrap()).await.unwrap();
        assert_eq!(
            overview.tables(false)[0].to_string(),
            "\
TOPIC   QUARANTINE  RECORDS  OPEN  REPLAYED  OTHER  NEWEST
gone    gone.dlq    1        1     0         0      1970-01-01T00:00:01.000Z
orders  orders.dlq  4        2     1         1      1970-01-01T00:00:01.000Z"
        );
        let said: Vec<String> = failures.iter().map(ToString::to_string).collect();
        assert!(said.len() == 1 && said[0].contains("asking for offsets of lost.dlq-0"), "{said:?}");
    }
}

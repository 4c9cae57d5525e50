//! The quarantine of a topic: where it is, and reading of it.

use std::collections::BTreeMap;

use klamm_model::{ErrorCode, Offset};

use crate::client::offsets::{EARLIEST, LATEST};
use crate::client::{Again, Client, ClientError, Isolation, Topic};
use crate::consume::{Cursor, Reader, Sink};
use crate::error::CliError;

/// What the name of a quarantine ends with.
const SUFFIX: &str = ".dlq";
/// Dead letters are in no transaction, and nobody's open transaction hides them.
const ISOLATION: Isolation = Isolation::ReadUncommitted;

/// The names of a topic and its quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Quarantine {
    /// The topic that records were to go to.
    pub base: String,
    /// Where they are instead.
    pub name: String,
}

impl Quarantine {
    /// Of a topic's name, or the quarantine's own.
    pub(super) fn of(topic: &str) -> Quarantine {
        let base = base_of(topic).unwrap_or(topic);
        Quarantine { base: base.to_owned(), name: format!("{base}{SUFFIX}") }
    }

    /// The quarantine's topic.
    pub(super) async fn topic(&self, client: &mut Client) -> Result<Topic, CliError> {
        client.topic(&self.name, false).await.map_err(|error| match error.code() {
            Some(ErrorCode::UnknownTopicOrPartition) => CliError::not_found(format!(
                "topic {} has no quarantine: there is no topic {}",
                self.base, self.name
            ))
            .next("`klamm dlq list` shows the quarantines there are"),
            _ => CliError::from(error),
        })
    }

    /// The topic that records were to go to.
    pub(super) async fn base(&self, client: &mut Client) -> Result<Topic, CliError> {
        client.topic(&self.base, false).await.map_err(|error| match error.code() {
            Some(ErrorCode::UnknownTopicOrPartition) => CliError::not_found(format!(
                "topic {} does not exist: what is in {} has nowhere to go",
                self.base, self.name
            ))
            .next(format!("`klamm topic create {}` makes it; nothing was sent", self.base)),
            _ => CliError::from(error),
        })
    }
}

/// The topic whose quarantine has this name.
pub(super) fn base_of(name: &str) -> Option<&str> {
    name.strip_suffix(SUFFIX).filter(|base| !base.is_empty())
}

/// All that is in a topic now.
pub(super) async fn extent(client: &mut Client, topic: &Topic) -> Result<BTreeMap<i32, Cursor>, ClientError> {
    let partitions: Vec<i32> = (0..topic.partitions.len() as i32).collect();
    client
        .retrying(Again::Always, async |client| {
            let topic = client.topic(&topic.name, false).await?;
            let starts = client.list_offsets(&topic, &partitions, EARLIEST, ISOLATION).await?;
            let ends = client.list_offsets(&topic, &partitions, LATEST, ISOLATION).await?;
            let of = |offsets: &BTreeMap<i32, Option<Offset>>, partition: i32| {
                offsets.get(&partition).copied().flatten().unwrap_or(Offset::ZERO)
            };
            let cursor = |partition: i32| {
                let (next, end) = (of(&starts, partition), Some(of(&ends, partition)));
                (partition, Cursor { next, end, leader_epoch: -1 })
            };
            Ok(partitions.iter().map(|partition| cursor(*partition)).collect())
        })
        .await
}

/// A reader of these parts of a topic; nothing is left of a part that is empty.
pub(super) fn reader(client: Client, topic: Topic, parts: BTreeMap<i32, Cursor>) -> Reader {
    let parts = parts.into_iter().filter(|(_, cursor)| !cursor.is_at_end()).collect();
    Reader::new(client, topic, ISOLATION, parts)
}

/// Gives the sink these parts of a topic; the client comes back.
pub(super) async fn read(
    client: Client,
    topic: Topic,
    parts: BTreeMap<i32, Cursor>,
    sink: &mut impl Sink,
) -> Result<Client, CliError> {
    let mut reader = reader(client, topic, parts);
    while reader.read(sink).await? {}
    Ok(reader.into_client())
}

#[cfg(test)]
mod tests {
    use super::{Quarantine, base_of};

    #[test]
    fn a_topic_and_its_quarantine_name_the_same() {
        for name in ["orders", "orders.dlq"] {
            let expected = Quarantine { base: "orders".into(), name: "orders.dlq".into() };
            assert_eq!(Quarantine::of(name), expected);
        }
        assert_eq!(Quarantine::of("a.dlq.dlq").base, "a.dlq");
        assert_eq!((base_of("orders"), base_of(".dlq")), (None, None));
    }
}

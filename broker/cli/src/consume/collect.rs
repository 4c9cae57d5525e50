//! The newest records of a topic, for other commands.

use klamm_records::Record;

use super::position::Position;
use super::reader::Reader;
use super::sink::Sink;
use super::{ConsumeArguments, look};
use crate::client::{Again, Isolation};
use crate::error::CliError;
use crate::globals::Globals;
use crate::session;

/// A record that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collected {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// The last `each` records of each partition of a topic.
pub(crate) async fn newest(topic: &str, each: u32, globals: &Globals) -> Result<Vec<Collected>, CliError> {
    let mut client = session::connect(globals).await?;
    let arguments = ConsumeArguments {
        topic: topic.to_owned(),
        partitions: Vec::new(),
        offset: Position::Last(each.into()),
        timestamp: None,
        until_end: true,
        max_messages: None,
        format: None,
        isolation: Isolation::default(),
    };
    let looking = client.retrying(Again::Always, async |client| look(client, &arguments).await);
    let (topic, cursors) = looking.await?;
    let mut reader = Reader::new(client, topic, arguments.isolation, cursors);
    let mut records = Vec::new();
    while reader.read(&mut records).await? {}
    records.sort_by_key(|record: &Collected| (record.partition, record.offset));
    Ok(records)
}

impl Sink for Vec<Collected> {
    fn take(&mut self, partition: i32, record: &Record<'_>) -> Result<(), CliError> {
        let owned =
            |header: &klamm_records::Header<'_>| (header.key.to_vec(), header.value.map(<[u8]>::to_vec));
        self.push(Collected {
            partition,
            offset: record.offset.0,
            timestamp: record.timestamp.0,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record.headers.iter().map(owned).collect(),
        });
        Ok(())
    }

    fn flush(&mut self) -> Result<(), CliError> {
        Ok(())
    }
}

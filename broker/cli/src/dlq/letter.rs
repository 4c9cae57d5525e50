//! A record of a quarantine.

use klamm_records::{Header, Record};

use super::envelope::{Envelope, is_brokers};
use super::letter_id::LetterId;

/// What a list needs to know of a record, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading {
    pub id: LetterId,
    /// When the producer made it, in milliseconds since 1970.
    pub timestamp_ms: i64,
    /// What the broker said; none if it was somebody else who wrote it.
    pub envelope: Option<Envelope>,
}

/// A record of a quarantine, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    pub heading: Heading,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    /// All of them, the broker's too.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Heading {
    pub(super) fn of(partition: i32, record: &Record<'_>) -> Heading {
        let envelope = Envelope::of(&record.headers);
        let told = envelope.as_ref().and_then(|envelope| envelope.timestamp);
        Heading {
            id: LetterId { partition, offset: record.offset.0 },
            timestamp_ms: told.unwrap_or(record.timestamp.0),
            envelope,
        }
    }

    /// The reason, or what else it is.
    pub(super) fn reason(&self) -> &str {
        self.envelope.as_ref().map_or("not a dead letter: it has no klamm.dlq headers", |told| &told.reason)
    }
}

impl Letter {
    pub(super) fn of(partition: i32, record: &Record<'_>) -> Letter {
        let owned = |bytes: &[u8]| bytes.to_vec();
        let header = |header: &Header<'_>| (header.key.to_vec(), header.value.map(owned));
        Letter {
            heading: Heading::of(partition, record),
            key: record.key.map(owned),
            value: record.value.map(owned),
            headers: record.headers.iter().map(header).collect(),
        }
    }

    /// The headers as its producer sent them.
    pub(super) fn own_headers(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let own = self.headers.iter().filter(|(key, _)| !is_brokers(key));
        own.map(|(key, value)| (key.as_slice(), value.as_deref()))
    }
}

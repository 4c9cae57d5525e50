//! What the broker says of a record that it puts into quarantine, in the record's headers.

use std::borrow::Cow;

use klamm_records::Header;

/// How the broker's headers begin.
pub(super) const PREFIX: &str = "klamm.dlq.";

/// What the broker said of a quarantined record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Envelope {
    /// Where it was to go.
    pub topic: String,
    pub partition: Option<i32>,
    /// The offset it would have had.
    pub offset: Option<i64>,
    /// In milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// By which plug-in it is here.
    pub plugin: String,
    pub version: String,
    pub digest: String,
    pub reason: String,
    pub producer_id: Option<i64>,
}

impl Envelope {
    /// What the headers say; `None` if they are no dead letter's. A record that passed twice has each header twice: the
    /// last ones tell of this time.
    pub(super) fn of(headers: &[Header<'_>]) -> Option<Envelope> {
        let text = |name: &str| -> Option<Cow<'_, str>> {
            let is_it = |header: &&Header<'_>| {
                header.key.strip_prefix(PREFIX.as_bytes()).is_some_and(|rest| rest == name.as_bytes())
            };
            let value = headers.iter().rev().find(is_it)?.value?;
            Some(String::from_utf8_lossy(value))
        };
        let owned = |name: &str| text(name).map(Cow::into_owned).unwrap_or_default();
        Some(Envelope {
            topic: text("topic")?.into_owned(),
            partition: text("partition").and_then(|text| text.parse().ok()),
            offset: text("offset").and_then(|text| text.parse().ok()),
            timestamp: text("timestamp").and_then(|text| text.parse().ok()),
            plugin: owned("plugin"),
            version: owned("version"),
            digest: owned("digest"),
            reason: owned("reason"),
            producer_id: text("producer.id").and_then(|text| text.parse().ok()),
        })
    }

    /// `name@version`.
    pub(super) fn plugin_text(&self) -> String {
        format!("{}@{}", self.plugin, self.version)
    }

    /// `topic-partition@offset`, as far as it is known.
    pub(super) fn origin_text(&self) -> String {
        let or_unknown = |known: Option<String>| known.unwrap_or_else(|| "?".to_owned());
        let partition = or_unknown(self.partition.map(|partition| partition.to_string()));
        let offset = or_unknown(self.offset.map(|offset| offset.to_string()));
        format!("{partition}@{offset}")
    }
}

/// Whether a header is the broker's and not the producer's.
pub(super) fn is_brokers(key: &[u8]) -> bool {
    key.starts_with(PREFIX.as_bytes())
}

#[cfg(test)]
mod tests {
    use klamm_records::Header;

    use super::Envelope;

    fn headers<'a>(pairs: &[(&'a str, &'a str)]) -> Vec<Header<'a>> {
        pairs.iter().map(|(k, v)| Header { key: k.as_bytes(), value: Some(v.as_bytes()) }).collect()
    }

    #[test]
    fn the_last_header_of_each_name_counts() {
        let twice = headers(&[
            ("klamm.dlq.topic", "t"),
            ("klamm.dlq.partition", "1"),
            ("klamm.dlq.offset", "5"),
            ("klamm.dlq.plugin", "old"),
            ("own", "x"),
            ("klamm.dlq.topic", "orders"),
            ("klamm.dlq.partition", "3"),
            ("klamm.dlq.offset", "1234"),
            ("klamm.dlq.timestamp", "1700000000000"),
            ("klamm.dlq.plugin", "json-guard"),
            ("klamm.dlq.version", "1.0.0"),
            ("klamm.dlq.digest", "ab12"),
            ("klamm.dlq.reason", "field \"id\" is missing"),
            ("klamm.dlq.producer.id", "1000"),
        ]);
        let expected = Envelope {
            topic: "orders".into(),
            partition: Some(3),
            offset: Some(1234),
            timestamp: Some(1_700_000_000_000),
            plugin: "json-guard".into(),
            version: "1.0.0".into(),
            digest: "ab12".into(),
            reason: "field \"id\" is missing".into(),
            producer_id: Some(1000),
        };
        assert_eq!(Envelope::of(&twice), Some(expected));
    }

    #[test]
    fn what_is_missing_or_no_number_is_unknown_and_others_records_have_none() {
        assert_eq!(
            Envelope::of(&headers(&[("topic", "t"), ("klamm.dlq", "t"), ("xklamm.dlq.topic", "t")])),
            None
        );
        assert_eq!(Envelope::of(&[Header { key: b"klamm.dlq.topic", value: None }]), None);
        let some = Envelope::of(&headers(&[("klamm.dlq.topic", "t"), ("klamm.dlq.partition", "x")])).unwrap();
        assert_eq!(some, Envelope { topic: "t".into(), ..Envelope::default() });
        assert_eq!(some.origin_text(), "?@?");
    }
}

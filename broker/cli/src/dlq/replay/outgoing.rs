//! A record as it is sent again.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use klamm_model::TimestampMs;
use klamm_records::{Header, Record};

use crate::consume::Sink;
use crate::dlq::letter::Letter;
use crate::dlq::letter_id::LetterId;
use crate::error::CliError;

/// What is sent before it is noted: a crash in between sends no more than this twice.
const CHUNK_RECORDS: usize = 500;
const CHUNK_BYTES: usize = 4 << 20;

/// A record as its producer sent it, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outgoing {
    /// Where it is in the quarantine.
    pub id: LetterId,
    /// Of the topic it goes to.
    pub partition: i32,
    pub timestamp: TimestampMs,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Outgoing {
    pub(super) fn of(letter: &Letter, partition: i32) -> Outgoing {
        Outgoing {
            id: letter.heading.id,
            partition,
            timestamp: TimestampMs(letter.heading.timestamp_ms),
            key: letter.key.clone(),
            value: letter.value.clone(),
            headers: letter
                .own_headers()
                .map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec)))
                .collect(),
        }
    }

    /// With these headers, in place of those of the same names.
    pub(super) fn set_headers(&mut self, headers: &[(String, String)]) {
        self.headers.retain(|(key, _)| !headers.iter().any(|(name, _)| name.as_bytes() == key.as_slice()));
        let set = headers.iter().map(|(name, value)| (name.clone().into_bytes(), Some(value.clone().into())));
        self.headers.extend(set);
    }

    pub(super) fn headers(&self) -> Vec<Header<'_>> {
        self.headers.iter().map(|(key, value)| Header { key, value: value.as_deref() }).collect()
    }

    /// About how large it is.
    pub(super) fn size_bytes(&self) -> usize {
        let field = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len) + 5;
        let headers = self.headers.iter().map(|(key, value)| key.len() + 5 + field(value));
        32 + field(&self.key) + field(&self.value) + headers.sum::<usize>()
    }
}

/// Gathers the records that are to be sent.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    /// Those that didn't come yet, with the partition that each goes to.
    pub missing: BTreeMap<LetterId, i32>,
    pub waiting: VecDeque<Outgoing>,
    bytes: usize,
}

impl Gathering {
    pub(super) fn of(wanted: impl IntoIterator<Item = (LetterId, i32)>) -> Gathering {
        Gathering { missing: wanted.into_iter().collect(), ..Gathering::default() }
    }

    /// The next that are sent together; with `all`, also fewer than that.
    pub(super) fn next_chunk(&mut self, all: bool) -> Option<Vec<Outgoing>> {
        let full = self.waiting.len() >= CHUNK_RECORDS || self.bytes >= CHUNK_BYTES;
        if self.waiting.is_empty() || !(full || all) {
            return None;
        }
        let (mut chunk, mut bytes) = (Vec::new(), 0);
        while chunk.len() < CHUNK_RECORDS && bytes < CHUNK_BYTES {
            let Some(record) = self.waiting.pop_front() else { break };
            bytes += record.size_bytes();
            chunk.push(record);
        }
        // An edited record may have another size than it came with.
        self.bytes = self.bytes.saturating_sub(bytes);
        Some(chunk)
    }
}

impl Sink for Gathering {
    fn take(&mut self, partition: i32, record: &Record<'_>) -> Result<(), CliError> {
        let id = LetterId { partition, offset: record.offset.0 };
        if let Some(to) = self.missing.remove(&id) {
            let outgoing = Outgoing::of(&Letter::of(partition, record), to);
            self.bytes += outgoing.size_bytes();
            self.waiting.push_back(outgoing);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), CliError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use klamm_model::{Offset, TimestampMs};
    use klamm_records::{Header, Record};

    use super::{CHUNK_BYTES, CHUNK_RECORDS, Gathering, Outgoing};
    use crate::consume::Sink;
    use crate::dlq::letter::Letter;
    use crate::dlq::letter_id::LetterId;

    fn record<'a>(offset: i64, value: &'a [u8], headers: &[(&'a str, &'a str)]) -> Record<'a> {
        let header =
            |(key, value): &(&'a str, &'a str)| Header { key: key.as_bytes(), value: Some(value.as_bytes()) };
        Record {
            offset: Offset(offset),
            timestamp: TimestampMs(9),
            key: Some(b"k"),
            value: Some(value),
            headers: headers.iter().map(header).collect(),
        }
    }

    #[test]
    fn a_record_is_sent_as_its_producer_sent_it() {
        let headers = [
            ("a", "1"),
            ("klamm.dlq.topic", "t"),
            ("klamm.dlq.timestamp", "7"),
            ("b", "2"),
            ("a", "3"),
            ("klamm.dlq.reason", "late"),
        ];
        let mut sent = Outgoing::of(&Letter::of(0, &record(5, b"v", &headers)), 3);
        let pair = |key: &str, value: &str| (key.as_bytes().to_vec(), Some(value.as_bytes().to_vec()));
        let expected = Outgoing {
            id: LetterId { partition: 0, offset: 5 },
            partition: 3,
            timestamp: TimestampMs(7),
            key: Some(b"k".to_vec()),
            value: Some(b"v".to_vec()),
            headers: vec![pair("a", "1"), pair("b", "2"), pair("a", "3")],
        };
        assert_eq!(sent, expected);
        sent.set_headers(&[("a".into(), "x".into()), ("c".into(), String::new())]);
        assert_eq!(sent.headers, [pair("b", "2"), pair("a", "x"), pair("c", "")]);
    }

    #[test]
    fn chunks_are_bounded_and_nothing_is_left_over() {
        let id = |offset| LetterId { partition: 0, offset };
        let wanted = (0..CHUNK_RECORDS as i64 + 2).map(|offset| (id(offset * 2), 0));
        let mut gathering = Gathering::of(wanted);
        for offset in 0..CHUNK_RECORDS as i64 * 2 + 3 {
            gathering.take(0, &record(offset, b"v", &[])).unwrap();
        }
        assert!(gathering.missing.is_empty());
        let chunk = gathering.next_chunk(false).unwrap();
        assert_eq!((chunk.len(), chunk[1].id), (CHUNK_RECORDS, id(2)));
        assert_eq!(gathering.next_chunk(false), None);
        assert_eq!(gathering.next_chunk(true).unwrap().len(), 2);
        assert_eq!(gathering.next_chunk(true), None);

        let mut gathering = Gathering::of((0..5).map(|offset| (id(offset), 0)));
        let large = vec![b'x'; CHUNK_BYTES / 2];
        (0..5).for_each(|offset| gathering.take(0, &record(offset, &large, &[])).unwrap());
        let sizes: Vec<usize> =
            std::iter::from_fn(|| gathering.next_chunk(true)).map(|chunk| chunk.len()).collect();
        assert_eq!(sizes, [2, 2, 1]);
    }
}

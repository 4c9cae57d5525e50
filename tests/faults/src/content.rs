//! What is in a record, as a function of who sent it and as which.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The name of the header that says which record this is.
pub const HEADER: &str = "record";

/// The first record's timestamp; the others' go up and down around it.
const TIMESTAMP_MS: i64 = 1_700_000_000_000;
const KEYS: u64 = 40;
/// Text that compresses, but not to nothing.
const TEXT: &str = "the quick brown fox jumps over the lazy dog; pack my box with five dozen liquor jugs; \
                    how vexingly quick daft zebras jump; 0123456789 ";

/// Which record: who sent it, and how many that producer had sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    /// The producer's number.
    pub producer: u32,
    /// 0 for its first record.
    pub counter: u64,
}

/// All that a producer says in a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Content {
    /// One of a few dozen; every seventh record has none.
    pub key: Option<Vec<u8>>,
    /// Up to 700 bytes; now and then a tombstone.
    pub value: Option<Vec<u8>>,
    /// The value of the header [`HEADER`]: the record's id, in text.
    pub header: Vec<u8>,
    /// Milliseconds since 1970.
    pub timestamp_ms: i64,
}

/// A content in 64 bits: contents of the same digest are taken as the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub u64);

impl RecordId {
    /// What the producer put in this record.
    pub fn content(self) -> Content {
        let RecordId { producer, counter } = self;
        let mixed = (counter + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(producer);
        let key = (counter % 7 != 6).then(|| format!("key-{}", mixed % KEYS).into_bytes());
        let value = (counter % 101 != 100).then(|| {
            let length = 20 + (mixed >> 32) as usize % 680;
            let start = (mixed >> 16) as usize % TEXT.len();
            let text = TEXT.bytes().cycle().skip(start);
            format!("{self} {mixed:x} ").into_bytes().into_iter().chain(text).take(length).collect()
        });
        let timestamp_ms = TIMESTAMP_MS + (mixed % 100_000) as i64;
        Content { key, value, header: self.to_string().into_bytes(), timestamp_ms }
    }

    /// The record that a header's value names.
    pub fn parse(header: &[u8]) -> Option<RecordId> {
        let (producer, counter) = std::str::from_utf8(header).ok()?.split_once('/')?;
        Some(RecordId { producer: producer.parse().ok()?, counter: counter.parse().ok()? })
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.producer, self.counter)
    }
}

impl Content {
    /// Its digest.
    pub fn digest(&self) -> Digest {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        Digest(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_its_record() {
        let id = RecordId { producer: 7, counter: 12_345 };
        assert_eq!(RecordId::parse(&id.content().header), Some(id));
        for nonsense in [&b""[..], b"7", b"7/", b"/7", b"7/x", b"\xff/1"] {
            assert_eq!(RecordId::parse(nonsense), None);
        }
    }

    #[test]
    fn a_digest_sees_every_field() {
        let content = RecordId { producer: 1, counter: 3 }.content();
        let others = [
            Content { key: None, ..content.clone() },
            Content { value: None, ..content.clone() },
            Content { value: Some(Vec::new()), ..content.clone() },
            Content { header: b"1/4".to_vec(), ..content.clone() },
            Content { timestamp_ms: content.timestamp_ms + 1, ..content.clone() },
        ];
        assert!(others.iter().all(|other| other.digest() != content.digest()));
        assert_eq!(RecordId { producer: 1, counter: 3 }.content().digest(), content.digest());
    }

    #[test]
    fn contents_are_of_every_kind() {
        let contents: Vec<Content> =
            (0..1_000).map(|counter| RecordId { producer: 0, counter }.content()).collect();
        assert!(contents.iter().any(|c| c.key.is_none()) && contents.iter().any(|c| c.key.is_some()));
        let lengths: Vec<usize> = contents.iter().filter_map(|c| c.value.as_ref().map(Vec::len)).collect();
        assert!(lengths.len() < contents.len(), "there are tombstones");
        assert!(lengths.iter().any(|&length| length < 60) && lengths.iter().any(|&length| length > 600));
    }
}

//! The entries of Kafka's two indexes. Offsets are relative to the segment's base offset, numbers big-endian.

/// An entry of an index file.
pub(crate) trait Entry: Copy + std::fmt::Debug + PartialEq {
    /// Its size in the file.
    const BYTES: usize;
    /// Appends its file form.
    fn encode(self, out: &mut Vec<u8>);
    /// Reads its file form, of exactly [`Entry::BYTES`] bytes.
    fn decode(bytes: &[u8]) -> Self;
    /// Whether it can be an entry: not if it is what a lost write leaves, zeros.
    fn is_possible(self) -> bool;
    /// Whether it may stand before `next` in a file.
    fn precedes(self, next: Self) -> bool;
}

/// `.index` (`OffsetIndex`): the batch that begins at `position` ends with the offset `relative`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OffsetEntry {
    pub relative: u32,
    pub position: u32,
}

/// `.timeindex` (`TimeIndex`): no record up to the offset `relative` is newer than `timestamp_ms`, and the batch that
/// ends with it has one of that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeEntry {
    pub timestamp_ms: i64,
    pub relative: u32,
}

impl Entry for OffsetEntry {
    const BYTES: usize = 8;

    fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.relative.to_be_bytes());
        out.extend_from_slice(&self.position.to_be_bytes());
    }

    fn decode(bytes: &[u8]) -> OffsetEntry {
        OffsetEntry { relative: u32_at(bytes, 0), position: u32_at(bytes, 4) }
    }

    /// The batch at a segment's start never has an entry.
    fn is_possible(self) -> bool {
        self.position > 0
    }

    fn precedes(self, next: OffsetEntry) -> bool {
        self.relative < next.relative && self.position < next.position
    }
}

impl Entry for TimeEntry {
    const BYTES: usize = 12;

    fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.timestamp_ms.to_be_bytes());
        out.extend_from_slice(&self.relative.to_be_bytes());
    }

    fn decode(bytes: &[u8]) -> TimeEntry {
        let high = i64::from(u32_at(bytes, 0)) << 32;
        TimeEntry { timestamp_ms: high | i64::from(u32_at(bytes, 4)), relative: u32_at(bytes, 8) }
    }

    fn is_possible(self) -> bool {
        self.timestamp_ms > 0 || self.relative > 0
    }

    fn precedes(self, next: TimeEntry) -> bool {
        self.timestamp_ms < next.timestamp_ms && self.relative < next.relative
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |four| four.iter().fold(0, |value, &byte| value << 8 | u32::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::{Entry, OffsetEntry, TimeEntry};

    fn round_trip<E: Entry>(entry: E) {
        let mut bytes = Vec::new();
        entry.encode(&mut bytes);
        assert_eq!(bytes.len(), E::BYTES);
        assert_eq!(E::decode(&bytes), entry);
    }

    #[test]
    fn entries_round_trip() {
        round_trip(OffsetEntry { relative: 7, position: u32::MAX });
        round_trip(TimeEntry { timestamp_ms: i64::MAX - 3, relative: 9 });
        round_trip(TimeEntry { timestamp_ms: -1, relative: 0x8000_0001 });
    }

    #[test]
    fn the_file_form_is_kafkas() {
        let mut bytes = Vec::new();
        OffsetEntry { relative: 1, position: 0x0203 }.encode(&mut bytes);
        TimeEntry { timestamp_ms: 5, relative: 6 }.encode(&mut bytes);
        assert_eq!(bytes, [0, 0, 0, 1, 0, 0, 2, 3, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 6]);
    }
}

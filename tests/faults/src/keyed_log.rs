//! What is known of a partition of a compacted topic to which one client writes.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use crate::register::{Register, Stale};

/// A write of a key; the number counts the writes of this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyedWrite {
    /// The key.
    pub key: u32,
    /// Which of the key's writes.
    pub number: u64,
}

impl KeyedWrite {
    /// Whether it deletes the key.
    pub fn is_tombstone(self) -> bool {
        leaves_nothing(self.number)
    }
}

/// A record that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyedRecord {
    /// Where.
    pub offset: i64,
    /// What.
    pub write: KeyedWrite,
    /// Whether it has no value.
    pub is_tombstone: bool,
}

/// The writes of a partition.
#[derive(Debug, Clone, Default)]
pub struct KeyedLog {
    keys: BTreeMap<u32, Register>,
    /// Where records are, as far as is known.
    offsets: HashMap<KeyedWrite, i64>,
}

/// What a compacted partition must not be.
#[expect(missing_docs, reason = "the record is in each; the rest is said above it")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyedViolation {
    /// A record that nobody wrote, or not so.
    NeverSent { record: KeyedRecord },
    /// A record is not where it was.
    Moved { record: KeyedRecord, before: i64 },
    /// A record comes behind one that was written later.
    Reordered { record: KeyedRecord, after: KeyedRecord },
    /// The newest record of a key is older than one that was acknowledged or seen; or the key is gone; or it is back, although it
    /// was deleted.
    Stale { key: u32, stale: Stale },
}

/// Every fourth write of a key deletes it.
fn leaves_nothing(number: u64) -> bool {
    number.is_multiple_of(4)
}

impl KeyedLog {
    /// The next write of this key.
    pub fn begin(&mut self, key: u32) -> KeyedWrite {
        KeyedWrite { key, number: self.keys.entry(key).or_default().begin() }
    }

    /// These writes were answered: they are records from this offset on.
    pub fn acknowledged(&mut self, base_offset: i64, writes: &[KeyedWrite]) {
        for (offset, write) in (base_offset..).zip(writes) {
            self.keys.entry(write.key).or_default().acknowledged(write.number);
            self.offsets.insert(*write, offset);
        }
    }

    /// The whole partition was read while nobody wrote to it.
    ///
    /// # Errors
    /// The first thing in it that must not be.
    pub fn observed(&mut self, records: &[KeyedRecord]) -> Result<(), KeyedViolation> {
        let mut newest: BTreeMap<u32, KeyedRecord> = BTreeMap::new();
        let mut before: Option<KeyedRecord> = None;
        for &record in records {
            let write = record.write;
            let register = self.keys.get(&write.key);
            if !register.is_some_and(|register| register.was_sent(write.number))
                || write.is_tombstone() != record.is_tombstone
            {
                return Err(KeyedViolation::NeverSent { record });
            }
            let known = *self.offsets.entry(write).or_insert(record.offset);
            if known != record.offset {
                return Err(KeyedViolation::Moved { record, before: known });
            }
            let of_key = newest.insert(write.key, record);
            let later = of_key.filter(|older| older.write.number >= write.number);
            let later = later.or(before.filter(|before| before.offset >= record.offset));
            if let Some(after) = later {
                return Err(KeyedViolation::Reordered { record, after });
            }
            before = Some(record);
        }
        for (&key, register) in &mut self.keys {
            let observed = match newest.get(&key) {
                Some(record) => register.observed(record.write.number),
                None => register.observed_nothing(leaves_nothing),
            };
            observed.map_err(|stale| KeyedViolation::Stale { key, stale })?;
        }
        Ok(())
    }
}

impl fmt::Display for KeyedViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyedViolation::NeverSent { record } => write!(f, "never sent: {record:?}"),
            KeyedViolation::Moved { record, before } => write!(f, "moved from offset {before}: {record:?}"),
            KeyedViolation::Reordered { record, after } => {
                write!(f, "reordered: {record:?} behind {after:?}")
            }
            KeyedViolation::Stale { key, stale } => write!(f, "key {key}: {stale}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(offset: i64, key: u32, number: u64) -> KeyedRecord {
        KeyedRecord { offset, write: KeyedWrite { key, number }, is_tombstone: leaves_nothing(number) }
    }

    /// Keys 0 and 1 in turn, so many writes each, all acknowledged.
    fn log(writes: u64) -> KeyedLog {
        let mut log = KeyedLog::default();
        for n in 0..writes as i64 {
            let pair = [log.begin(0), log.begin(1)];
            log.acknowledged(2 * n, &pair);
        }
        log
    }

    #[test]
    fn older_records_may_go_the_newest_may_not() {
        let all: Vec<_> = (0..3)
            .flat_map(|n| [record(2 * n, 0, 1 + n as u64), record(2 * n + 1, 1, 1 + n as u64)])
            .collect();
        assert_eq!(log(3).observed(&all), Ok(()));
        assert_eq!(log(3).observed(&all[4..]), Ok(()));
        assert_eq!(log(3).observed(&[all[0], all[4], all[5]]), Ok(()));
        for wrong in [&all[..5], &all[..4], &all[5..], &[]] {
            let error = log(3).observed(wrong).unwrap_err();
            assert!(matches!(error, KeyedViolation::Stale { .. }), "{error}");
        }
    }

    #[test]
    fn a_deleted_key_may_go_with_its_tombstone_and_never_comes_back() {
        let tombstones = [record(6, 0, 4), record(7, 1, 4)];
        for left in [&tombstones[..], &tombstones[..1], &[]] {
            let mut log = log(4);
            assert_eq!(log.observed(left), Ok(()), "{left:?}");
            let back = [record(4, 0, 3)];
            assert!(matches!(log.observed(&back), Err(KeyedViolation::Stale { key: 0, .. })));
        }
    }

    #[test]
    fn an_unanswered_write_is_there_or_not_and_then_for_good() {
        let mut log = log(3);
        log.begin(0);
        let deleted = [record(5, 1, 3)];
        assert_eq!(log.clone().observed(&[record(4, 0, 3), record(5, 1, 3)]), Ok(()));
        assert_eq!(log.observed(&deleted), Ok(()), "the tombstone was written and is gone");
        assert!(log.observed(&[record(4, 0, 3), record(5, 1, 3)]).is_err(), "the key is back");
    }

    #[test]
    fn offsets_stay_and_order_too() {
        let (first, second) = (record(4, 0, 3), record(5, 1, 3));
        let moved = log(3).observed(&[first, record(6, 1, 3)]);
        assert_eq!(moved, Err(KeyedViolation::Moved { record: record(6, 1, 3), before: 5 }));
        let reordered = log(3).observed(&[second, first]);
        assert_eq!(reordered, Err(KeyedViolation::Reordered { record: first, after: second }));
        let mut log = log(3);
        log.begin(0);
        assert_eq!(log.observed(&[first, second, record(6, 0, 4)]), Ok(()));
        assert!(matches!(log.observed(&[first, second, record(7, 0, 4)]), Err(KeyedViolation::Moved { .. })));
    }

    #[test]
    fn what_nobody_wrote_is_not_there() {
        for wrong in [record(4, 0, 4), record(4, 2, 1), KeyedRecord { is_tombstone: true, ..record(4, 0, 3) }]
        {
            assert_eq!(log(3).observed(&[wrong]), Err(KeyedViolation::NeverSent { record: wrong }));
        }
    }
}

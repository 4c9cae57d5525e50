//! What was appended to the log, batch by batch, as it was before any cleaning.

use std::collections::BTreeMap;

use bytes::Bytes;
use klamm_groups::records::{GroupRecord, OffsetKey, OffsetValue};
use klamm_groups::{Coordinator, Now};
use klamm_model::Offset;
use klamm_partition::{Fetch, Isolation, Partition};
use klamm_records::batches;

use super::Violation;

/// An offset and its metadata, if one is committed.
pub(super) type Value = Option<(i64, String)>;

/// One entry for each batch, by the offset behind it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    batches: BTreeMap<Offset, Vec<GroupRecord>>,
    /// What was committed of each partition, one after the other, and the offset behind the batch of each.
    commits: BTreeMap<OffsetKey, Vec<(Offset, Value)>>,
    /// The groups that were given up by what was appended last, and the generation or epoch that follows, if one does.
    given_up: BTreeMap<String, Option<i32>>,
    /// The offset behind the batch by which each group was last given up.
    ends: BTreeMap<String, Offset>,
}

impl Ledger {
    pub(super) fn end(&self) -> Offset {
        self.batches.last_key_value().map_or(Offset::ZERO, |(end, _)| *end)
    }

    /// Notes what was appended since the last time.
    pub(super) fn note(&mut self, partition: &Partition) -> Result<(), Violation> {
        while self.end() < partition.log_end_offset() {
            let fetched = partition.read(&fetch(self.end())).map_err(|error| error.to_string())?;
            let before = self.end();
            for batch in batches(&fetched.records.concat()) {
                let batch = batch.map_err(|error| error.to_string())?;
                let mut records = batch.records(1 << 20).map_err(|error| error.to_string())?;
                let mut found = Vec::new();
                while let Some(record) = records.next_record().map_err(|error| error.to_string())? {
                    let bytes = |part: Option<&[u8]>| part.map(Bytes::copy_from_slice);
                    let (key, value) = (bytes(record.key).unwrap_or_default(), bytes(record.value));
                    let decoded = GroupRecord::decode(&key, value.as_ref());
                    found.extend(decoded.map_err(|error| error.to_string())?);
                }
                // A batch that is read with the ones before it is known.
                if batch.header.next_offset() > self.end() {
                    self.add(batch.header.next_offset(), found);
                }
            }
            if self.end() == before {
                return Err(format!(
                    "nothing at {before}, and the log ends at {}",
                    partition.log_end_offset()
                ));
            }
        }
        Ok(())
    }

    fn add(&mut self, end: Offset, records: Vec<GroupRecord>) {
        for record in &records {
            match record {
                GroupRecord::Offset { key, value } => {
                    self.commits.entry(key.clone()).or_default().push((end, told(value.as_ref())));
                }
                GroupRecord::ClassicGroup { group_id, value } => {
                    self.head(group_id, value.as_ref().map(|value| value.generation), end);
                }
                GroupRecord::ConsumerGroup { group_id, value } => {
                    self.head(group_id, value.as_ref().map(|value| value.epoch), end);
                }
                _ => {}
            }
        }
        self.batches.insert(end, records);
    }

    fn head(&mut self, group: &str, generation: Option<i32>, end: Offset) {
        match (generation, self.given_up.get_mut(group)) {
            (None, _) => {
                self.given_up.insert(group.to_owned(), None);
                self.ends.insert(group.to_owned(), end);
            }
            // In the same batch: it only changes its protocol, or another one takes its name.
            (Some(_), Some(follows)) => *follows = generation,
            (Some(_), None) => {}
        }
    }

    /// The groups that were given up since the last time, and the generation or epoch that follows.
    pub(super) fn take_given_up(&mut self) -> BTreeMap<String, Option<i32>> {
        std::mem::take(&mut self.given_up)
    }

    /// Whether a group was given up behind `end`.
    pub(super) fn was_given_up(&self, group: &str, end: Offset) -> bool {
        self.ends.get(group).is_some_and(|of| *of > end)
    }

    /// The power failed, and the log ends where it ends now: earlier, or behind one more batch, whose append was given up. Says
    /// whether there is such a one.
    pub(super) fn found(&mut self, partition: &Partition) -> Result<bool, Violation> {
        let end = partition.log_end_offset();
        self.batches.retain(|of, _| *of <= end);
        for history in self.commits.values_mut() {
            history.retain(|(of, _)| *of <= end);
        }
        self.ends.retain(|_, of| *of <= end);
        let known = self.batches.len();
        self.note(partition)?;
        match self.batches.len() - known {
            0 => Ok(false),
            1 => Ok(true),
            more => Err(format!("{more} batches are there that nobody appended")),
        }
    }

    /// What was committed of a partition by the batches before `end`.
    pub(super) fn committed(&self, key: &OffsetKey, end: Offset) -> Value {
        let history = self.commits.get(key)?;
        history.iter().rev().find(|(of, _)| *of <= end)?.1.clone()
    }

    /// Whether this was committed behind `end`.
    pub(super) fn is_later(&self, key: &OffsetKey, end: Offset, value: &Value) -> bool {
        let history = self.commits.get(key).into_iter().flatten();
        history.into_iter().any(|(of, other)| *of > end && other == value)
    }

    /// The partitions of which something was ever committed.
    pub(super) fn keys(&self) -> impl Iterator<Item = &OffsetKey> {
        self.commits.keys()
    }

    /// The groups as a load of all batches gives them, or of all but the last ones.
    pub(super) fn replayed(&self, without_last: usize, now: Now) -> Coordinator {
        let mut coordinator = Coordinator::default();
        let count = self.batches.len().saturating_sub(without_last);
        for record in self.batches.values().take(count).flatten() {
            coordinator.replay(record.clone(), now);
        }
        coordinator.loaded(now);
        coordinator
    }
}

/// What a client sees of a committed offset.
pub(super) fn told(value: Option<&OffsetValue>) -> Value {
    value.map(|value| (value.offset, value.metadata.clone()))
}

fn fetch(offset: Offset) -> Fetch {
    Fetch {
        offset,
        max_bytes: 1 << 20,
        min_one: true,
        isolation: Isolation::LogEnd,
        current_leader_epoch: None,
        last_fetched_epoch: None,
    }
}

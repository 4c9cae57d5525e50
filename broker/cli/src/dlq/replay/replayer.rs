//! Sends records again, and notes in the quarantine which.
//!
//! The order is what keeps a record from being lost: a record is noted only after its topic has acknowledged it. What was
//! sent and not noted, because something broke in between, is sent again by the next replay.

use std::collections::BTreeMap;

use klamm_model::TimestampMs;

use super::outcome::{Outcome, Refused};
use super::outgoing::Outgoing;
use super::resender::{Resender, is_about_the_records};
use crate::client::{Client, ClientError};
use crate::dlq::letter_id::LetterId;
use crate::dlq::offset_set::OffsetSet;
use crate::dlq::replayed;
use crate::error::CliError;
use crate::output::note;
use crate::time;

/// What a batch has at the most.
const BATCH_BYTES: usize = 512 * 1024;

/// Where a record went: producer, partition, offset.
pub(super) type Places = BTreeMap<(i64, i32, i64), LetterId>;

/// Sends records to their topic again.
#[derive(Debug)]
pub(super) struct Replayer {
    resender: Resender,
    /// Acknowledged, and not noted yet.
    unnoted: OffsetSet,
    /// What was acknowledged: a dead letter that names such a place is one of these records.
    pub places: Places,
    pub outcome: Outcome,
}

impl Replayer {
    /// `outcome` has the names, and what is known before anything is sent.
    pub(super) async fn new(client: Client, outcome: Outcome) -> Result<Replayer, ClientError> {
        let resender = Resender::new(client).await?;
        Ok(Replayer { resender, unnoted: OffsetSet::default(), places: Places::new(), outcome })
    }

    /// Sends these, and notes those that were acknowledged, whatever happened to the others.
    pub(super) async fn replay(&mut self, chunk: Vec<Outgoing>) -> Result<(), CliError> {
        let sent = self.send_all(chunk).await;
        let noted = self.note_done().await;
        match (sent, noted) {
            (Err(first), Err(second)) => {
                note(&CliError::from(first).to_string());
                Err(second)
            }
            (sent, noted) => sent.map_err(CliError::from).and(noted),
        }
    }

    async fn send_all(&mut self, chunk: Vec<Outgoing>) -> Result<(), ClientError> {
        let mut by_partition: BTreeMap<i32, Vec<Outgoing>> = BTreeMap::new();
        for record in chunk {
            by_partition.entry(record.partition).or_default().push(record);
        }
        for records in by_partition.values() {
            for batch in batches(records) {
                self.send(batch).await?;
            }
        }
        Ok(())
    }

    /// Sends a batch; if it is refused for what is in it, its records one by one, so that the good ones arrive.
    async fn send(&mut self, batch: &[Outgoing]) -> Result<(), ClientError> {
        match self.send_batch(batch).await? {
            Ok(()) => Ok(()),
            Err(refusal) => {
                if let [record] = batch {
                    self.outcome.refused.push(Refused { id: record.id, error: refusal.to_string() });
                    return Ok(());
                }
                for record in batch {
                    if let Err(refusal) = self.send_batch(std::slice::from_ref(record)).await? {
                        self.outcome.refused.push(Refused { id: record.id, error: refusal.to_string() });
                    }
                }
                Ok(())
            }
        }
    }

    /// Sends a batch; the inner error is a refusal of these records.
    async fn send_batch(&mut self, batch: &[Outgoing]) -> Result<Result<(), ClientError>, ClientError> {
        let Some(first) = batch.first() else { return Ok(Ok(())) };
        let landed = match self.resender.send(&self.outcome.topic, first.partition, batch).await {
            Ok(landed) => landed,
            Err(refusal) if is_about_the_records(&refusal) => {
                self.resender.renew().await?;
                return Ok(Err(refusal));
            }
            Err(error) => return Err(error),
        };
        for (index, record) in (0..).zip(batch) {
            self.unnoted.add(record.id.partition, record.id.offset, record.id.offset);
            if let Some(base) = landed.base_offset {
                self.places.insert((landed.producer_id, record.partition, base + index), record.id);
            }
        }
        self.outcome.sent += batch.len() as u64;
        Ok(Ok(()))
    }

    /// Notes in the quarantine what was acknowledged.
    async fn note_done(&mut self) -> Result<(), CliError> {
        let unnoted = std::mem::take(&mut self.unnoted);
        for (partition, value) in replayed::notes(&unnoted) {
            let note = Outgoing {
                id: LetterId { partition, offset: 0 },
                partition,
                timestamp: TimestampMs(time::now_ms()),
                key: Some(replayed::KEY.to_vec()),
                value: Some(value),
                headers: Vec::new(),
            };
            let writing = self.resender.send(&self.outcome.quarantine, partition, &[note]).await;
            writing.map_err(|error| self.not_noted(&unnoted, &error))?;
        }
        Ok(())
    }

    fn not_noted(&self, unnoted: &OffsetSet, error: &ClientError) -> CliError {
        let range = |(partition, first, last): (i32, i64, i64)| {
            let first_id = LetterId { partition, offset: first };
            if first == last { first_id.to_string() } else { format!("{first_id} to {last}") }
        };
        let ranges: Vec<String> = unnoted.ranges().map(range).collect();
        CliError::failed(format!(
            "records were sent to {}, but {} can't be written that they were: {error}",
            self.outcome.topic, self.outcome.quarantine
        ))
        .next(format!("the next replay would send them again: {}", ranges.join(", ")))
    }
}

/// Records of one partition, as many together as a batch may have.
fn batches(records: &[Outgoing]) -> impl Iterator<Item = &[Outgoing]> {
    let mut rest = records;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |record: &&Outgoing| {
            bytes += record.size_bytes();
            bytes <= BATCH_BYTES
        };
        // One that is larger than a batch goes alone.
        let count = rest.iter().take_while(fits).count().max(1).min(rest.len());
        let (batch, behind) = rest.split_at(count);
        rest = behind;
        (!batch.is_empty()).then_some(batch)
    })
}

#[cfg(test)]
mod tests {
    use klamm_model::TimestampMs;

    use super::{BATCH_BYTES, batches};
    use crate::dlq::letter_id::LetterId;
    use crate::dlq::replay::outgoing::Outgoing;

    #[test]
    fn batches_are_bounded_and_a_large_record_goes_alone() {
        let record = |size: usize| Outgoing {
            id: LetterId { partition: 0, offset: 0 },
            partition: 0,
            timestamp: TimestampMs(1),
            key: None,
            value: Some(vec![b'x'; size]),
            headers: Vec::new(),
        };
        let sizes = [BATCH_BYTES / 2, BATCH_BYTES / 4, BATCH_BYTES / 2, BATCH_BYTES * 2, 1, 1];
        let records: Vec<Outgoing> = sizes.into_iter().map(record).collect();
        assert_eq!(batches(&records).map(<[Outgoing]>::len).collect::<Vec<_>>(), [2, 1, 1, 2]);
        assert_eq!(batches(&[]).count(), 0);
    }
}

//! Reading groups from their partition of `__consumer_offsets`.

use std::time::Instant;

use bytes::Bytes;
use klamm_groups::records::GroupRecord;
use klamm_groups::{Coordinator, Now};
use klamm_model::Offset;
use klamm_partition::{Fetch, FetchError, Isolation, Partition};
use klamm_records::{BatchError, BatchView, batches};
use tracing::{info, warn};

/// Bytes that are read at a time, as Kafka's `offsets.load.buffer.size` has it.
const READ_BYTES: usize = 5 << 20;
/// No batch of this topic unpacks to more.
const MAX_UNCOMPRESSED_BYTES: usize = 1 << 30;

/// Why groups can't be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    /// The log can't be read.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A batch in it can't be read.
    #[error("the batch at offset {} can't be read: {source}", offset.0)]
    Batch {
        /// Where.
        offset: Offset,
        /// Why.
        source: BatchError,
    },
}

/// Reads all records there are. Blocks.
pub(super) fn load(partition: &Partition, now: Now) -> Result<Coordinator, LoadError> {
    let begun = Instant::now();
    let mut coordinator = Coordinator::default();
    let mut offset = partition.log_start_offset();
    let mut records = 0;
    while offset < partition.log_end_offset() {
        let fetched = partition.read(&Fetch {
            offset,
            max_bytes: READ_BYTES,
            min_one: true,
            isolation: Isolation::LogEnd,
            current_leader_epoch: None,
            last_fetched_epoch: None,
        })?;
        let before = offset;
        for bytes in &fetched.records {
            (offset, records) = replay_all(&mut coordinator, bytes, now, (offset, records))?;
        }
        if offset == before {
            break;
        }
    }
    coordinator.loaded(now);
    if records > 0 {
        let groups = coordinator.group_count();
        let milliseconds = begun.elapsed().as_millis() as u64;
        info!(partition = %partition.id(), records, groups, milliseconds, "consumer groups are read");
    }
    Ok(coordinator)
}

/// Gives the offset behind the last batch, and how many records there were until now.
fn replay_all(
    coordinator: &mut Coordinator,
    bytes: &[u8],
    now: Now,
    (mut next, mut count): (Offset, u64),
) -> Result<(Offset, u64), LoadError> {
    for batch in batches(bytes) {
        let batch = batch.map_err(|source| LoadError::Batch { offset: next, source })?;
        next = Offset(batch.header.last_offset().0 + 1);
        if !batch.header.attributes.is_control() {
            let offset = batch.header.base_offset;
            count +=
                replay(coordinator, &batch, now).map_err(|source| LoadError::Batch { offset, source })?;
        }
    }
    Ok((next, count))
}

fn replay(coordinator: &mut Coordinator, batch: &BatchView<'_>, now: Now) -> Result<u64, BatchError> {
    let mut records = batch.records(MAX_UNCOMPRESSED_BYTES)?;
    let mut count = 0;
    while let Some(record) = records.next_record()? {
        count += 1;
        let key = Bytes::copy_from_slice(record.key.unwrap_or_default());
        let value = record.value.map(Bytes::copy_from_slice);
        match GroupRecord::decode(&key, value.as_ref()) {
            Ok(Some(record)) => coordinator.replay(record, now),
            // A share group's or a streams group's: those are not served here.
            Ok(None) => {}
            Err(error) => {
                warn!(offset = record.offset.0, %error, "a record of __consumer_offsets is passed over");
            }
        }
    }
    Ok(count)
}

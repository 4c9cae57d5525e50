//! Partitioners: where records go.

use crate::batch::{Batch, Record};
use crate::failure::Failure;
use crate::plugin::Plugin;

/// Chooses partitions.
pub trait Partitioner: Plugin {
    /// The partition of this record, from 0 to `partitions` - 1, or `None` for the one that the producer chose.
    fn assign(&mut self, record: &Record<'_>, partitions: u32) -> Result<Option<u32>, Failure>;
}

/// The contract's word for the partition that the producer chose.
const PRODUCERS_CHOICE: i32 = -1;

/// The partitions of a batch's records.
pub(crate) fn assign<P: Partitioner>(
    partitioner: &mut P,
    batch: &Batch<'_>,
    partitions: u32,
    assigned: &mut Vec<i32>,
) -> Result<(), Failure> {
    assigned.clear();
    for record in batch.records() {
        let partition = partitioner.assign(&record, partitions)?;
        assigned.push(partition.map_or(PRODUCERS_CHOICE, |partition| partition as i32));
    }
    Ok(())
}

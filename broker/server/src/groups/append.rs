//! A state machine's records, as a batch in the log.

use std::io;
use std::sync::Arc;

use klamm_groups::records::GroupRecord;
use klamm_model::TimestampMs;
use klamm_partition::{AppendError, Appended, Partition};
use klamm_records::{BatchBuilder, BuildOptions, InvalidProduce, ProduceRules, validate_produced};
use klamm_wire::EncodeError;

/// Why records can't be appended.
#[derive(Debug, thiserror::Error)]
pub(super) enum AppendRecordsError {
    /// A text in it is too long for the format.
    #[error("a record can't be written: {0}")]
    Encode(#[from] EncodeError),
    /// All together are too large for one batch.
    #[error("the batch can't be made: {0}")]
    Build(#[from] io::Error),
    /// The batch is not one that may be appended.
    #[error("the batch is invalid: {0}")]
    Invalid(#[from] InvalidProduce),
    /// The log does not take it.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Appends the records as one batch, so that after a crash either all or none of them are there.
pub(super) fn append(
    partition: &Arc<Partition>,
    records: &[GroupRecord],
    now: TimestampMs,
) -> Result<Appended, AppendRecordsError> {
    let mut batch = BatchBuilder::new(BuildOptions::default());
    for record in records {
        let encoded = record.encode()?;
        batch.append(now, Some(&encoded.key), encoded.value.as_deref(), &[]);
    }
    let batch = validate_produced(&batch.build()?, &rules(now))?;
    Ok(partition.append(&batch, now)?)
}

/// `max.message.bytes` does not count: what a group is can't be split.
fn rules(now: TimestampMs) -> ProduceRules {
    ProduceRules { compacted: true, ..ProduceRules::anything(now) }
}

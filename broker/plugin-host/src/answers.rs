//! Checks of everything that a guest returns. Nothing of it is trusted: counts must match, notes must belong to records, partitions must
//! exist, and spans must lie within the blob that was returned with them.
//!
//! Pure, and the same for every version of the contract.

use crate::text::shortened;
use crate::{Assignment, Edit, Span};

/// Longest reason that is passed on; a longer one is cut.
pub const MAX_REASON_BYTES: usize = 1024;

/// Why an answer can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    /// There must be one for each record.
    #[error("{got} {what} for {records} records")]
    Count {
        /// What was counted.
        what: &'static str,
        /// How many came.
        got: usize,
        /// How many records went in.
        records: usize,
    },
    /// A note must be about a record of the batch.
    #[error("a note about record {rec} of {records}")]
    NoteOutside {
        /// The record that it names.
        rec: u32,
        /// How many records went in.
        records: usize,
    },
    /// A record has one note at most.
    #[error("two notes about record {rec}")]
    NoteTwice {
        /// The record.
        rec: u32,
    },
    /// A partition must exist, or be -1.
    #[error("partition {partition} for record {rec}, of {partitions} partitions")]
    Partition {
        /// The record.
        rec: usize,
        /// What was said.
        partition: i32,
        /// How many there are.
        partitions: u32,
    },
    /// A span must lie within the blob.
    #[error("a span of {len} bytes from {off} for record {rec}, in a blob of {blob_bytes} bytes", len = span.len, off = span.off)]
    SpanOutside {
        /// The record.
        rec: usize,
        /// The span.
        span: Span,
        /// The blob's length.
        blob_bytes: usize,
    },
    /// What comes out has a limit, counting bytes twice that are pointed to twice.
    #[error("{bytes} bytes, and {limit} are allowed")]
    TooLarge {
        /// What came.
        bytes: usize,
        /// What may come.
        limit: usize,
    },
}

/// What a filter says of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It passes.
    Accept,
    /// It vanishes.
    Drop,
    /// The batch is refused.
    Reject,
    /// To quarantine.
    DeadLetter,
}

/// What a serializer says of a key or a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawEdit {
    /// It stays.
    Keep,
    /// It becomes what this span says.
    Set(Span),
    /// It becomes null.
    Clear,
}

/// What a serializer says of a record, checked: edits, or why it can't be rewritten.
pub type Rewrite = Result<(Edit, Edit), String>;

/// Reasons by record; the empty vector if there are none at all, which is the usual case.
struct Notes(Vec<Option<String>>);

impl Notes {
    fn checked(records: usize, notes: impl IntoIterator<Item = (u32, String)>) -> Result<Notes, BadAnswer> {
        let mut by_record = Vec::new();
        for (rec, reason) in notes {
            if by_record.is_empty() {
                by_record.resize(records, None);
            }
            let place: &mut Option<String> =
                by_record.get_mut(rec as usize).ok_or(BadAnswer::NoteOutside { rec, records })?;
            if place.replace(shortened(reason, MAX_REASON_BYTES)).is_some() {
                return Err(BadAnswer::NoteTwice { rec });
            }
        }
        Ok(Notes(by_record))
    }

    fn take(&mut self, rec: usize) -> Option<String> {
        self.0.get_mut(rec).and_then(Option::take)
    }
}

fn one_each(what: &'static str, got: usize, records: usize) -> Result<(), BadAnswer> {
    if got == records { Ok(()) } else { Err(BadAnswer::Count { what, got, records }) }
}

/// Checks a filter's answer: an action for each record, with its reason if there is one.
pub fn actions(
    records: usize,
    actions: impl ExactSizeIterator<Item = Action>,
    notes: impl IntoIterator<Item = (u32, String)>,
) -> Result<Vec<(Action, Option<String>)>, BadAnswer> {
    one_each("actions", actions.len(), records)?;
    let mut notes = Notes::checked(records, notes)?;
    Ok(actions.enumerate().map(|(rec, action)| (action, notes.take(rec))).collect())
}

/// Checks a partitioner's answer.
pub fn assignments(records: usize, partitions: u32, chosen: &[i32]) -> Result<Vec<Assignment>, BadAnswer> {
    one_each("partitions", chosen.len(), records)?;
    let check = |(rec, &partition): (usize, &i32)| match u32::try_from(partition) {
        Ok(exists) if exists < partitions => Ok(Assignment::Partition(exists)),
        Err(_) if partition == -1 => Ok(Assignment::Keep),
        _ => Err(BadAnswer::Partition { rec, partition, partitions }),
    };
    chosen.iter().enumerate().map(check).collect()
}

/// Checks a serializer's answer: what becomes of key and value of each record. All that is set may be `limit_bytes` long together, because
/// spans may overlap, and each of them will be copied.
pub fn rewrites(
    records: usize,
    limit_bytes: usize,
    blob_bytes: usize,
    changes: impl ExactSizeIterator<Item = (RawEdit, RawEdit)>,
    notes: impl IntoIterator<Item = (u32, String)>,
) -> Result<Vec<Rewrite>, BadAnswer> {
    one_each("changes", changes.len(), records)?;
    let mut notes = Notes::checked(records, notes)?;
    let mut sum = blob_bytes;
    let mut copied = 0_usize;
    let mut edit = |rec, edit| match edit {
        RawEdit::Keep => Ok(Edit::Keep),
        RawEdit::Clear => Ok(Edit::Clear),
        RawEdit::Set(span) => {
            let range = span.range(blob_bytes).ok_or(BadAnswer::SpanOutside { rec, span, blob_bytes })?;
            copied = copied.saturating_add(range.len());
            sum = sum.max(copied);
            Ok(Edit::Set(range))
        }
    };
    let mut checked = Vec::with_capacity(records);
    for (rec, (key, value)) in changes.enumerate() {
        let edits = (edit(rec, key)?, edit(rec, value)?);
        checked.push(notes.take(rec).map_or(Ok(edits), Err));
    }
    if sum > limit_bytes { Err(BadAnswer::TooLarge { bytes: sum, limit: limit_bytes }) } else { Ok(checked) }
}

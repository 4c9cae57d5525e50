//! What a plug-in makes of records.

use klamm_plugin_host::{Assignment, Budget, Change, Edit, Encoded, Kind, Op, OverBudget, Plugin, Verdict};

use crate::error::CliError;
use crate::plugin::sample::{Packed, Sample, batches};

/// What a plug-in makes of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plugin) enum Answer {
    /// A filter's, or what becomes of a record that the plug-in failed on or refused.
    Verdict(Verdict),
    /// It stays as it is, or where it is.
    Keep,
    /// A new key, a new value.
    Change { key: Option<NewBytes>, value: Option<NewBytes> },
    /// It goes to this partition.
    Partition(u32),
}

/// What a key or value becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plugin) enum NewBytes {
    /// Null.
    Null,
    /// Other bytes.
    Set(Vec<u8>),
}

/// The answers to all records.
pub(in crate::plugin) fn all(
    plugin: &Plugin,
    samples: &[Sample],
    partitions: u32,
    op: Op,
) -> Result<Vec<Answer>, CliError> {
    let mut answers = Vec::new();
    for batch in batches(samples) {
        let answered = answer(plugin, &batch, partitions, op)?;
        answers.extend(answered);
    }
    Ok(answers)
}

fn answer(plugin: &Plugin, packed: &Packed, partitions: u32, op: Op) -> Result<Vec<Answer>, CliError> {
    let batch = packed.batch(&plugin.binding().topic);
    let over = |error: OverBudget| CliError::failed(error.to_string());
    Ok(match plugin.binding().kind {
        Kind::Filter => {
            let verdicts = plugin.check(&batch, Budget::Full).map_err(over)?;
            verdicts.into_iter().map(Answer::Verdict).collect()
        }
        Kind::Partitioner => {
            let assigned = plugin.assign(&batch, partitions, Budget::Full).map_err(over)?;
            assigned.into_iter().map(of_assignment).collect()
        }
        Kind::Serializer => {
            let encoded = plugin.rewrite(op, &batch, Budget::Full).map_err(over)?;
            encoded.changes.iter().map(|change| of_change(&encoded, change)).collect()
        }
        Kind::Transform => return Err(no_transforms()),
    })
}

/// Transforms don't run in the way of records, which is what is shown here.
pub(in crate::plugin) fn no_transforms() -> CliError {
    CliError::usage("this is a transform, which brokers don't run yet")
        .next("test its logic with `cargo test`; `klamm plugin check` starts it")
}

fn of_assignment(assignment: Assignment) -> Answer {
    match assignment {
        Assignment::Keep => Answer::Keep,
        Assignment::Partition(partition) => Answer::Partition(partition),
        Assignment::Refused(verdict) => Answer::Verdict(verdict),
    }
}

fn of_change(encoded: &Encoded, change: &Change) -> Answer {
    let bytes = |edit: &Edit| match edit {
        Edit::Keep => None,
        Edit::Set(range) => Some(NewBytes::Set(encoded.blob.get(range.clone()).unwrap_or_default().to_vec())),
        Edit::Clear => Some(NewBytes::Null),
    };
    match change {
        Change::Rewrite { key: Edit::Keep, value: Edit::Keep } => Answer::Keep,
        Change::Rewrite { key, value } => Answer::Change { key: bytes(key), value: bytes(value) },
        Change::Refused(verdict) => Answer::Verdict(verdict.clone()),
    }
}

//! Filters: which records pass.

use crate::batch::{Batch, Record};
use crate::failure::Failure;
use crate::plugin::Plugin;

/// Lets records pass, or not.
pub trait Filter: Plugin {
    /// What becomes of this record.
    fn check(&mut self, record: &Record<'_>) -> Result<Verdict, Failure>;
}

/// What becomes of a record. Reasons are sentences for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Accept,
    /// It is not stored; nobody is told.
    Drop,
    /// The producer's whole batch is refused with INVALID_RECORD and this reason.
    Reject(String),
    /// It goes to the topic's quarantine with this reason, instead of the topic.
    DeadLetter(String),
}

/// Verdicts in the contract's form, which are kept from call to call so that nothing is allocated in the long run.
#[derive(Debug, Default)]
pub struct Verdicts {
    /// One for each record: the place of the action in the contract's enum.
    pub(crate) actions: Vec<u8>,
    pub(crate) notes: Vec<Note>,
}

/// A sentence about a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) record: u32,
    pub(crate) reason: String,
}

impl Verdicts {
    fn clear(&mut self) {
        self.actions.clear();
        self.notes.clear();
    }

    fn push(&mut self, verdict: Verdict) {
        let (action, reason) = match verdict {
            Verdict::Accept => (0, None),
            Verdict::Drop => (1, None),
            Verdict::Reject(reason) => (2, Some(reason)),
            Verdict::DeadLetter(reason) => (3, Some(reason)),
        };
        if let Some(reason) = reason {
            self.notes.push(Note { record: self.actions.len() as u32, reason });
        }
        self.actions.push(action);
    }
}

/// All verdicts of a batch.
pub(crate) fn check<F: Filter>(
    filter: &mut F,
    batch: &Batch<'_>,
    verdicts: &mut Verdicts,
) -> Result<(), Failure> {
    verdicts.clear();
    for record in batch.records() {
        verdicts.push(filter.check(&record)?);
    }
    Ok(())
}

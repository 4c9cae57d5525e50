//! Why a record, or a call, failed.

use std::fmt;

/// Why a record, or a call, failed. The binding's `on-failure` then decides what becomes of the records.
///
/// A text becomes [`Failure::Record`], so that `Err("no such region".into())` is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// This record can't be worked on. From a serializer or a transform that is cheap: the others are not touched. From a
    /// filter or a partitioner the broker finds the record by calling again with parts of the batch, so a filter that knows
    /// what to do with the record should say so with a verdict.
    Record(String),
    /// It may work later.
    Retriable(String),
    /// It will not work again with this instance.
    Fatal(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Failure::Record(reason) | Failure::Retriable(reason) | Failure::Fatal(reason)) = self;
        f.write_str(reason)
    }
}

impl std::error::Error for Failure {}

impl From<String> for Failure {
    fn from(reason: String) -> Failure {
        Failure::Record(reason)
    }
}

impl From<&str> for Failure {
    fn from(reason: &str) -> Failure {
        Failure::Record(reason.to_owned())
    }
}

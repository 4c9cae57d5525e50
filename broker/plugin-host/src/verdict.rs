//! What a plug-in says, checked, and with its failures already turned into what the binding wants.

use std::ops::Range;

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Accept,
    /// It is not stored; nobody is told.
    Drop,
    /// The producer's whole batch is refused, with this reason.
    Reject(String),
    /// It goes to quarantine, with this reason.
    DeadLetter(String),
}

/// Which way a serializer works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// From what the producer sent to what is stored.
    Encode,
    /// From what is stored to what a consumer reads.
    Decode,
    /// From one stored form to another.
    Convert,
}

/// What becomes of a key or a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// It stays.
    Keep,
    /// It becomes these bytes of `Encoded::blob`.
    Set(Range<usize>),
    /// It becomes null.
    Clear,
}

/// What a serializer makes of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Key and value become what the edits say.
    Rewrite {
        /// The key.
        key: Edit,
        /// The value.
        value: Edit,
    },
    /// It couldn't be rewritten. Never `Accept` or `Drop`.
    Refused(Verdict),
}

impl Change {
    /// Nothing changes.
    pub const KEEP: Change = Change::Rewrite { key: Edit::Keep, value: Edit::Keep };
}

/// What a serializer makes of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoded {
    /// The bytes that the edits point into.
    pub blob: Vec<u8>,
    /// One for each record.
    pub changes: Vec<Change>,
}

/// Where a record goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignment {
    /// To the partition that the producer chose.
    Keep,
    /// To this one, which exists.
    Partition(u32),
    /// Nowhere, because the plug-in failed and the binding says so. Never `Accept` or `Drop`.
    Refused(Verdict),
}

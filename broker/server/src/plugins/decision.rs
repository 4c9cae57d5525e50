//! What a chain of plug-ins says of the records of a batch.

use std::sync::Arc;

use bytes::Bytes;
use klamm_model::PartitionIndex;

/// What becomes of the records of a batch, one element for each record in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Where each goes.
    pub(crate) fates: Vec<Fate>,
    /// What changes in each; empty if nothing changes in any.
    pub(crate) edits: Vec<Edits>,
}

/// Where a record goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is stored where its producer sent it.
    Stay,
    /// It is not stored.
    Drop,
    /// It goes to the quarantine.
    DeadLetter(Blame),
    /// It is stored in another partition.
    Leave(PartitionIndex),
}

/// Why a record is in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blame {
    /// The plug-in that says so.
    pub(crate) by: Arc<Culprit>,
    /// A sentence.
    pub(crate) reason: String,
}

/// A plug-in in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Culprit {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// SHA-256 of its bytes, in hex.
    pub(crate) digest: String,
}

/// What changes in a record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Edits {
    /// In its key.
    pub(crate) key: Edit,
    /// In its value.
    pub(crate) value: Edit,
}

/// What a key or a value becomes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Edit {
    /// It stays as it is.
    #[default]
    Keep,
    /// These bytes.
    Set(Bytes),
    /// Null.
    Clear,
}

impl Decision {
    /// All records stay as they are.
    pub(crate) fn untouched(records: usize) -> Decision {
        Decision { fates: vec![Fate::Stay; records], edits: Vec::new() }
    }

    /// Whether the batch is stored as it came.
    pub(crate) fn is_untouched(&self) -> bool {
        self.edits.is_empty() && self.fates.iter().all(|fate| *fate == Fate::Stay)
    }

    /// The places of records of which nobody has said that they go elsewhere.
    pub(crate) fn staying(&self) -> impl Iterator<Item = usize> {
        self.fates.iter().enumerate().filter(|(_, fate)| **fate == Fate::Stay).map(|(place, _)| place)
    }
}

impl Edit {
    /// The bytes, where they were `before`.
    pub(crate) fn apply<'a>(&'a self, before: Option<&'a [u8]>) -> Option<&'a [u8]> {
        match self {
            Edit::Keep => before,
            Edit::Set(bytes) => Some(bytes),
            Edit::Clear => None,
        }
    }
}

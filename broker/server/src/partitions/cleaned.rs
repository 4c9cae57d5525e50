//! Up to where each compacted log was cleaned: Kafka's `cleaner-offset-checkpoint`.
//!
//! What it says is worth time and nothing else: a log that it does not know is cleaned from its start. But a new log
//! must not be taken for the one that had its name.

use std::collections::BTreeSet;
use std::sync::Arc;

use klamm_log::checkpoint;
use klamm_model::{Offset, TopicPartition};
use klamm_partition::Partition;
use tracing::warn;

use super::Partitions;

impl Partitions {
    /// All below was cleaned; `None` if that is not known.
    pub(crate) fn cleaned_to(&self, id: &TopicPartition) -> Option<Offset> {
        self.cleaned.lock().get(id).copied()
    }

    /// Notes that all below `offset` was cleaned, unless the partition was deleted meanwhile. Blocks.
    pub(crate) fn note_cleaned(&self, partition: &Arc<Partition>, offset: Offset) {
        let mut cleaned = self.cleaned.lock();
        // A topic goes from the map before its entries go from the file.
        if self.by_id(partition.topic_id()).is_ok() {
            cleaned.insert(partition.id().clone(), offset);
            self.write_cleaned(&cleaned);
        }
    }

    pub(super) fn forget_cleaned(&self, is_gone: impl Fn(&TopicPartition) -> bool) {
        let mut cleaned = self.cleaned.lock();
        let before = cleaned.len();
        cleaned.retain(|id, _| !is_gone(id));
        if cleaned.len() < before {
            self.write_cleaned(&cleaned);
        }
    }

    /// As [`Partitions::forget_cleaned`], of all but these.
    pub(super) fn forget_cleaned_but(&self, kept: &BTreeSet<TopicPartition>) {
        self.forget_cleaned(|id| !kept.contains(id));
    }

    fn write_cleaned(&self, cleaned: &super::Offsets) {
        let file = self.data_dir().path().join(checkpoint::CLEANER_FILE);
        if let Err(error) = checkpoint::write(&**self.disk(), &file, cleaned) {
            warn!(%error, "up to where logs are cleaned is not written down: a restart cleans more than it has to");
        }
    }
}

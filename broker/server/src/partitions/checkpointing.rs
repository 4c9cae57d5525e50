//! The two files that say where each log starts and how far it is on the disk for sure.
//!
//! They must tell the truth of every partition at any time: a recovery point that is too low lets damage pass for a torn
//! end, one of a deleted topic's log makes a new log of that name look cut off, and a log start that is forgotten brings
//! deleted records back.

use std::collections::{BTreeMap, BTreeSet};

use klamm_log::{DiskError, checkpoint};
use klamm_model::{Offset, TopicPartition};
use tracing::{error, warn};

use super::{Checkpoints, Offsets, Partitions, Replica};

/// What the files said of partitions that could not be opened: it stays until they can.
#[derive(Debug, Default)]
pub(super) struct Unopened {
    recovery_points: Offsets,
    log_starts: Offsets,
}

impl Partitions {
    /// Writes both files; `recovery_points` are those of the open partitions. Whether it could. Blocks.
    pub(crate) fn write_checkpoints(&self, mut recovery_points: Offsets) -> bool {
        let unopened = self.unopened.lock();
        recovery_points.extend(unopened.recovery_points.clone());
        let file = self.data_dir().path().join(checkpoint::RECOVERY_POINT_FILE);
        let written = checkpoint::write(&**self.disk(), &file, &recovery_points)
            .and_then(|()| self.write_starts_with(&unopened));
        if let Err(error) = &written {
            error!(%error, "checkpoints could not be written: a start after a crash takes longer");
        }
        written.is_ok()
    }

    /// Writes where the logs start: what was deleted must not come back after a crash. Blocks.
    pub(crate) fn write_log_starts(&self) -> Result<(), DiskError> {
        self.write_starts_with(&self.unopened.lock())
    }

    /// The lock on `unopened` keeps two writers apart.
    fn write_starts_with(&self, unopened: &Unopened) -> Result<(), DiskError> {
        let open = self.all();
        let starts = open.iter().map(|partition| (partition.id().clone(), partition.log_start_offset()));
        // A log that starts at 0 needs no word.
        let mut starts: Offsets = starts.filter(|(_, offset)| *offset > Offset::ZERO).collect();
        starts.extend(unopened.log_starts.clone());
        checkpoint::write(&**self.disk(), &self.data_dir().path().join(checkpoint::LOG_START_FILE), &starts)
    }

    /// Keeps what the files say of a partition that can't be opened.
    pub(super) fn keep_checkpoint(&self, id: &TopicPartition) {
        let checkpoints = self.checkpoints.lock();
        let mut unopened = self.unopened.lock();
        if let Some(&offset) = checkpoints.recovery_points.get(id) {
            unopened.recovery_points.insert(id.clone(), offset);
        }
        if let Some(&offset) = checkpoints.log_starts.as_ref().and_then(|starts| starts.get(id)) {
            unopened.log_starts.insert(id.clone(), offset);
        }
    }

    /// Takes deleted partitions out of the files, before logs of the same names can be made. Blocks.
    pub(super) fn forget_checkpoints(&self, deleted: &BTreeSet<TopicPartition>) {
        if deleted.is_empty() {
            return;
        }
        self.forget_cleaned(|id| deleted.contains(id));
        let mut unopened = self.unopened.lock();
        for id in deleted {
            unopened.recovery_points.remove(id);
            unopened.log_starts.remove(id);
        }
        for name in [checkpoint::RECOVERY_POINT_FILE, checkpoint::LOG_START_FILE] {
            let file = self.data_dir().path().join(name);
            let mut offsets = match checkpoint::read(&**self.disk(), &file) {
                Ok(offsets) => offsets.unwrap_or_default(),
                Err(error) => {
                    warn!(%error, "a checkpoint can't be read; the next one replaces it");
                    continue;
                }
            };
            let before = offsets.len();
            offsets.retain(|id, _| !deleted.contains(id));
            if offsets.len() < before
                && let Err(error) = checkpoint::write(&**self.disk(), &file, &offsets)
            {
                warn!(%error, "a deleted partition stays in a checkpoint until the next one");
            }
        }
    }

    /// Takes all partitions but those with a directory out of the files and out of what was read of them. For the start: a
    /// crash may have come between the deletion of a topic and the writing of the files.
    pub(super) fn forget_checkpoints_but(&self, kept: &BTreeSet<TopicPartition>) {
        let stale: BTreeSet<TopicPartition> = {
            let mut checkpoints = self.checkpoints.lock();
            let Checkpoints { recovery_points, log_starts, .. } = &mut *checkpoints;
            let known = recovery_points.keys().chain(log_starts.iter().flat_map(BTreeMap::keys));
            let stale: BTreeSet<TopicPartition> = known.filter(|id| !kept.contains(id)).cloned().collect();
            recovery_points.retain(|id, _| kept.contains(id));
            if let Some(log_starts) = log_starts {
                log_starts.retain(|id, _| kept.contains(id));
            }
            stale
        };
        self.forget_cleaned_but(kept);
        self.forget_checkpoints(&stale);
    }

    /// Whether a partition that should be here could not be opened.
    pub(crate) fn any_offline(&self) -> bool {
        let offline = |replica: &Replica| matches!(replica, Replica::Offline(_));
        self.topics().iter().any(|topic| topic.replicas().iter().any(offline))
    }
}

//! Which leader epoch begins where: `leader-epoch-checkpoint` (KIP-101).

use std::path::{Path, PathBuf};

use klamm_model::{LeaderEpoch, Offset};

use crate::checkpoint::{CheckpointError, read_lines, write_lines};
use crate::disk::{Disk, DiskError};

/// The name of the file.
pub(crate) const LEADER_EPOCH_FILE: &str = "leader-epoch-checkpoint";

/// The epochs of one log in their order; both epochs and starts go up.
#[derive(Debug, Default)]
pub(crate) struct LeaderEpochs {
    entries: Vec<(LeaderEpoch, Offset)>,
    /// Whether the file says something else.
    changed: bool,
}

fn file(dir: &Path) -> PathBuf {
    dir.join(LEADER_EPOCH_FILE)
}

/// Replaces the file durably.
pub(crate) fn write_changes(disk: &dyn Disk, dir: &Path, lines: Vec<String>) -> Result<(), DiskError> {
    write_lines(disk, &file(dir), lines.into_iter())
}

impl LeaderEpochs {
    /// Reads the file; `None` if there is none.
    pub(crate) fn read(disk: &dyn Disk, dir: &Path) -> Result<Option<LeaderEpochs>, CheckpointError> {
        let path = file(dir);
        let parse = |line: &str| {
            let (epoch, start) = line.split_once(' ')?;
            Some((LeaderEpoch(epoch.parse().ok()?), Offset(start.parse().ok()?)))
        };
        let Some(entries) = read_lines(disk, &path, parse)? else { return Ok(None) };
        let in_order = |pair: &[(LeaderEpoch, Offset)]| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1;
        if let Some(wrong) = entries.windows(2).position(|pair| !in_order(pair)) {
            let reason = "leader epochs out of order".to_owned();
            return Err(CheckpointError::Malformed { file: path, line: wrong + 4, reason });
        }
        Ok(Some(LeaderEpochs { entries, changed: false }))
    }

    /// Each epoch and where it begins.
    pub(crate) fn entries(&self) -> &[(LeaderEpoch, Offset)] {
        &self.entries
    }

    /// What the file should say, if it says something else; from now on it counts as written.
    pub(crate) fn take_changes(&mut self) -> Option<Vec<String>> {
        let changed = std::mem::take(&mut self.changed);
        changed.then(|| self.entries.iter().map(|(epoch, start)| format!("{epoch} {start}")).collect())
    }

    /// The file was not written after all.
    pub(crate) fn keep_changes(&mut self) {
        self.changed = true;
    }

    /// Writes the file durably if something has changed.
    pub(crate) fn write(&mut self, disk: &dyn Disk, dir: &Path) -> Result<(), DiskError> {
        let Some(lines) = self.take_changes() else { return Ok(()) };
        let written = write_changes(disk, dir, lines);
        self.changed = written.is_err();
        written
    }

    /// Notes that records from `start` on are of `epoch`. An epoch that is not newer than the newest changes nothing;
    /// an older one that was noted to begin at or after `start` has no records and goes
    /// (`LeaderEpochFileCache.assign`).
    pub(crate) fn assign(&mut self, epoch: LeaderEpoch, start: Offset) {
        if epoch.0 < 0 || self.latest().is_some_and(|latest| epoch <= latest) {
            return;
        }
        self.entries.retain(|&(_, begun)| begun < start);
        self.entries.push((epoch, start));
        self.changed = true;
    }

    pub(crate) fn latest(&self) -> Option<LeaderEpoch> {
        self.entries.last().map(|&(epoch, _)| epoch)
    }

    /// The largest epoch not above `epoch`, and where it ends in a log that ends at `end`. An epoch before all
    /// that are known ends where they begin; of one after them nothing is known
    /// (`LeaderEpochFileCache.endOffsetFor`).
    pub(crate) fn end_offset(&self, epoch: LeaderEpoch, end: Offset) -> Option<(LeaderEpoch, Offset)> {
        let (latest, _) = *self.entries.last()?;
        if epoch >= latest {
            return (epoch == latest).then_some((latest, end));
        }
        let next = self.entries.partition_point(|&(known, _)| known <= epoch);
        let floor = next.checked_sub(1).and_then(|floor| self.entries.get(floor));
        let known = floor.map_or(epoch, |&(known, _)| known);
        self.entries.get(next).map(|&(_, start)| (known, start))
    }

    /// The epoch of the record at `offset`.
    pub(crate) fn of(&self, offset: Offset) -> Option<LeaderEpoch> {
        let next = self.entries.partition_point(|&(_, start)| start <= offset);
        self.entries.get(next.checked_sub(1)?).map(|&(epoch, _)| epoch)
    }

    /// Forgets epochs that begin after `end`, of which the log has nothing.
    pub(crate) fn truncate_from_end(&mut self, end: Offset) {
        let before = self.entries.len();
        self.entries.retain(|&(_, start)| start <= end);
        self.changed |= self.entries.len() != before;
    }

    /// Forgets epochs that end at or before `start`; the one that goes on begins there
    /// (`LeaderEpochFileCache.truncateFromStartAsyncFlush`).
    pub(crate) fn truncate_from_start(&mut self, start: Offset) {
        let Some(current) = self.entries.partition_point(|&(_, begun)| begun <= start).checked_sub(1) else {
            return;
        };
        self.entries.drain(..current);
        if let Some(first) = self.entries.first_mut()
            && first.1 < start
        {
            first.1 = start;
            self.changed = true;
        }
        self.changed |= current > 0;
    }
}

#[cfg(test)]
mod tests {
    use klamm_model::{LeaderEpoch, Offset};

    use super::LeaderEpochs;

    fn epochs(entries: &[(i32, i64)]) -> LeaderEpochs {
        let mut epochs = LeaderEpochs::default();
        for &(epoch, start) in entries {
            epochs.assign(LeaderEpoch(epoch), Offset(start));
        }
        epochs
    }

    fn entries(epochs: &LeaderEpochs) -> Vec<(i32, i64)> {
        epochs.entries.iter().map(|&(epoch, start)| (epoch.0, start.0)).collect()
    }

    #[test]
    fn only_newer_epochs_are_assigned_and_empty_ones_go() {
        assert_eq!(entries(&epochs(&[(2, 0), (2, 5), (1, 6), (-1, 7)])), [(2, 0)]);
        assert_eq!(entries(&epochs(&[(0, 0), (1, 10), (2, 10)])), [(0, 0), (2, 10)]);
    }

    #[test]
    fn an_epoch_ends_where_the_next_begins() {
        let epochs = epochs(&[(1, 0), (3, 10), (4, 20)]);
        let end =
            |epoch| epochs.end_offset(LeaderEpoch(epoch), Offset(30)).map(|(epoch, end)| (epoch.0, end.0));
        assert_eq!(end(0), Some((0, 0)), "before all that are known");
        assert_eq!(end(1), Some((1, 10)));
        assert_eq!(end(2), Some((1, 10)));
        assert_eq!(end(4), Some((4, 30)));
        assert_eq!(end(9), None, "after all that are known");
        assert_eq!(epochs.of(Offset(9)), Some(LeaderEpoch(1)));
        assert_eq!(epochs.of(Offset(10)), Some(LeaderEpoch(3)));
    }

    #[test]
    fn truncation_keeps_what_the_log_has() {
        let mut cut = epochs(&[(1, 0), (3, 10), (4, 20)]);
        cut.truncate_from_end(Offset(15));
        assert_eq!(entries(&cut), [(1, 0), (3, 10)]);
        cut.truncate_from_start(Offset(12));
        assert_eq!(entries(&cut), [(3, 12)]);
    }
}

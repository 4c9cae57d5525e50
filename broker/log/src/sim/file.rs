//! The contents of one simulated file.

use super::random::Random;

/// What a disk writes as a whole, or not.
const SECTOR_BYTES: usize = 512;

/// A change that is not durable yet.
#[derive(Debug, Clone)]
enum Change {
    Write { position: usize, bytes: Vec<u8> },
    Truncate { size: usize },
}

/// A file: what everybody sees, and what would survive.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    pub seen: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

fn apply(contents: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { position, bytes } => {
            let end = position + bytes.len();
            if contents.len() < end {
                contents.resize(end, 0);
            }
            contents[*position..end].copy_from_slice(bytes);
        }
        Change::Truncate { size } => contents.resize(*size, 0),
    }
}

impl Contents {
    pub(super) fn write(&mut self, position: usize, bytes: Vec<u8>) {
        self.change(Change::Write { position, bytes });
    }

    pub(super) fn truncate(&mut self, size: usize) {
        self.change(Change::Truncate { size });
    }

    fn change(&mut self, change: Change) {
        apply(&mut self.seen, &change);
        self.pending.push(change);
    }

    pub(super) fn sync(&mut self) {
        // Not all that is seen: what a failed sync has lost stays lost.
        for change in std::mem::take(&mut self.pending) {
            apply(&mut self.durable, &change);
        }
    }

    /// What was to be synced is in memory still, but will never be written.
    pub(super) fn fail_sync(&mut self) {
        self.pending.clear();
    }

    /// Other contents, durably.
    pub(super) fn replace(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.seen);
        self.durable.clone_from(&self.seen);
        self.pending.clear();
    }

    /// What is left after a power cut. The file's size is one that it had since the last sync; each sector within it has
    /// a content that it had, and one that was never written is zero.
    pub(super) fn cut_power(&mut self, random: &mut Random) {
        if !self.pending.is_empty() {
            let mut versions = vec![self.durable.clone()];
            for change in &self.pending {
                let mut next = versions.last().cloned().unwrap_or_default();
                apply(&mut next, change);
                versions.push(next);
            }
            self.durable = survivor(&versions, random);
            self.pending.clear();
        }
        self.seen.clone_from(&self.durable);
    }
}

/// Mixes the versions that a file had.
fn survivor(versions: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let pick = |random: &mut Random| &versions[random.below(versions.len() as u64) as usize];
    let newest = &versions[versions.len() - 1];
    let size = pick(random).len();
    let mut left = match random.below(4) {
        // In order: all up to some change, and nothing after it.
        0 => return pick(random).clone(),
        // All of the contents but the size of an earlier moment.
        1 => newest.clone(),
        // Sectors in any order.
        _ => {
            let longest = versions.iter().map(Vec::len).max().unwrap_or(0);
            let mut mixed = vec![0; longest];
            for start in (0..longest).step_by(SECTOR_BYTES) {
                let version = pick(random);
                let end = (start + SECTOR_BYTES).min(version.len());
                if start < end {
                    mixed[start..end].copy_from_slice(&version[start..end]);
                }
            }
            mixed
        }
    };
    // The size is cut within a sector only where a version ended.
    left.resize(size.max(if random.one_in(2) { newest.len() } else { 0 }), 0);
    left
}

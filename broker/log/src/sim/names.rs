//! The names of a simulated disk's files: what everybody sees, and what would survive.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::random::Random;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    Dir,
    /// A file by its number.
    File(usize),
}

/// A change of names in one or two directories that is not durable yet.
#[derive(Debug, Clone)]
pub(super) struct Change {
    removed: Vec<PathBuf>,
    added: Vec<(PathBuf, Node)>,
}

#[derive(Debug, Default)]
pub(super) struct Names {
    pub seen: BTreeMap<PathBuf, Node>,
    durable: BTreeMap<PathBuf, Node>,
    pending: Vec<Change>,
}

impl Change {
    pub(super) fn add(path: &Path, node: Node) -> Change {
        Change { removed: Vec::new(), added: vec![(path.to_owned(), node)] }
    }

    pub(super) fn remove(path: &Path) -> Change {
        Change { removed: vec![path.to_owned()], added: Vec::new() }
    }

    fn is_in(&self, dir: &Path) -> bool {
        self.removed
            .iter()
            .chain(self.added.iter().map(|(path, _)| path))
            .any(|path| path.parent() == Some(dir))
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, Node>) {
        for path in &self.removed {
            names.remove(path);
        }
        names.extend(self.added.iter().cloned());
    }
}

impl Names {
    pub(super) fn change(&mut self, change: Change) {
        change.apply(&mut self.seen);
        self.pending.push(change);
    }

    /// Renames a file, or a directory with all in it.
    pub(super) fn rename(&mut self, from: &Path, to: &Path) {
        let moved: Vec<_> = self
            .seen
            .iter()
            .filter_map(|(path, &node)| {
                let rest = path.strip_prefix(from).ok()?;
                let target = if rest.as_os_str().is_empty() { to.to_owned() } else { to.join(rest) };
                Some((path.clone(), target, node))
            })
            .collect();
        let removed = moved.iter().map(|(path, _, _)| path.clone()).collect();
        let added = moved.into_iter().map(|(_, target, node)| (target, node)).collect();
        self.change(Change { removed, added });
    }

    /// Everything that happened in this directory is durable.
    pub(super) fn sync_dir(&mut self, dir: &Path) {
        let (now, later) =
            std::mem::take(&mut self.pending).into_iter().partition(|change| change.is_in(dir));
        self.pending = later;
        let now: Vec<Change> = now;
        for change in now {
            change.apply(&mut self.durable);
        }
    }

    /// Everything that happened is durable.
    pub(super) fn sync_all(&mut self) {
        self.pending.clear();
        self.durable.clone_from(&self.seen);
    }

    /// What is left after a power cut: any of the changes, in their order.
    pub(super) fn cut_power(&mut self, random: &mut Random) {
        let odds = 1 + random.below(3);
        for change in std::mem::take(&mut self.pending) {
            if random.one_in(odds) {
                change.apply(&mut self.durable);
            }
        }
        // What is in a directory that is lost is lost.
        let names = std::mem::take(&mut self.durable);
        let is_there = |path: &Path| {
            path.ancestors().skip(1).all(|dir| dir.parent().is_none() || names.contains_key(dir))
        };
        self.durable = names
            .iter()
            .filter(|(path, _)| is_there(path))
            .map(|(path, &node)| (path.clone(), node))
            .collect();
        self.seen.clone_from(&self.durable);
    }
}

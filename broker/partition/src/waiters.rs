//! Waiters in the order of what they wait for.
//!
//! Pure. To find the waiters that a step serves costs the waiters served, not the waiters there are: ten
//! thousand that wait for more cost nothing.

use std::collections::{BTreeMap, HashMap};

/// One waiter; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaiterId(u64);

/// Values of `T` that wait until a level of `K` is passed.
#[derive(Debug)]
pub struct Waiters<K, T> {
    by_level: BTreeMap<(K, WaiterId), T>,
    levels: HashMap<WaiterId, K>,
    next: u64,
}

impl<K, T> Default for Waiters<K, T> {
    fn default() -> Waiters<K, T> {
        Waiters { by_level: BTreeMap::new(), levels: HashMap::new(), next: 0 }
    }
}

impl<K: Ord + Copy, T> Waiters<K, T> {
    /// Adds a waiter that is served once the level passes `level`.
    pub fn add(&mut self, level: K, value: T) -> WaiterId {
        let id = WaiterId(self.next);
        self.next += 1;
        self.put(id, level, value);
        id
    }

    /// Puts a waiter that was taken back, at another level.
    pub fn put(&mut self, id: WaiterId, level: K, value: T) {
        debug_assert!(id.0 < self.next && !self.levels.contains_key(&id), "only a taken waiter comes back");
        self.levels.insert(id, level);
        self.by_level.insert((level, id), value);
    }

    /// The value of a waiter that still waits.
    pub fn get_mut(&mut self, id: WaiterId) -> Option<&mut T> {
        let level = *self.levels.get(&id)?;
        self.by_level.get_mut(&(level, id))
    }

    /// Removes a waiter; `None` if it was served or removed before.
    pub fn remove(&mut self, id: WaiterId) -> Option<T> {
        let level = self.levels.remove(&id)?;
        self.by_level.remove(&(level, id))
    }

    /// Takes every waiter whose level is below `limit`, lowest level first, and of one level the oldest first.
    pub fn take_below(&mut self, limit: K) -> Vec<(WaiterId, T)> {
        let mut due = Vec::new();
        while let Some(first) = self.by_level.first_entry() {
            if first.key().0 >= limit {
                break;
            }
            let ((_, id), value) = first.remove_entry();
            self.levels.remove(&id);
            due.push((id, value));
        }
        due
    }

    /// Takes every waiter.
    pub fn take_all(&mut self) -> Vec<(WaiterId, T)> {
        self.levels.clear();
        std::mem::take(&mut self.by_level).into_iter().map(|((_, id), value)| (id, value)).collect()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.by_level.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.by_level.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{WaiterId, Waiters};

    #[test]
    fn the_lowest_and_then_the_oldest_go_first() {
        let mut waiters = Waiters::default();
        for (level, name) in [(5, "e"), (1, "a"), (5, "f"), (3, "c")] {
            waiters.add(level, name);
        }
        let names = |due: Vec<(WaiterId, &'static str)>| due.into_iter().map(|(_, name)| name).collect();
        let due: Vec<_> = names(waiters.take_below(3));
        assert_eq!(due, ["a"]);
        let due: Vec<_> = names(waiters.take_below(6));
        assert_eq!(due, ["c", "e", "f"]);
        assert!(waiters.is_empty());
    }

    #[derive(Debug, Clone)]
    enum Step {
        Add(u8),
        Remove(usize),
        TakeBelow(u8),
        TakeAndPutBack { below: u8, by: u8 },
        TakeAll,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            5 => any::<u8>().prop_map(Step::Add),
            2 => any::<usize>().prop_map(Step::Remove),
            2 => any::<u8>().prop_map(Step::TakeBelow),
            2 => (any::<u8>(), any::<u8>()).prop_map(|(below, by)| Step::TakeAndPutBack { below, by }),
            1 => Just(Step::TakeAll),
        ]
    }

    /// The model: every waiter with its level, looked at one by one.
    fn model_take(model: &mut BTreeMap<WaiterId, u16>, limit: u16) -> Vec<WaiterId> {
        let mut due: Vec<_> =
            model.iter().filter(|(_, level)| **level < limit).map(|(id, level)| (*level, *id)).collect();
        due.sort_unstable();
        model.retain(|_, level| *level >= limit);
        due.into_iter().map(|(_, id)| id).collect()
    }

    fn ids(due: &[(WaiterId, u16)]) -> Vec<WaiterId> {
        due.iter().map(|(id, _)| *id).collect()
    }

    proptest! {
        #[test]
        fn no_waiter_is_lost_served_twice_or_early(steps in prop::collection::vec(step(), 0..200)) {
            let mut waiters = Waiters::default();
            let mut model = BTreeMap::new();
            let mut every = Vec::new();
            for step in steps {
                match step {
                    Step::Add(level) => {
                        let id = waiters.add(u16::from(level), u16::from(level));
                        prop_assert!(!every.contains(&id));
                        every.push(id);
                        model.insert(id, u16::from(level));
                    }
                    Step::Remove(pick) => {
                        if let Some(id) = every.get(pick % every.len().max(1)) {
                            prop_assert_eq!(waiters.remove(*id).is_some(), model.remove(id).is_some());
                        }
                    }
                    Step::TakeBelow(limit) => {
                        let due = waiters.take_below(u16::from(limit));
                        prop_assert_eq!(ids(&due), model_take(&mut model, u16::from(limit)));
                    }
                    Step::TakeAndPutBack { below, by } => {
                        let due = waiters.take_below(u16::from(below));
                        prop_assert_eq!(ids(&due), model_take(&mut model, u16::from(below)));
                        for (id, level) in due {
                            let level = level + u16::from(by);
                            waiters.put(id, level, level);
                            model.insert(id, level);
                        }
                    }
                    Step::TakeAll => {
                        let due = waiters.take_all();
                        prop_assert_eq!(ids(&due), model_take(&mut model, u16::MAX));
                    }
                }
                prop_assert_eq!(waiters.len(), model.len());
            }
        }
    }
}

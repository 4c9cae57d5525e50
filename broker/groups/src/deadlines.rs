//! When whom to look at.

use std::collections::{BTreeSet, HashMap};

use crate::Tick;

/// When whom to look at: groups, or members of one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Deadlines {
    by_time: BTreeSet<(Tick, String)>,
    by_name: HashMap<String, Tick>,
}

impl Deadlines {
    /// The earliest.
    pub(crate) fn first(&self) -> Option<Tick> {
        self.by_time.first().map(|(tick, _)| *tick)
    }

    /// Sets one's.
    pub(crate) fn set(&mut self, name: &str, deadline: Tick) {
        if self.by_name.get(name) == Some(&deadline) {
            return;
        }
        self.clear(name);
        self.by_name.insert(name.to_owned(), deadline);
        self.by_time.insert((deadline, name.to_owned()));
    }

    /// One has none.
    pub(crate) fn clear(&mut self, name: &str) {
        if let Some(deadline) = self.by_name.remove(name) {
            self.by_time.remove(&(deadline, name.to_owned()));
        }
    }

    /// Takes the earliest, if it has come.
    pub(crate) fn take_first_until(&mut self, now: Tick) -> Option<String> {
        self.first().filter(|first| *first <= now)?;
        let (_, name) = self.by_time.pop_first()?;
        self.by_name.remove(&name);
        Some(name)
    }

    /// Takes those that have come, the earliest first. Only for those whose deadlines do not depend on each other: what becomes
    /// of one's is not seen here until the next time.
    pub(crate) fn take_until(&mut self, now: Tick) -> Vec<String> {
        std::iter::from_fn(|| self.take_first_until(now)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_has_one_deadline() {
        let mut deadlines = Deadlines::default();
        deadlines.set("a", Tick(5));
        deadlines.set("b", Tick(3));
        deadlines.set("a", Tick(4));
        deadlines.set("c", Tick(1));
        deadlines.clear("c");
        assert_eq!(deadlines.first(), Some(Tick(3)));
        assert_eq!(deadlines.take_until(Tick(2)), [""; 0]);
        assert_eq!(deadlines.take_until(Tick(4)), ["b", "a"]);
        assert_eq!(deadlines.first(), None);
    }

    #[test]
    fn whoever_gets_another_deadline_meanwhile_is_not_taken() {
        let mut deadlines = Deadlines::default();
        deadlines.set("a", Tick(5));
        deadlines.set("b", Tick(5));
        assert_eq!(deadlines.take_first_until(Tick(4)), None);
        assert_eq!(deadlines.take_first_until(Tick(5)).as_deref(), Some("a"));
        deadlines.set("b", Tick(6));
        assert_eq!(deadlines.take_first_until(Tick(5)), None);
        assert_eq!(deadlines.first(), Some(Tick(6)));
    }
}

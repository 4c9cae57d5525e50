//! Until when members have to be heard of, and to have given partitions back.

use std::collections::{BTreeSet, HashMap};

use crate::Tick;

/// The deadlines of one member.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Deadlines {
    session: Option<Tick>,
    /// With the epoch that the member has to leave until then.
    rebalance: Option<(Tick, i32)>,
}

/// A deadline that has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expired {
    /// A member was not heard of.
    Session(String),
    /// A member did not leave an epoch.
    Rebalance(String, i32),
}

/// The deadlines of all members, and the first of them at a glance.
#[derive(Debug, Clone, Default)]
pub(super) struct Timers {
    by_member: HashMap<String, Deadlines>,
    queue: BTreeSet<(Tick, String)>,
}

impl Timers {
    /// The first deadline.
    pub fn next(&self) -> Option<Tick> {
        self.queue.first().map(|(tick, _)| *tick)
    }

    /// The member has to be heard of until then.
    pub fn session(&mut self, member: &str, until: Tick) {
        self.change(member, |deadlines| deadlines.session = Some(until));
    }

    /// The member has to leave an epoch until then; `None` if it need not.
    pub fn rebalance(&mut self, member: &str, until: Option<(Tick, i32)>) {
        self.change(member, |deadlines| deadlines.rebalance = until);
    }

    /// The member is gone.
    pub fn remove(&mut self, member: &str) {
        self.change(member, |deadlines| *deadlines = Deadlines::default());
    }

    /// Takes a deadline that has passed.
    pub fn pop(&mut self, now: Tick) -> Option<Expired> {
        let (tick, member) = self.queue.first().filter(|(tick, _)| *tick <= now)?.clone();
        let deadlines = self.by_member.get(&member).copied().unwrap_or_default();
        if deadlines.session == Some(tick) {
            self.change(&member, |deadlines| deadlines.session = None);
            return Some(Expired::Session(member));
        }
        let epoch = deadlines.rebalance.map(|(_, epoch)| epoch)?;
        self.rebalance(&member, None);
        Some(Expired::Rebalance(member, epoch))
    }

    fn change(&mut self, member: &str, change: impl FnOnce(&mut Deadlines)) {
        let mut deadlines = self.by_member.remove(member).unwrap_or_default();
        for tick in ticks(deadlines) {
            self.queue.remove(&(tick, member.to_owned()));
        }
        change(&mut deadlines);
        for tick in ticks(deadlines) {
            self.queue.insert((tick, member.to_owned()));
        }
        if deadlines != Deadlines::default() {
            self.by_member.insert(member.to_owned(), deadlines);
        }
    }
}

fn ticks(deadlines: Deadlines) -> impl Iterator<Item = Tick> {
    deadlines.session.into_iter().chain(deadlines.rebalance.map(|(tick, _)| tick))
}

//! Until when members have to be heard of, and to have given partitions back.

use std::collections::{BTreeSet, HashMap};

use crate::Tick;

/// The deadlines of one member.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Deadlines {
    session: Option<Tick>,
    /// With the epoch that the member has to leave until then.
    rebalance: Option<(Tick, i32)>,
    /// Of a member of the classic protocol: until when it has to join again.
    join: Option<Tick>,
    /// Of a member of the classic protocol: until when it has to ask for what it joined for.
    sync: Option<Tick>,
}

/// A deadline that has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expired {
    /// A member was not heard of.
    Session(String),
    /// A member did not leave an epoch.
    Rebalance(String, i32),
    /// A member of the classic protocol did not join again, or did not sync.
    Rejoin(String),
}

/// The deadlines of all members, and the first of them at a glance.
#[derive(Debug, Clone, Default, PartialEq)]
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

    /// The member has to join again until then, or until the time that it was told before.
    pub fn join_if_absent(&mut self, member: &str, until: Tick) {
        self.change(member, |deadlines| deadlines.join = deadlines.join.or(Some(until)));
    }

    /// The member has joined, and has to sync until then.
    pub fn joined(&mut self, member: &str, sync_until: Tick) {
        self.change(member, |deadlines| (deadlines.join, deadlines.sync) = (None, Some(sync_until)));
    }

    /// The member has synced.
    pub fn synced(&mut self, member: &str) {
        self.change(member, |deadlines| deadlines.sync = None);
    }

    /// The member has neither to join again nor to sync.
    pub fn rejoins_no_more(&mut self, member: &str) {
        self.change(member, |deadlines| (deadlines.join, deadlines.sync) = (None, None));
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
        if deadlines.join == Some(tick) || deadlines.sync == Some(tick) {
            self.rejoins_no_more(&member);
            return Some(Expired::Rejoin(member));
        }
        let epoch = deadlines.rebalance.map(|(_, epoch)| epoch)?;
        self.rebalance(&member, None);
        Some(Expired::Rebalance(member, epoch))
    }

    fn change(&mut self, member: &str, change: impl FnOnce(&mut Deadlines)) {
        let before = self.by_member.get(member).copied().unwrap_or_default();
        let mut deadlines = before;
        change(&mut deadlines);
        if deadlines == before {
            return;
        }
        self.by_member.remove(member);
        for tick in ticks(before) {
            self.queue.remove(&(tick, member.to_owned()));
        }
        for tick in ticks(deadlines) {
            self.queue.insert((tick, member.to_owned()));
        }
        if deadlines != Deadlines::default() {
            self.by_member.insert(member.to_owned(), deadlines);
        }
    }
}

fn ticks(deadlines: Deadlines) -> impl Iterator<Item = Tick> {
    let rebalance = deadlines.rebalance.map(|(tick, _)| tick);
    [deadlines.session, rebalance, deadlines.join, deadlines.sync].into_iter().flatten()
}

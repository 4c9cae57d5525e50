//! What clients were told, and may rely on.

use std::collections::{BTreeMap, BTreeSet};

use klamm_groups::Coordinator;
use klamm_groups::records::OffsetKey;
use klamm_model::Offset;

use super::Violation;
use super::ledger::{Ledger, Value, told};
use super::world::Cluster;

/// A group and a member of it.
pub(super) type MemberOf = (String, String);

/// What an answer says. It is a claim once the client has the answer.
#[derive(Debug, Clone)]
pub(super) enum Claim {
    /// These offsets are committed, or (none) gone.
    Offsets(Vec<(OffsetKey, Value)>),
    /// Someone is a member in this generation, or with this epoch; where the log ended when that was asked.
    Member(MemberOf, i32, Offset),
    /// A member of the consumer protocol is none any more.
    Left(MemberOf),
    /// The group is gone, and all its offsets.
    Deleted(String),
}

/// What clients were told, and may rely on.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// All that is told rests on what was in the log before this.
    end: Offset,
    offsets: BTreeMap<OffsetKey, (Offset, Value)>,
    members: BTreeMap<MemberOf, i32>,
    left: BTreeSet<MemberOf>,
    /// The newest generation or epoch that a member of the group was told.
    newest: BTreeMap<String, i32>,
}

impl Claims {
    /// A client has its answer, which was given when the log ended at `end`; `live` is the epoch of the member that it is about.
    pub(super) fn add(
        &mut self,
        claim: Claim,
        end: Offset,
        (ledger, live): (&Ledger, Option<i32>),
    ) -> Result<(), Violation> {
        self.end = self.end.max(end);
        match claim {
            Claim::Offsets(offsets) => {
                offsets.into_iter().try_for_each(|(key, value)| self.told(ledger, end, key, value))?;
            }
            Claim::Member(member, epoch, asked) => {
                // The answer took its time: meanwhile another group may have taken the name, or the member be none any more.
                if !ledger.was_given_up(&member.0, asked) && live.is_some_and(|live| live >= epoch) {
                    let newest = self.newest.entry(member.0.clone()).or_default();
                    *newest = epoch.max(*newest);
                    self.members.insert(member, epoch);
                }
            }
            Claim::Left(member) => {
                self.members.remove(&member);
                self.left.insert(member);
            }
            Claim::Deleted(group) => {
                let keys: Vec<OffsetKey> = ledger.keys().filter(|key| key.group == group).cloned().collect();
                keys.into_iter().try_for_each(|key| self.told(ledger, end, key, None))?;
            }
        }
        Ok(())
    }

    fn told(&mut self, ledger: &Ledger, end: Offset, key: OffsetKey, value: Value) -> Result<(), Violation> {
        let written = ledger.committed(&key, end);
        if written != value {
            return Err(format!("{key:?}: {value:?} was told, {written:?} is in the log before {end}"));
        }
        let newest = self.offsets.entry(key).or_default();
        if newest.0 <= end {
            *newest = (end, value);
        }
        Ok(())
    }

    /// The epoch that the coordinator knows of the member that a claim is about.
    pub(super) fn live(claim: &Claim, live: &Coordinator, topics: &Cluster) -> Option<i32> {
        match claim {
            Claim::Member(member, ..) => epoch_of(live, topics, member),
            _ => None,
        }
    }

    /// A client is about to leave, or begins anew: whether it is a member then is open.
    pub(super) fn forget(&mut self, member: &MemberOf) {
        self.members.remove(member);
    }

    /// After each event: which groups were given up, and who is a member no more.
    pub(super) fn follow(&mut self, ledger: &mut Ledger, live: &Coordinator, topics: &Cluster) {
        for (group, follows) in ledger.take_given_up() {
            if self.newest.get(&group).is_some_and(|newest| follows.is_none_or(|follows| follows < *newest)) {
                self.newest.remove(&group);
                self.members.retain(|member, _| member.0 != group);
            }
        }
        self.members.retain(|member, epoch| epoch_of(live, topics, member).is_some_and(|now| now >= *epoch));
    }

    /// After a loss: is all there that was told?
    pub(super) fn check(
        &self,
        end: Offset,
        loaded: &Coordinator,
        ledger: &Ledger,
        topics: &Cluster,
    ) -> Result<(), Violation> {
        for (key, (told_at, value)) in &self.offsets {
            let found = told(loaded.offsets().get(&key.group, &key.topic, key.partition));
            if found != *value && !ledger.is_later(key, *told_at, &found) {
                return Err(format!("{key:?}: {value:?} was told, {found:?} is there"));
            }
        }
        for (group, newest) in &self.newest {
            let found = loaded.generation_or_epoch(group);
            if found.is_none_or(|found| found < *newest) {
                return Err(format!("{group} was in generation {newest}, is in {found:?}"));
            }
        }
        for (member, epoch) in &self.members {
            let found = epoch_of(loaded, topics, member);
            if found.is_none_or(|found| found < *epoch) {
                return Err(format!("{member:?} was told {epoch}, has {found:?}"));
            }
        }
        if let Some(member) = self.left.iter().find(|member| epoch_of(loaded, topics, member).is_some()) {
            return Err(format!("{member:?} has left, and is there again"));
        }
        if end < self.end {
            return Err(format!("told was what is before {}, the log ends at {end}", self.end));
        }
        Ok(())
    }
}

/// The member's epoch, or the group's generation, which is that of all members of a classic group.
fn epoch_of(groups: &Coordinator, topics: &Cluster, (group, member_id): &MemberOf) -> Option<i32> {
    if let Some(described) = groups.describe(group) {
        let is_there = described.members.iter().any(|member| member.member_id == *member_id);
        return groups.generation_or_epoch(group).filter(|_| is_there);
    }
    let described = groups.describe_consumer(group, topics)?;
    let member = described.members.iter().find(|member| member.member_id == *member_id)?;
    Some(member.member_epoch)
}

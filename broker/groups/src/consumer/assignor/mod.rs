//! Who is to read which partition: pure functions of the subscriptions and of what the members were to have before.
//!
//! All of them give each partition of a topic that somebody is subscribed to to exactly one subscriber, keep as much with
//! the members as balance allows, and give the same for the same input.

mod range;
mod share;
#[cfg(test)]
mod tests;
mod uniform;

use std::collections::{BTreeMap, BTreeSet};

use klamm_model::TopicId;

use super::Partitions;

/// A member, as an assignor sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberSpec {
    /// Its id of its own choice, if it is a static member.
    pub instance_id: Option<String>,
    /// The topics that it is subscribed to.
    pub subscribed: BTreeSet<TopicId>,
    /// What it was to have before.
    pub before: Partitions,
}

/// The assignors that a broker has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignor {
    /// Balances the number of partitions of each member over all topics.
    Uniform,
    /// Balances each topic for itself; topics of the same number of partitions and the same subscribers are dealt alike, so
    /// that they can be joined.
    Range,
}

impl Assignor {
    /// The assignor with this name in the settings.
    pub fn by_name(name: &str) -> Option<Assignor> {
        match name {
            "uniform" => Some(Assignor::Uniform),
            "range" => Some(Assignor::Range),
            _ => None,
        }
    }

    /// What each member is to have; `counts` has the number of partitions of each topic that exists.
    pub fn assign(
        self,
        members: &BTreeMap<String, MemberSpec>,
        counts: &BTreeMap<TopicId, u32>,
    ) -> BTreeMap<String, Partitions> {
        match self {
            Assignor::Uniform => uniform::assign(members, counts),
            Assignor::Range => range::assign(members, counts),
        }
    }
}

/// The partitions of a topic.
fn partitions(count: u32) -> std::ops::Range<i32> {
    0..i32::try_from(count).unwrap_or(i32::MAX)
}

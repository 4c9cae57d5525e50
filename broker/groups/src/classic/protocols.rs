//! The protocol that the members agree on.

use std::collections::BTreeSet;

use klamm_wire::messages::join_group::JoinGroupRequest;

use super::{ClassicGroup, State};

impl ClassicGroup {
    /// Whether a member can join with what it speaks: in a group without members with anything, else with the class of
    /// protocols that the group has and one that all members speak.
    pub(super) fn understands(&self, request: &JoinGroupRequest) -> bool {
        if self.state == State::Empty {
            return !request.protocol_type.is_empty() && !request.protocols.is_empty();
        }
        let common = self.common_protocols();
        let speaks_one = request.protocols.iter().any(|protocol| common.contains(protocol.name.as_str()));
        self.protocol_type.as_deref() == Some(&*request.protocol_type)
            && (speaks_one || self.members.is_empty())
    }

    /// The protocols that all members speak.
    fn common_protocols(&self) -> BTreeSet<&str> {
        let mut members = self.members.values();
        let names = |member: &'_ super::Member| -> BTreeSet<String> {
            member.protocols.iter().map(|(name, _)| name.clone()).collect()
        };
        let Some(first) = members.next() else { return BTreeSet::new() };
        let mut common: BTreeSet<&str> = first.protocols.iter().map(|(name, _)| name.as_str()).collect();
        for member in members {
            let spoken = names(member);
            common.retain(|name| spoken.contains(*name));
        }
        common
    }

    /// The protocol with the most votes; every member votes for the first of its list that all speak. If two have as many,
    /// that which the oldest member likes more.
    pub(super) fn vote(&self) -> Option<String> {
        let common = self.common_protocols();
        let ballot = |member: &super::Member| {
            member
                .protocols
                .iter()
                .map(|(name, _)| name.as_str())
                .find(|name| common.contains(name))
                .map(str::to_owned)
        };
        let votes: Vec<String> = self.members.values().filter_map(ballot).collect();
        let count = |name: &str| votes.iter().filter(|vote| *vote == name).count();
        let oldest = self.members.values().min_by_key(|member| member.number)?;
        let candidates = oldest.protocols.iter().map(|(name, _)| name.as_str());
        let candidates: Vec<&str> = candidates.filter(|name| common.contains(name)).collect();
        let mut best: Option<&str> = None;
        for name in candidates {
            if best.is_none_or(|best| count(name) > count(best)) {
                best = Some(name);
            }
        }
        best.map(str::to_owned)
    }
}

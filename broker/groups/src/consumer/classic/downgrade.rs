//! From the consumer protocol to the classic one.

use std::collections::BTreeSet;

use super::super::ConsumerGroup;
use super::super::partitions::without_epochs;
use crate::classic::{ClassicGroup, Member as ClassicMember};
use crate::embedded::write_assignment;
use crate::{Caller, GroupConfig, NotDowngraded, Ticket, Topics, Turn};

impl ConsumerGroup {
    /// Whether the group becomes one of the classic protocol when these members leave: only members that speak it are left
    /// then. An error if that is so, and it must not.
    pub(in crate::consumer) fn is_classic_without(
        &self,
        leaving: &BTreeSet<String>,
        config: &GroupConfig,
    ) -> Result<bool, NotDowngraded> {
        let mut stay = self.members.iter().filter(|(member_id, _)| !leaving.contains(*member_id)).peekable();
        if stay.peek().is_none() || !stay.all(|(_, member)| member.classic().is_some()) {
            return Ok(false);
        }
        if !config.consumer_migration_policy.downgrades() {
            return Err(NotDowngraded::NotAllowed);
        }
        if self.members.len() > config.max_size.saturating_add(leaving.len()) {
            return Err(NotDowngraded::TooLarge);
        }
        Ok(true)
    }

    /// Whether the group becomes one of the classic protocol when this static member comes back in the classic one.
    pub(super) fn is_classic_after(&self, replaced: &str, config: &GroupConfig) -> bool {
        config.consumer_migration_policy.downgrades()
            && self.members.len() <= config.max_size
            && self.members.iter().all(|(id, member)| (id == replaced) != member.classic().is_some())
    }

    /// The group without the members that leave, in the classic protocol. All have to join again.
    pub(in crate::consumer) fn downgrade(
        &self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        leaving: &BTreeSet<String>,
    ) -> ClassicGroup {
        let mut classic = self.to_classic(turn, topics, leaving);
        self.delete(turn.effects);
        turn.effects.record(classic.record());
        classic.rebalance(turn);
        classic
    }

    /// The group in the classic protocol, because of a static member that came back in it. If everybody has what it is to have,
    /// nobody is disturbed.
    pub(super) fn downgrade_with(
        &self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        caller: &Caller,
        (member_id, ticket): (&str, Ticket),
    ) -> ClassicGroup {
        let mut classic = self.to_classic(turn, topics, &BTreeSet::new());
        let at_rest = self.epoch == self.target_epoch
            && self.members.values().all(|member| member.current.is_reconciled_to(self.epoch));
        if at_rest {
            classic.lead_by(member_id);
        }
        self.delete(turn.effects);
        turn.effects.record(classic.record());
        if at_rest {
            classic.answer_leader(turn, caller, member_id, ticket);
        } else {
            classic.rebalance_with(turn, member_id, ticket);
        }
        classic
    }

    /// Each member with what it may still read: should the group change back before they have joined again, nobody else gets
    /// that.
    fn to_classic(&self, turn: &Turn<'_>, topics: &dyn Topics, leaving: &BTreeSet<String>) -> ClassicGroup {
        let stay = self.members.iter().filter(|(member_id, _)| !leaving.contains(*member_id));
        let members = stay.filter_map(|(member_id, member)| {
            let classic = member.classic()?;
            let mut has = without_epochs(&member.current.assigned);
            for (topic, partitions) in without_epochs(&member.current.revoking) {
                has.entry(topic).or_default().extend(partitions);
            }
            let subscription = classic.supported_protocols.first().map(|protocol| protocol.metadata.clone());
            let assignment = write_assignment(&has, topics, &subscription.unwrap_or_default());
            Some(ClassicMember::from_consumer(member_id.clone(), &member.value, classic, assignment))
        });
        ClassicGroup::from_consumers(self.group_id.clone(), self.epoch, members, turn.now)
    }
}

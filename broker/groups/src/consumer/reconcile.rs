//! How one member gets from what it has to what it is to have: gives back first, gets what is free then.
//!
//! A partition is in the assignment of one member at most, be it to read or to give back. So a member gets one only when
//! no other member has it any more.

use std::collections::{BTreeMap, BTreeSet};

use klamm_model::TopicId;
use klamm_wire::messages::consumer_group_heartbeat::TopicPartitions;

use super::member::{Current, MemberState};
use super::partitions::{Epochs, Partitions, contains};

/// What a member is to become, and what stands against it.
pub(super) struct Reconciliation<'r> {
    /// The epoch of the target.
    pub target_epoch: i32,
    /// The target of this member.
    pub target: &'r Partitions,
    /// The topics that the member is subscribed to.
    pub subscribed: &'r BTreeSet<TopicId>,
    /// Whether some member has this partition.
    pub is_taken: &'r dyn Fn(TopicId, i32) -> bool,
    /// What the member says it has; `None` if it does not say.
    pub owned: Option<&'r [TopicPartitions]>,
    /// Whether the subscription has changed, so that topics may have to be given back in the same epoch.
    pub subscription_changed: bool,
}

/// The parts of a step.
#[derive(Default)]
struct Step {
    assigned: Epochs,
    revoking: Epochs,
    new: Vec<(TopicId, i32)>,
    waits: bool,
}

impl Reconciliation<'_> {
    /// The member's next state, which may be the one it has.
    pub fn next(&self, current: &Current) -> Current {
        match current.state {
            MemberState::Stable if current.epoch == self.target_epoch => self.consistent(current),
            MemberState::UnrevokedPartitions if self.still_has(&current.revoking) => self.consistent(current),
            MemberState::Stable
            | MemberState::UnrevokedPartitions
            | MemberState::UnreleasedPartitions
            | MemberState::Unknown => self.advance(current),
        }
    }

    /// Whether the member still has some of these partitions, as far as anybody knows.
    fn still_has(&self, revoking: &Epochs) -> bool {
        self.owned.is_none_or(|owned| {
            owned.iter().any(|topic| topic.partitions.iter().any(|p| contains(revoking, topic.topic_id, *p)))
        })
    }

    /// Takes topics away that the member is not subscribed to any more, in the epoch that it has.
    fn consistent(&self, current: &Current) -> Current {
        let is_subscribed = |topic: &TopicId| self.subscribed.contains(topic);
        if !self.subscription_changed || current.assigned.keys().all(is_subscribed) {
            return current.clone();
        }
        let mut revoking = current.revoking.clone();
        let mut assigned = Epochs::new();
        for (topic, partitions) in &current.assigned {
            let side = if is_subscribed(topic) { &mut assigned } else { &mut revoking };
            side.entry(*topic).or_default().extend(partitions);
        }
        let next = Current { previous_epoch: current.epoch, assigned, ..current.clone() };
        if self.still_has(&revoking) {
            Current { state: MemberState::UnrevokedPartitions, revoking, ..next }
        } else {
            next
        }
    }

    /// One step towards the target.
    fn advance(&self, current: &Current) -> Current {
        let mut step = self.step(current);
        let previous_epoch = current.epoch;
        if !step.revoking.is_empty() && self.still_has(&step.revoking) {
            return Current {
                epoch: current.epoch,
                previous_epoch,
                state: MemberState::UnrevokedPartitions,
                assigned: step.assigned,
                revoking: step.revoking,
            };
        }
        for (topic, partition) in step.new {
            step.assigned.entry(topic).or_default().insert(partition, self.target_epoch);
        }
        let state = if step.waits { MemberState::UnreleasedPartitions } else { MemberState::Stable };
        let revoking = Epochs::new();
        Current { epoch: self.target_epoch, previous_epoch, state, assigned: step.assigned, revoking }
    }

    fn step(&self, current: &Current) -> Step {
        let mut step = Step::default();
        for (topic, partitions) in &current.assigned {
            for (partition, epoch) in partitions {
                let keeps = self.wants(*topic, *partition);
                let side = if keeps { &mut step.assigned } else { &mut step.revoking };
                side.entry(*topic).or_insert_with(BTreeMap::new).insert(*partition, *epoch);
            }
        }
        for (topic, partitions) in self.target.iter().filter(|(topic, _)| self.subscribed.contains(topic)) {
            for partition in partitions.iter().filter(|p| !contains(&current.assigned, *topic, **p)) {
                // What this member itself had to give back, nobody else can have.
                let own = contains(&current.revoking, *topic, *partition);
                if own || !(self.is_taken)(*topic, *partition) {
                    step.new.push((*topic, *partition));
                } else {
                    step.waits = true;
                }
            }
        }
        step
    }

    fn wants(&self, topic: TopicId, partition: i32) -> bool {
        self.subscribed.contains(&topic)
            && self.target.get(&topic).is_some_and(|partitions| partitions.contains(&partition))
    }
}

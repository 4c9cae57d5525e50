//! From the classic protocol to the consumer one.

use std::collections::BTreeSet;

use bytes::Bytes;
use klamm_model::TopicId;

use super::super::ConsumerGroup;
use super::super::member::{Current, MemberState};
use super::super::partitions::{Epochs, Partitions};
use super::super::replay::session_timeout;
use crate::classic::{ClassicGroup, Member as ClassicMember, State};
use crate::embedded::{Assignment, Subscription};
use crate::records::{
    ClassicMemberMetadata, ClassicProtocol, ConsumerGroupMemberValue, ConsumerGroupValue, GroupRecord,
    TargetAssignmentValue,
};
use crate::{Topics, Turn};

/// Why a group of the classic protocol stays one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotUpgraded {
    /// The settings do not allow it.
    #[error("group.consumer.migration.policy does not allow that it changes while it has members")]
    NotAllowed,
    /// Its members are no consumers, or such that don't say so.
    #[error("its members are no consumers")]
    NoConsumers,
    /// It has more members than a group of the consumer protocol may have.
    #[error("it has more members than group.consumer.max.size allows")]
    TooLarge,
    /// What a member said can't be read.
    #[error("what the member {0} told the group's leader, or the leader told it, is not what consumers say")]
    Malformed(String),
    /// What the leader told a member says more than which partitions it is to read.
    #[error("its members use an assignor of their own, which tells the member {0} more than its partitions")]
    OwnAssignor(String),
    /// Two members read the same partition.
    #[error("two of its members read the same partition, one of them {0}")]
    SharedPartition(String),
}

/// A member, as a group of the consumer protocol knows it, with what it has.
struct Moved {
    member_id: String,
    value: ConsumerGroupMemberValue,
    partitions: Partitions,
    /// What it had when it joined, and nobody has by the leader's word: it may not have heard yet that it is to give that back.
    /// (Kafka gives it to others at once.)
    gives_back: Partitions,
}

impl ConsumerGroup {
    /// A classic group's members in a group of the consumer protocol, with what they have there. The records of that are
    /// appended; the classic group has to be given up for it.
    ///
    /// # Errors
    /// Nothing is appended then.
    pub(crate) fn upgraded(
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        classic: &ClassicGroup,
        group_id: &str,
    ) -> Result<ConsumerGroup, NotUpgraded> {
        if !turn.config.consumer_migration_policy.upgrades() {
            return Err(NotUpgraded::NotAllowed);
        }
        if !classic.is_of_consumers() {
            return Err(NotUpgraded::NoConsumers);
        }
        if classic.member_count() > turn.config.consumer_max_size {
            return Err(NotUpgraded::TooLarge);
        }
        let moved = moved(topics, classic)?;
        classic.delete(turn.effects);
        let mut group = ConsumerGroup::new(group_id.to_owned());
        group.take_over(turn, topics, classic, &moved);
        Ok(group)
    }

    fn take_over(
        &mut self,
        turn: &mut Turn<'_>,
        topics: &dyn Topics,
        classic: &ClassicGroup,
        moved: &[Moved],
    ) {
        let epoch = classic.generation();
        for Moved { member_id, value, .. } in moved {
            let (group_id, member_id) = (self.group_id.clone(), member_id.clone());
            let value = Some(value.clone());
            self.emit(turn, GroupRecord::ConsumerGroupMember { group_id, member_id, value });
        }
        // What was not dealt out yet has to be, even if the member that joins takes the place of another and changes nothing
        // (Kafka forgets that): any other hash has it noticed.
        let hash = self.subscription_hash(topics);
        let is_done = classic.state() == State::Stable && self.is_dealt_out(topics, moved);
        let metadata_hash = if is_done { hash } else { !hash };
        let value = ConsumerGroupValue { epoch, metadata_hash, creation_time_ms: turn.now.time.0 };
        let group_id = self.group_id.clone();
        self.emit(turn, GroupRecord::ConsumerGroup { group_id, value: Some(value) });
        for Moved { member_id, partitions, .. } in moved {
            self.emit_target(turn, member_id, partitions);
        }
        let value = TargetAssignmentValue { assignment_epoch: epoch, assignment_timestamp: turn.now.time.0 };
        let group_id = self.group_id.clone();
        self.emit(turn, GroupRecord::TargetAssignment { group_id, value: Some(value) });
        for Moved { member_id, value, partitions, gives_back } in moved {
            let (assigned, revoking) = (with_epoch(partitions, epoch), with_epoch(gives_back, epoch));
            let is_stable = revoking.is_empty();
            let state = if is_stable { MemberState::Stable } else { MemberState::UnrevokedPartitions };
            let current = Current { epoch, previous_epoch: epoch, state, assigned, revoking };
            self.emit_current(turn, member_id, &current);
            self.timers.session(member_id, turn.now.tick.after(session_timeout(value, turn)));
        }
    }

    /// Whether each partition that somebody wants is somebody's.
    fn is_dealt_out(&self, topics: &dyn Topics, moved: &[Moved]) -> bool {
        let wanted: BTreeSet<TopicId> =
            self.members.values().flat_map(|member| self.topics_of(member, topics)).collect();
        wanted.iter().all(|topic| {
            let count = topics.by_id(*topic).map_or(0, |(_, count)| count);
            let dealt = moved.iter().filter_map(|member| member.partitions.get(topic)).map(BTreeSet::len);
            dealt.sum::<usize>() >= count as usize
        })
    }
}

fn moved(topics: &dyn Topics, classic: &ClassicGroup) -> Result<Vec<Moved>, NotUpgraded> {
    let mut taken = BTreeSet::new();
    let mut moved = Vec::with_capacity(classic.member_count());
    for member in classic.members() {
        let one = moved_member(topics, classic, member)?;
        for (topic, partitions) in &one.partitions {
            for partition in partitions {
                if !taken.insert((*topic, *partition)) {
                    return Err(NotUpgraded::SharedPartition(one.member_id));
                }
            }
        }
        moved.push(one);
    }
    for one in &mut moved {
        for (topic, partitions) in &mut one.gives_back {
            partitions.retain(|partition| taken.insert((*topic, *partition)));
        }
        one.gives_back.retain(|_, partitions| !partitions.is_empty());
    }
    Ok(moved)
}

fn moved_member(
    topics: &dyn Topics,
    classic: &ClassicGroup,
    member: &ClassicMember,
) -> Result<Moved, NotUpgraded> {
    let malformed = || NotUpgraded::Malformed(member.id.clone());
    let assignment = Assignment::read(&member.assignment).ok_or_else(malformed)?;
    if assignment.says_more(classic.protocol()) {
        return Err(NotUpgraded::OwnAssignor(member.id.clone()));
    }
    let subscription = said(classic, member).and_then(Subscription::read).ok_or_else(malformed)?;
    let mut gives_back = Partitions::new();
    for owned in subscription.owned(topics) {
        gives_back.entry(owned.topic_id).or_default().extend(owned.partitions);
    }
    let Subscription { topics: mut names, rack_id, .. } = subscription;
    names.sort_unstable();
    names.dedup();
    let protocols = member.protocols.iter();
    let supported_protocols = protocols
        .map(|(name, metadata)| ClassicProtocol { name: name.clone(), metadata: metadata.clone() })
        .collect();
    let value = ConsumerGroupMemberValue {
        instance_id: member.instance_id.clone(),
        rack_id: rack_id.filter(|rack_id| !rack_id.is_empty()),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        subscribed_topic_names: names,
        subscribed_topic_regex: None,
        rebalance_timeout_ms: member.rebalance_timeout_ms,
        server_assignor: None,
        classic_member_metadata: Some(ClassicMemberMetadata {
            session_timeout_ms: member.session_timeout_ms,
            supported_protocols,
        }),
    };
    Ok(Moved { member_id: member.id.clone(), value, partitions: assignment.by_id(topics), gives_back })
}

/// What a member told the leader in the protocol of this generation; before the first one, or if it is new, in the one that it
/// likes best.
fn said<'m>(classic: &ClassicGroup, member: &'m ClassicMember) -> Option<&'m Bytes> {
    let chosen = classic.protocol().and_then(|protocol| member.metadata(protocol));
    chosen.or_else(|| member.protocols.first().map(|(_, metadata)| metadata))
}

fn with_epoch(partitions: &Partitions, epoch: i32) -> Epochs {
    let of_topic =
        |partitions: &BTreeSet<i32>| partitions.iter().map(|partition| (*partition, epoch)).collect();
    partitions.iter().map(|(topic, partitions)| (*topic, of_topic(partitions))).collect()
}

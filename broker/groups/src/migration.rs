//! Why a group with members keeps its protocol, for those who run it.

use crate::consumer::NotUpgraded;

/// A group with members was to change its protocol, or to have members of both, and that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationRefused {
    /// The group.
    pub group_id: String,
    /// Why.
    pub why: WhyRefused,
}

/// Why a group with members keeps its protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhyRefused {
    /// A classic group stays one, and the member that wanted to join is turned away.
    #[error("a member of the consumer protocol can't join this classic group: {0}")]
    Upgrade(NotUpgraded),
    /// A group of the consumer protocol takes no classic members.
    #[error("a member of the classic protocol can't join this group of the consumer protocol: {0}")]
    Join(NotJoined),
    /// A group of the consumer protocol stays one, though all of its members speak the classic one.
    #[error(
        "only members of the classic protocol are left in this group of the consumer protocol, and it stays one: {0}"
    )]
    Downgrade(NotDowngraded),
}

/// Why a member of the classic protocol can't join a group of the consumer protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotJoined {
    /// The settings do not allow it.
    #[error("group.consumer.migration.policy is disabled")]
    NotAllowed,
    /// It is no consumer, or one that can't be understood.
    #[error("it is no consumer, or says what consumers don't say")]
    NoConsumer,
    /// The classic members could not agree on an assignor.
    #[error("it has no assignor in common with the classic members that are there")]
    NoCommonAssignor,
}

/// Why a group of the consumer protocol does not become a classic one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotDowngraded {
    /// The settings do not allow it.
    #[error("group.consumer.migration.policy does not allow it")]
    NotAllowed,
    /// It has more members than a classic group may have.
    #[error("it has more members than group.max.size allows")]
    TooLarge,
}

impl WhyRefused {
    /// What to do about it.
    pub fn next_step(&self) -> &'static str {
        match self {
            WhyRefused::Upgrade(why) => after_upgrade(why),
            WhyRefused::Join(NotJoined::NotAllowed) => {
                "set group.consumer.migration.policy=bidirectional and restart the broker, or start that consumer with \
                 group.protocol=consumer"
            }
            WhyRefused::Join(NotJoined::NoConsumer) => "give that client a group.id of its own",
            WhyRefused::Join(NotJoined::NoCommonAssignor) => {
                "give that consumer a partition.assignment.strategy that the classic members have, or \
                 group.protocol=consumer"
            }
            WhyRefused::Downgrade(NotDowngraded::NotAllowed) => {
                "nothing, if consumers with group.protocol=consumer are to come back; otherwise set \
                 group.consumer.migration.policy=bidirectional (or downgrade) and restart the broker"
            }
            WhyRefused::Downgrade(NotDowngraded::TooLarge) => "raise group.max.size, or stop members",
        }
    }
}

fn after_upgrade(why: &NotUpgraded) -> &'static str {
    match why {
        NotUpgraded::NotAllowed => {
            "set group.consumer.migration.policy=bidirectional (or upgrade) and restart the broker, or stop all members and \
             start them with group.protocol=consumer"
        }
        NotUpgraded::NoConsumers => "give the new consumer a group.id of its own",
        NotUpgraded::TooLarge => "raise group.consumer.max.size, or stop members",
        NotUpgraded::Malformed(_) | NotUpgraded::OwnAssignor(_) => {
            "give the classic members partition.assignment.strategy=cooperative-sticky (or range, roundrobin, sticky) first, or stop \
             all members and start them with group.protocol=consumer"
        }
        NotUpgraded::SharedPartition(_) => {
            "restart that member, so that the group deals its partitions out anew, or correct its assignor"
        }
    }
}

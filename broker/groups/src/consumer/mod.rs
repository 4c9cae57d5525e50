//! The consumer protocol (KIP-848): the broker assigns, members reconcile one by one.
//!
//! The rules are those of Kafka's `GroupMetadataManager`, `CurrentAssignmentBuilder` and `TargetAssignmentBuilder`.
//!
//! ```text
//!   heartbeat --> member record --> group epoch --> target assignment --> the member's current assignment --> answer
//!                 (validate)       (subscription)  (target, assignor)    (reconcile)
//! ```
//!
//! Every change is made by applying the record of it, so that a group that was loaded can't differ from one that lived.

pub mod assignor;
mod checks;
mod classic;
mod describe;
mod heartbeat;
mod leave;
mod member;
mod partitions;
mod pattern;
mod reconcile;
mod replay;
mod subscription;
mod target;
#[cfg(test)]
pub(crate) mod tests;
mod timers;
mod validate;

use std::collections::{BTreeMap, HashMap};

pub use classic::NotUpgraded;
use klamm_model::TopicId;
pub use partitions::Partitions;

use crate::Tick;
use crate::records::RegularExpressionValue;
use member::Member;
use timers::Timers;

/// A group of the consumer protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsumerGroup {
    group_id: String,
    /// Counts the changes of the group; 0 for a group that was never joined.
    epoch: i32,
    metadata_hash: i64,
    creation_time_ms: i64,
    members: BTreeMap<String, Member>,
    /// The member of each instance id.
    static_members: HashMap<String, String>,
    target_epoch: i32,
    target: BTreeMap<String, Partitions>,
    /// The topics of each regular expression.
    patterns: BTreeMap<String, RegularExpressionValue>,
    /// Who has a partition, be it to read or to give back.
    owners: HashMap<(TopicId, i32), String>,
    /// The version of the metadata whose subscribed topics the epoch knows; not kept in records.
    checked_version: Option<u64>,
    default_assignor: String,
    timers: Timers,
    /// When the group was loaded, until its sessions are started.
    loaded_at: Option<Tick>,
}

impl ConsumerGroup {
    /// A group that nobody has joined yet.
    pub fn new(group_id: String) -> ConsumerGroup {
        ConsumerGroup {
            group_id,
            epoch: 0,
            metadata_hash: 0,
            creation_time_ms: -1,
            members: BTreeMap::new(),
            static_members: HashMap::new(),
            target_epoch: 0,
            target: BTreeMap::new(),
            patterns: BTreeMap::new(),
            owners: HashMap::new(),
            checked_version: None,
            default_assignor: "uniform".to_owned(),
            timers: Timers::default(),
            loaded_at: None,
        }
    }

    /// Whether the group has no member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// How many members the group has.
    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// The group's epoch: it counts the group's changes.
    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    /// The group's state in Kafka's words: `Empty`, `Assigning`, `Reconciling` or `Stable`.
    pub fn state_name(&self) -> &'static str {
        if self.members.is_empty() {
            "Empty"
        } else if self.epoch > self.target_epoch {
            "Assigning"
        } else if self.members.values().all(|member| member.current.is_reconciled_to(self.target_epoch)) {
            "Stable"
        } else {
            "Reconciling"
        }
    }

    /// Whether a member wants this topic, by name or by an expression.
    pub fn is_subscribed(&self, topic: &str) -> bool {
        self.members.values().any(|member| self.names_of(member).any(|name| name == topic))
    }

    /// When [`ConsumerGroup::tick`] has something to do.
    pub fn next_deadline(&self) -> Option<Tick> {
        let unstarted = self.loaded_at.filter(|_| !self.members.is_empty());
        unstarted.into_iter().chain(self.timers.next()).min()
    }
}

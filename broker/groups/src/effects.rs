//! What a state machine wants to happen.

use klamm_wire::messages::join_group::JoinGroupResponse;
use klamm_wire::messages::sync_group::SyncGroupResponse;

use crate::records::GroupRecord;
use crate::{MigrationRefused, WhyRefused};

/// A request that waits for its answer; whoever runs the state machine chooses the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// The answer to a request that may have to wait for other members.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// To JoinGroup.
    Join(JoinGroupResponse),
    /// To SyncGroup.
    Sync(SyncGroupResponse),
}

/// What is to happen, in this order.
#[derive(Debug, Default, PartialEq)]
pub struct Effects {
    /// Records to append to the group's partition of `__consumer_offsets`, all in one batch.
    pub records: Vec<GroupRecord>,
    /// Answers to send once that is safe. A ticket is answered once; a request whose client went away is answered all the
    /// same.
    pub replies: Vec<(Ticket, Reply)>,
    /// For those who run the broker: groups that were to change their protocol, and did not.
    pub refused: Vec<MigrationRefused>,
}

impl Effects {
    /// Appends a record.
    pub fn record(&mut self, record: GroupRecord) {
        self.records.push(record);
    }

    /// Answers a request.
    pub fn reply(&mut self, ticket: Ticket, reply: Reply) {
        self.replies.push((ticket, reply));
    }

    /// Tells of a group that keeps its protocol.
    pub fn refuse(&mut self, group_id: &str, why: WhyRefused) {
        self.refused.push(MigrationRefused { group_id: group_id.to_owned(), why });
    }

    /// All of these, after what is there.
    pub fn extend(&mut self, effects: Effects) {
        self.records.extend(effects.records);
        self.replies.extend(effects.replies);
        self.refused.extend(effects.refused);
    }
}

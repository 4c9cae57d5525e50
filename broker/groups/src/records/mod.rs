//! The records of `__consumer_offsets`, in Kafka's formats.
//!
//! A record's key begins with a number that says what it is of; its value begins with the version of its format. A record
//! without a value takes back what the key was told before.

mod classic_group;
mod codec;
mod consumer_group;
mod offset;

pub use classic_group::{ClassicGroupValue, ClassicMemberValue};
pub use codec::{EncodedRecord, InvalidRecord};
pub use consumer_group::{
    ClassicMemberMetadata, ClassicProtocol, ConsumerGroupMemberValue, ConsumerGroupValue,
    CurrentAssignmentPartitions, CurrentAssignmentValue, RegularExpressionValue, TargetAssignmentMemberValue,
    TargetAssignmentPartitions, TargetAssignmentValue,
};
pub use offset::{OffsetKey, OffsetValue};

/// A record of `__consumer_offsets`.
#[derive(Debug, Clone, PartialEq)]
pub enum GroupRecord {
    /// How far a group has read a partition (keys 0 and 1).
    Offset {
        /// Of whom and what.
        key: OffsetKey,
        /// How far; `None` if that is to be forgotten.
        value: Option<OffsetValue>,
    },
    /// A group of the classic protocol (key 2).
    ClassicGroup {
        /// The group.
        group_id: String,
        /// What it is now; `None` if it is gone.
        value: Option<ClassicGroupValue>,
    },
    /// A group of the consumer protocol (key 3).
    ConsumerGroup {
        /// The group.
        group_id: String,
        /// What it is now; `None` if it is gone.
        value: Option<ConsumerGroupValue>,
    },
    /// A member of it (key 5).
    ConsumerGroupMember {
        /// The group.
        group_id: String,
        /// The member.
        member_id: String,
        /// What it is now; `None` if it is gone.
        value: Option<ConsumerGroupMemberValue>,
    },
    /// The epoch of the assignment that its members move to (key 6).
    TargetAssignment {
        /// The group.
        group_id: String,
        /// Its epoch; `None` if it is gone.
        value: Option<TargetAssignmentValue>,
    },
    /// A member's part of that assignment (key 7).
    TargetAssignmentMember {
        /// The group.
        group_id: String,
        /// The member.
        member_id: String,
        /// Its part; `None` if it is gone.
        value: Option<TargetAssignmentMemberValue>,
    },
    /// What a member has now (key 8).
    CurrentAssignment {
        /// The group.
        group_id: String,
        /// The member.
        member_id: String,
        /// What it has; `None` if it is gone.
        value: Option<CurrentAssignmentValue>,
    },
    /// The topics that a regular expression stands for (key 16).
    RegularExpression {
        /// The group.
        group_id: String,
        /// The expression.
        pattern: String,
        /// Its topics; `None` if no member has it any more.
        value: Option<RegularExpressionValue>,
    },
}

impl GroupRecord {
    /// Whether it takes back what its key was told before.
    pub fn is_tombstone(&self) -> bool {
        match self {
            GroupRecord::Offset { value, .. } => value.is_none(),
            GroupRecord::ClassicGroup { value, .. } => value.is_none(),
            GroupRecord::ConsumerGroup { value, .. } => value.is_none(),
            GroupRecord::ConsumerGroupMember { value, .. } => value.is_none(),
            GroupRecord::TargetAssignment { value, .. } => value.is_none(),
            GroupRecord::TargetAssignmentMember { value, .. } => value.is_none(),
            GroupRecord::CurrentAssignment { value, .. } => value.is_none(),
            GroupRecord::RegularExpression { value, .. } => value.is_none(),
        }
    }
}

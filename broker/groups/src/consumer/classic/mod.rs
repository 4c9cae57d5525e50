//! Members that speak the classic protocol in a group of the consumer protocol, and the way from one to the other (KIP-848).
//!
//! ```text
//!                 the first member joins that speaks the consumer protocol
//!   ClassicGroup ----------------------------------------------------------> ConsumerGroup: JoinGroup, SyncGroup and so on
//!        ^                                                                        |         are answered here
//!        +------------------------------------------------------------------------+
//!          the last such member leaves, is lost, or is replaced by a classic one
//! ```
//!
//! A classic member's generation is its epoch. It is told to rejoin whenever a member of the consumer protocol would be told of
//! another assignment, and its JoinGroup is what a heartbeat is to the others: it says what the member has, the member moves on
//! as far as it can, and SyncGroup tells it what it has now.

mod downgrade;
mod heartbeat;
mod join;
mod leave;
mod sync;
mod upgrade;

use klamm_model::ErrorCode;

use super::ConsumerGroup;
use super::member::{Member, MemberState};
use super::partitions::contains;
use crate::records::ClassicMemberMetadata;
pub use upgrade::NotUpgraded;

impl ConsumerGroup {
    /// The member that someone says to be, in the classic protocol and in this generation.
    fn classic_member(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<(&Member, &ClassicMemberMetadata), ErrorCode> {
        self.check_instance(member_id, instance_id)?;
        let member = self.members.get(member_id).ok_or(ErrorCode::UnknownMemberId)?;
        let classic = member.classic().ok_or(ErrorCode::UnknownMemberId)?;
        if generation != member.current.epoch {
            return Err(ErrorCode::IllegalGeneration);
        }
        Ok((member, classic))
    }

    fn check_instance(&self, member_id: &str, instance_id: Option<&str>) -> Result<(), ErrorCode> {
        let Some(instance_id) = instance_id else { return Ok(()) };
        match self.static_member(instance_id) {
            None => Err(ErrorCode::UnknownMemberId),
            Some((holder, _)) if holder != member_id => Err(ErrorCode::FencedInstanceId),
            Some(_) => Ok(()),
        }
    }

    /// Whether a partition that the member is to have is still another one's.
    fn waits_for_others(&self, member_id: &str, member: &Member) -> bool {
        let mut target = self.target.get(member_id).into_iter().flatten();
        target.any(|(topic, partitions)| {
            let has = |partition| contains(&member.current.assigned, *topic, partition);
            let taken = |partition| self.owners.contains_key(&(*topic, partition));
            partitions.iter().any(|partition| !has(*partition) && taken(*partition))
        })
    }

    /// Whether the member has to join again: there is another assignment, it has to say that it gave partitions back, or
    /// partitions that it waited for are free.
    fn must_rejoin(&self, member_id: &str, member: &Member) -> bool {
        member.current.epoch < self.epoch
            || match member.current.state {
                MemberState::Stable => false,
                MemberState::UnrevokedPartitions | MemberState::Unknown => true,
                MemberState::UnreleasedPartitions => !self.waits_for_others(member_id, member),
            }
    }
}

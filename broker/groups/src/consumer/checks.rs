//! Who may commit and read offsets of the group, and whether it may be deleted.

use klamm_model::{ErrorCode, TopicId};

use super::ConsumerGroup;
use super::member::Member;

impl ConsumerGroup {
    /// Whether a member may commit offsets: it has to be one and to be in its newest epoch. An empty group takes commits
    /// of anybody who claims no epoch.
    ///
    /// # Errors
    /// `UNKNOWN_MEMBER_ID`, `STALE_MEMBER_EPOCH`, `UNSUPPORTED_VERSION` below OffsetCommit 9, `ILLEGAL_GENERATION` for
    /// a member of the classic protocol.
    pub fn check_commit(
        &self,
        member_id: &str,
        _instance_id: Option<&str>,
        member_epoch: i32,
        api_version: i16,
    ) -> Result<(), ErrorCode> {
        let Some(member) = self.committer(member_id, member_epoch, api_version)? else { return Ok(()) };
        check_epoch(member, member_epoch)
    }

    /// Whether a member may commit the offset of this partition: also in an older epoch, as long as it has had the
    /// partition since then (KIP-1251).
    ///
    /// # Errors
    /// Those of [`ConsumerGroup::check_commit`].
    pub fn check_commit_partition(
        &self,
        member_id: &str,
        member_epoch: i32,
        api_version: i16,
        topic: TopicId,
        partition: i32,
    ) -> Result<(), ErrorCode> {
        let Some(member) = self.committer(member_id, member_epoch, api_version)? else { return Ok(()) };
        if member_epoch >= member.current.epoch {
            return check_epoch(member, member_epoch);
        }
        let current = &member.current;
        let since = [&current.assigned, &current.revoking]
            .into_iter()
            .find_map(|epochs| epochs.get(&topic).and_then(|partitions| partitions.get(&partition)));
        if since.is_some_and(|since| *since <= member_epoch) { Ok(()) } else { Err(stale(member)) }
    }

    /// Whether a member may read committed offsets (OffsetFetch 9 and above); who claims neither member nor epoch may.
    ///
    /// # Errors
    /// `UNKNOWN_MEMBER_ID`, `STALE_MEMBER_EPOCH`, `ILLEGAL_GENERATION` for a member of the classic protocol.
    pub fn check_fetch(&self, member_id: Option<&str>, member_epoch: i32) -> Result<(), ErrorCode> {
        if member_id.is_none() && member_epoch < 0 {
            return Ok(());
        }
        let member = member_id.and_then(|member_id| self.members.get(member_id));
        check_epoch(member.ok_or(ErrorCode::UnknownMemberId)?, member_epoch)
    }

    /// Whether the group may be deleted: only without members.
    ///
    /// # Errors
    /// `NON_EMPTY_GROUP`.
    pub fn check_delete(&self) -> Result<(), ErrorCode> {
        if self.members.is_empty() { Ok(()) } else { Err(ErrorCode::NonEmptyGroup) }
    }

    /// The member that commits; `None` if anybody may, because the group is empty.
    fn committer(
        &self,
        member_id: &str,
        member_epoch: i32,
        api_version: i16,
    ) -> Result<Option<&Member>, ErrorCode> {
        if member_epoch < 0 && self.members.is_empty() {
            return Ok(None);
        }
        let member = self.members.get(member_id).ok_or(ErrorCode::UnknownMemberId)?;
        if api_version < 9 && member.value.classic_member_metadata.is_none() {
            return Err(ErrorCode::UnsupportedVersion);
        }
        Ok(Some(member))
    }
}

fn check_epoch(member: &Member, epoch: i32) -> Result<(), ErrorCode> {
    if member.current.epoch == epoch { Ok(()) } else { Err(stale(member)) }
}

fn stale(member: &Member) -> ErrorCode {
    if member.value.classic_member_metadata.is_some() {
        ErrorCode::IllegalGeneration
    } else {
        ErrorCode::StaleMemberEpoch
    }
}

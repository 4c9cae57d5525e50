//! Committing and reading offsets.

use klamm_model::{ErrorCode, TopicId};

use super::{Coordinator, Group};
use crate::records::{GroupRecord, OffsetKey, OffsetValue};
use crate::{Caller, Turn};

/// What a consumer, or someone in its place, wants to have written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// The group.
    pub group_id: String,
    /// The member, or the empty text.
    pub member_id: String,
    /// The member's id of its own choice, if it is a static member.
    pub instance_id: Option<String>,
    /// The generation (classic) or the member's epoch (consumer protocol); negative for someone who is no member.
    pub generation_or_epoch: i32,
    /// For how long the client wants it kept, in milliseconds; `None` for the broker's setting.
    pub retention_ms: Option<i64>,
    /// How far it has read.
    pub offsets: Vec<OffsetToCommit>,
}

/// How far one partition is read. The partition exists.
#[derive(Debug, Clone, PartialEq)]
pub struct OffsetToCommit {
    /// The topic's name.
    pub topic: String,
    /// The topic's id.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: i32,
    /// The next record to read.
    pub offset: i64,
    /// The leader epoch of the last record read, or -1.
    pub leader_epoch: i32,
    /// What the consumer wants to find again.
    pub metadata: String,
}

/// The first version of OffsetCommit that speaks the consumer protocol, and whose errors are of both.
const FIRST_CONSUMER_VERSION: i16 = 9;

impl Coordinator {
    /// Writes down how far a group has read. Gives what became of each offset, in order, or why none was taken.
    pub fn commit(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        commit: Commit,
    ) -> Result<Vec<ErrorCode>, ErrorCode> {
        let by_partition = match self.check_commit(turn, caller, &commit) {
            // A consumer may not know yet that it has a new epoch: what it reads since before, it may commit (KIP-1251).
            Err(ErrorCode::StaleMemberEpoch | ErrorCode::IllegalGeneration)
                if matches!(self.groups.get(&commit.group_id), Some(Group::Consumer { .. })) =>
            {
                true
            }
            checked => checked.map(|()| false)?,
        };
        let now = turn.now.time.0;
        let expire_timestamp = commit.retention_ms.map_or(-1, |retention| now.saturating_add(retention));
        let max_metadata = turn.config.offset_metadata_max_bytes;
        let mut codes = Vec::with_capacity(commit.offsets.len());
        for offset in commit.offsets {
            if by_partition
                && let Err(code) = self.check_commit_partition(
                    caller,
                    &commit.member_id,
                    commit.generation_or_epoch,
                    &commit.group_id,
                    &offset,
                )
            {
                codes.push(code);
                continue;
            }
            if offset.metadata.len() > max_metadata {
                codes.push(ErrorCode::OffsetMetadataTooLarge);
                continue;
            }
            let key = OffsetKey {
                group: commit.group_id.clone(),
                topic: offset.topic,
                partition: offset.partition,
            };
            let value = OffsetValue {
                offset: offset.offset,
                leader_epoch: offset.leader_epoch,
                metadata: offset.metadata,
                commit_timestamp: now,
                expire_timestamp,
                topic_id: offset.topic_id,
            };
            self.offsets.replay(key.clone(), Some(value.clone()));
            turn.effects.record(GroupRecord::Offset { key, value: Some(value) });
            codes.push(ErrorCode::None);
        }
        self.settle(&commit.group_id, turn.now);
        Ok(codes)
    }

    fn check_commit_partition(
        &self,
        caller: &Caller,
        member_id: &str,
        epoch: i32,
        group_id: &str,
        offset: &OffsetToCommit,
    ) -> Result<(), ErrorCode> {
        match self.groups.get(group_id) {
            Some(Group::Consumer { group, .. }) => {
                let (topic, partition) = (offset.topic_id, offset.partition);
                group.check_commit_partition(member_id, epoch, caller.api_version, topic, partition)
            }
            Some(Group::Classic(_)) | None => Err(ErrorCode::StaleMemberEpoch),
        }
    }

    fn check_commit(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        commit: &Commit,
    ) -> Result<(), ErrorCode> {
        let (member_id, instance_id) = (&commit.member_id, commit.instance_id.as_deref());
        let generation = commit.generation_or_epoch;
        match self.groups.get_mut(&commit.group_id) {
            Some(Group::Classic(group)) => group.check_commit(turn.now, member_id, instance_id, generation),
            Some(Group::Consumer { group, .. }) => {
                group.check_commit(member_id, instance_id, generation, caller.api_version)
            }
            None if generation < 0 => {
                self.new_classic(&commit.group_id, turn.now);
                Ok(())
            }
            None if caller.api_version >= FIRST_CONSUMER_VERSION => Err(ErrorCode::GroupIdNotFound),
            None => Err(ErrorCode::IllegalGeneration),
        }
    }

    /// Whether someone may read a group's offsets, who is the member `member_id` in the epoch `member_epoch`, or no one
    /// (`None`, negative). A group that is not there has none.
    pub fn check_fetch(
        &self,
        group_id: &str,
        member_id: Option<&str>,
        member_epoch: i32,
    ) -> Result<(), ErrorCode> {
        match self.groups.get(group_id) {
            Some(Group::Consumer { group, .. }) => group.check_fetch(member_id, member_epoch),
            Some(Group::Classic(_)) | None => Ok(()),
        }
    }
}

//! OffsetCommit (8): how far a group has read, written down.

use klamm_groups::{Commit, OffsetToCommit};
use klamm_model::{ErrorCode, TopicId};
use klamm_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponse,
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};

use crate::{Broker, RequestContext};

/// The first version that names topics by id.
const FIRST_BY_ID: i16 = 10;

/// Writes the offsets down, and answers when that is durable.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: OffsetCommitRequest,
) -> OffsetCommitResponse {
    let mut offsets = Vec::new();
    let by_id = ctx.api_version >= FIRST_BY_ID;
    let sort = |topic| sort_out(broker, by_id, topic, &mut offsets);
    let mut topics: Vec<OffsetCommitResponseTopic> = request.topics.into_iter().map(sort).collect();
    let commit = Commit {
        group_id: request.group_id,
        member_id: request.member_id,
        instance_id: request.group_instance_id,
        generation_or_epoch: request.generation_id_or_member_epoch,
        retention_ms: (request.retention_time_ms >= 0).then_some(request.retention_time_ms),
        offsets,
    };
    let outcome = commit_them(broker, ctx, commit).await;
    let accepted = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
    let accepted = accepted.filter(|partition| partition.error_code == ErrorCode::None.as_i16());
    match outcome {
        Ok(codes) => accepted.zip(codes).for_each(|(partition, code)| partition.error_code = code.as_i16()),
        Err(code) => accepted.for_each(|partition| partition.error_code = code.as_i16()),
    }
    OffsetCommitResponse { topics, ..OffsetCommitResponse::default() }
}

async fn commit_them(
    broker: &Broker,
    ctx: &RequestContext,
    commit: Commit,
) -> Result<Vec<ErrorCode>, ErrorCode> {
    let shard = broker.groups.shard_of(broker, &commit.group_id)?;
    let caller = ctx.caller();
    let asked = shard.run(broker, |groups, turn| groups.commit(turn, &caller, commit))?;
    asked.when_durable(shard.partition()).await?
}

/// The answer to a topic's part as it is when all goes well; what can be committed is added to `offsets`, in the order of the
/// partitions that have no error.
fn sort_out(
    broker: &Broker,
    by_id: bool,
    topic: OffsetCommitRequestTopic,
    offsets: &mut Vec<OffsetToCommit>,
) -> OffsetCommitResponseTopic {
    let image = broker.controller.image();
    let known = if by_id { image.topic_by_id(topic.topic_id) } else { image.topic(topic.name.as_str()) };
    let partitions = topic.partitions.into_iter().map(|partition| {
        let index = partition.partition_index;
        let code = match known {
            Some(known) if usize::try_from(index).is_ok_and(|index| index < known.partitions.len()) => {
                offsets.push(to_commit(known.name.as_str(), known.id, partition));
                ErrorCode::None
            }
            None if by_id => ErrorCode::UnknownTopicId,
            Some(_) | None => ErrorCode::UnknownTopicOrPartition,
        };
        OffsetCommitResponsePartition { partition_index: index, error_code: code.as_i16() }
    });
    let partitions = partitions.collect();
    OffsetCommitResponseTopic { name: topic.name, topic_id: topic.topic_id, partitions }
}

fn to_commit(topic: &str, topic_id: TopicId, partition: OffsetCommitRequestPartition) -> OffsetToCommit {
    OffsetToCommit {
        topic: topic.to_owned(),
        topic_id,
        partition: partition.partition_index,
        offset: partition.committed_offset,
        leader_epoch: partition.committed_leader_epoch,
        metadata: partition.committed_metadata.unwrap_or_default(),
    }
}

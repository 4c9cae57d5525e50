//! OffsetDelete (47): committed offsets away, of topics that the group does not read (KIP-496).

use klamm_model::ErrorCode;
use klamm_wire::messages::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestTopic, OffsetDeleteResponse, OffsetDeleteResponsePartition,
    OffsetDeleteResponseTopic,
};

use crate::{Broker, RequestContext};

/// Deletes the offsets.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: OffsetDeleteRequest,
) -> OffsetDeleteResponse {
    match delete(broker, &request).await {
        Ok(codes) => {
            let mut codes = codes.into_iter();
            let topics = request.topics.into_iter().map(|topic| topic_response(broker, topic, &mut codes));
            OffsetDeleteResponse { topics: topics.collect(), ..OffsetDeleteResponse::default() }
        }
        Err(code) => OffsetDeleteResponse { error_code: code.as_i16(), ..OffsetDeleteResponse::default() },
    }
}

async fn delete(broker: &Broker, request: &OffsetDeleteRequest) -> Result<Vec<ErrorCode>, ErrorCode> {
    let shard = broker.groups.shard_of(broker, &request.group_id)?;
    let named = request.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|partition| (topic.name.clone(), partition.partition_index))
    });
    let named: Vec<(String, i32)> = named.collect();
    let asked = shard.run(broker, |groups, turn| groups.delete_offsets(turn, &request.group_id, &named))?;
    asked.when_durable(shard.partition()).await?
}

fn topic_response(
    broker: &Broker,
    topic: OffsetDeleteRequestTopic,
    codes: &mut impl Iterator<Item = ErrorCode>,
) -> OffsetDeleteResponseTopic {
    let image = broker.controller.image();
    let there = image.topic(topic.name.as_str()).map_or(0, |topic| topic.partitions.len());
    let partitions = topic.partitions.into_iter().zip(codes).map(|(partition, code)| {
        let exists = usize::try_from(partition.partition_index).is_ok_and(|index| index < there);
        // Its offset is forgotten all the same, should one be left of a topic that is gone.
        let code = if exists { code } else { ErrorCode::UnknownTopicOrPartition };
        OffsetDeleteResponsePartition {
            partition_index: partition.partition_index,
            error_code: code.as_i16(),
        }
    });
    OffsetDeleteResponseTopic { partitions: partitions.collect(), name: topic.name }
}

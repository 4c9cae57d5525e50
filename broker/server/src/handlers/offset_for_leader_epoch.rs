//! OffsetForLeaderEpoch (23): where a leader epoch ends, for clients that look for truncation (KIP-320).

use klamm_model::{ErrorCode, LeaderEpoch, Offset};
use klamm_partition::{EpochEnd, LeaderEpochError};
use klamm_wire::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartition,
    OffsetForLeaderTopicResult,
};

use super::leader_epoch;
use crate::error_code::KafkaError;
use crate::partitions::HostedTopic;
use crate::{Broker, RequestContext};

/// Finds the ends of the epochs asked for.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topics = request
        .topics
        .into_iter()
        .map(|topic| {
            let hosted = broker.partitions.by_name(&topic.topic);
            let partitions = topic
                .partitions
                .iter()
                .map(|wanted| {
                    let end = hosted.as_deref().map_err(Clone::clone).and_then(|hosted| end(hosted, wanted));
                    partition_response(wanted.partition, end)
                })
                .collect();
            OffsetForLeaderTopicResult { topic: topic.topic, partitions }
        })
        .collect();
    OffsetForLeaderEpochResponse { topics, ..OffsetForLeaderEpochResponse::default() }
}

fn end(topic: &HostedTopic, wanted: &OffsetForLeaderPartition) -> Result<Option<EpochEnd>, KafkaError> {
    let partition = topic.leader(wanted.partition)?;
    let current = leader_epoch(wanted.current_leader_epoch);
    LeaderEpochError::check(current, partition.leader_epoch()).map_err(|error| KafkaError::from(&error))?;
    Ok(partition.epoch_end_offset(LeaderEpoch(wanted.leader_epoch)))
}

fn partition_response(partition: i32, end: Result<Option<EpochEnd>, KafkaError>) -> EpochEndOffset {
    let (code, end) = match end {
        Ok(end) => (ErrorCode::None, end),
        Err(error) => (error.code, None),
    };
    EpochEndOffset {
        error_code: code.as_i16(),
        partition,
        leader_epoch: end.as_ref().map_or(LeaderEpoch::UNKNOWN, |end| end.leader_epoch).0,
        end_offset: end.as_ref().map_or(Offset::UNKNOWN, |end| end.end_offset).0,
    }
}

//! ListOffsets (2): offsets by time, and the ends of a partition.

use klamm_model::{ErrorCode, LeaderEpoch, Offset, TimestampMs};
use klamm_partition::{Isolation, ListedOffset, OffsetQuery, TimestampQuery};
use klamm_wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopicResponse,
};

use super::leader_epoch;
use crate::error_code::KafkaError;
use crate::partitions::HostedTopic;
use crate::{Broker, RequestContext};

/// The replica id of a debugging consumer, which may read beyond the high watermark.
const DEBUGGING_CONSUMER: i32 = -2;

/// The first versions that know the special timestamps -3 to -6 (`ListOffsetsRequest.json`).
const FIRST_VERSIONS: [(i64, i16); 4] = [(-3, 7), (-4, 8), (-5, 9), (-6, 11)];

/// The first version that answers with leader epochs (KIP-320).
const FIRST_WITH_EPOCH: i16 = 4;

/// Finds the offsets asked for.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: ListOffsetsRequest,
) -> ListOffsetsResponse {
    let isolation = match (request.replica_id, request.isolation_level) {
        (DEBUGGING_CONSUMER, _) => Isolation::LogEnd,
        (_, 1) => Isolation::ReadCommitted,
        _ => Isolation::ReadUncommitted,
    };
    let topics = request
        .topics
        .into_iter()
        .map(|topic| {
            let hosted = broker.partitions.by_name(&topic.name);
            let partitions = topic
                .partitions
                .iter()
                .map(|wanted| {
                    let listed = hosted
                        .as_deref()
                        .map_err(Clone::clone)
                        .and_then(|hosted| list(broker, hosted, wanted, isolation, ctx.api_version));
                    partition_response(wanted.partition_index, listed, ctx.api_version)
                })
                .collect();
            ListOffsetsTopicResponse { name: topic.name, partitions }
        })
        .collect();
    ListOffsetsResponse { topics, ..ListOffsetsResponse::default() }
}

fn list(
    broker: &Broker,
    topic: &HostedTopic,
    wanted: &ListOffsetsPartition,
    isolation: Isolation,
    version: i16,
) -> Result<Option<ListedOffset>, KafkaError> {
    let timestamp = query(wanted.timestamp, version)?;
    let partition = topic.leader(wanted.partition_index)?;
    let current_leader_epoch = leader_epoch(wanted.current_leader_epoch);
    let query = OffsetQuery { timestamp, isolation, current_leader_epoch };
    let listed = partition.list_offsets(&query).map_err(|error| KafkaError::from(&error));
    listed.inspect_err(|error| broker.tell_of_failed_read(partition, error))
}

fn query(timestamp: i64, version: i16) -> Result<TimestampQuery, KafkaError> {
    let too_old = FIRST_VERSIONS.iter().any(|(special, first)| timestamp == *special && version < *first);
    match TimestampQuery::from_wire(timestamp) {
        Some(query) if !too_old => Ok(query),
        _ => Err(KafkaError::from(ErrorCode::UnsupportedVersion)),
    }
}

fn partition_response(
    partition_index: i32,
    listed: Result<Option<ListedOffset>, KafkaError>,
    version: i16,
) -> ListOffsetsPartitionResponse {
    let (code, found) = match listed {
        Ok(found) => (ErrorCode::None, found),
        Err(error) => (error.code, None),
    };
    let none = ListedOffset {
        offset: Offset::UNKNOWN,
        timestamp: TimestampMs::NONE,
        leader_epoch: LeaderEpoch::UNKNOWN,
    };
    let found = found.unwrap_or(none);
    ListOffsetsPartitionResponse {
        partition_index,
        error_code: code.as_i16(),
        timestamp: found.timestamp.0,
        offset: found.offset.0,
        leader_epoch: if version >= FIRST_WITH_EPOCH { found.leader_epoch } else { LeaderEpoch::UNKNOWN }.0,
    }
}

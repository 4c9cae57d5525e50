//! DeleteRecords (21): moves a partition's log start forward.

use klamm_model::{ErrorCode, Offset};
use klamm_wire::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsRequest, DeleteRecordsResponse,
    DeleteRecordsTopicResult,
};

use crate::error_code::KafkaError;
use crate::partitions::HostedTopic;
use crate::{Broker, RequestContext};

/// The offset that stands for the high watermark.
const HIGH_WATERMARK: i64 = -1;

/// Deletes records before the offsets asked for.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: DeleteRecordsRequest,
) -> DeleteRecordsResponse {
    let topics = request
        .topics
        .into_iter()
        .map(|topic| {
            let hosted = broker.partitions.by_name(&topic.name);
            let partitions = topic
                .partitions
                .iter()
                .map(|wanted| {
                    let deleted = hosted
                        .as_deref()
                        .map_err(Clone::clone)
                        .and_then(|hosted| delete(broker, hosted, wanted));
                    partition_response(wanted.partition_index, deleted)
                })
                .collect();
            DeleteRecordsTopicResult { name: topic.name, partitions }
        })
        .collect();
    DeleteRecordsResponse { topics, ..DeleteRecordsResponse::default() }
}

fn delete(
    broker: &Broker,
    topic: &HostedTopic,
    wanted: &DeleteRecordsPartition,
) -> Result<Offset, KafkaError> {
    let partition = topic.leader(wanted.partition_index)?;
    topic.check_deletes_records()?;
    let offset = match wanted.offset {
        HIGH_WATERMARK => partition.high_watermark(),
        offset => Offset(offset),
    };
    let log_start =
        partition.delete_records(offset, broker.clock.now()).map_err(|error| KafkaError::from(&error))?;
    // Before the answer, as Kafka does it: what a client was told is deleted must not come back after a crash. It
    // blocks this core for an fsync; the request is rare.
    let written = broker.partitions.write_log_starts();
    written.map_err(|error| KafkaError::new(ErrorCode::KafkaStorageError, error.to_string()))?;
    Ok(log_start)
}

fn partition_response(
    partition_index: i32,
    deleted: Result<Offset, KafkaError>,
) -> DeleteRecordsPartitionResult {
    let (code, low_watermark) = match deleted {
        Ok(log_start) => (ErrorCode::None, log_start),
        Err(error) => (error.code, Offset::UNKNOWN),
    };
    DeleteRecordsPartitionResult {
        partition_index,
        low_watermark: low_watermark.0,
        error_code: code.as_i16(),
    }
}

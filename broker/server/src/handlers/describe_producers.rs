//! DescribeProducers (61): the producers that partitions remember (KIP-664).

use klamm_model::{ErrorCode, Offset, Sequence, TopicName};
use klamm_partition::ActiveProducer;
use klamm_wire::messages::describe_producers::{
    DescribeProducersRequest, DescribeProducersResponse, PartitionResponse, ProducerState, TopicResponse,
};

use super::duplicates::partitions_once;
use crate::error_code::KafkaError;
use crate::{Broker, RequestContext};

/// What the wire has where there is no sequence.
const NO_SEQUENCE: Sequence = Sequence(-1);

/// Describes the producers of the partitions asked for.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: DescribeProducersRequest,
) -> DescribeProducersResponse {
    let topics =
        partitions_once(request.topics.into_iter().map(|topic| (topic.name, topic.partition_indexes)));
    let topics = topics.into_iter().map(|(name, partitions)| described(broker, name, partitions)).collect();
    DescribeProducersResponse { topics, ..DescribeProducersResponse::default() }
}

fn described(broker: &Broker, name: String, partitions: Vec<i32>) -> TopicResponse {
    let hosted = match name.parse::<TopicName>() {
        Ok(_) => broker.partitions.by_name(&name),
        Err(invalid) => Err(KafkaError::new(ErrorCode::InvalidTopicException, invalid.to_string())),
    };
    let partitions = partitions.into_iter().map(|index| {
        let partition =
            hosted.as_deref().map_err(Clone::clone).and_then(|hosted| hosted.leader(index).cloned());
        response(index, partition.map(|partition| partition.active_producers()))
    });
    TopicResponse { partitions: partitions.collect(), name }
}

fn response(partition_index: i32, producers: Result<Vec<ActiveProducer>, KafkaError>) -> PartitionResponse {
    match producers {
        Ok(producers) => PartitionResponse {
            partition_index,
            active_producers: producers.iter().map(state).collect(),
            ..PartitionResponse::default()
        },
        Err(error) => PartitionResponse {
            partition_index,
            error_code: error.code.as_i16(),
            error_message: error.own_message(),
            ..PartitionResponse::default()
        },
    }
}

fn state(producer: &ActiveProducer) -> ProducerState {
    ProducerState {
        producer_id: producer.id.0,
        producer_epoch: i32::from(producer.epoch.0),
        last_sequence: producer.last_sequence.unwrap_or(NO_SEQUENCE).0,
        last_timestamp: producer.last_timestamp.0,
        coordinator_epoch: producer.coordinator_epoch,
        current_txn_start_offset: producer.transaction_first_offset.unwrap_or(Offset::UNKNOWN).0,
    }
}

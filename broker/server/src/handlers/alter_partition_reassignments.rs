//! AlterPartitionReassignments (45): moves partitions to other brokers (KIP-455).
//!
//! A partition has one replica, on the broker that made it: the only place it can be asked to is where it is.

use std::collections::BTreeSet;

use klamm_controller::{MetadataImage, PartitionImage};
use klamm_model::{BrokerId, ErrorCode, PartitionIndex};
use klamm_wire::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ReassignablePartition,
    ReassignablePartitionResponse, ReassignableTopic, ReassignableTopicResponse,
};

use crate::error_code::KafkaError;
use crate::{Broker, RequestContext};

/// Says of each partition whether it is where it is wanted.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: AlterPartitionReassignmentsRequest,
) -> AlterPartitionReassignmentsResponse {
    let image = broker.controller.image();
    let topics = request.topics.into_iter();
    AlterPartitionReassignmentsResponse {
        // The wish is only repeated: no valid assignment here has another number of replicas (KIP-860).
        allow_replication_factor_change: request.allow_replication_factor_change,
        responses: topics.map(|topic| reassign_topic(&image, topic)).collect(),
        ..AlterPartitionReassignmentsResponse::default()
    }
}

fn reassign_topic(image: &MetadataImage, topic: ReassignableTopic) -> ReassignableTopicResponse {
    let partitions = topic.partitions.into_iter().map(|partition| {
        let index = partition.partition_index;
        response(index, reassign(image, &topic.name, partition))
    });
    ReassignableTopicResponse { partitions: partitions.collect(), name: topic.name }
}

fn reassign(image: &MetadataImage, topic: &str, wanted: ReassignablePartition) -> Result<(), KafkaError> {
    let index = PartitionIndex(wanted.partition_index);
    let there = image.topic(topic).and_then(|topic| topic.partition(index)).ok_or_else(|| {
        let text = format!("there is no partition {index} of a topic {topic:?}");
        KafkaError::new(ErrorCode::UnknownTopicOrPartition, text)
    })?;
    let Some(replicas) = wanted.replicas else { return Err(ErrorCode::NoReassignmentInProgress.into()) };
    let replicas: Vec<_> = replicas.into_iter().map(BrokerId).collect();
    check_brokers(image, &replicas)?;
    check_place(there, &replicas)
}

/// An assignment names brokers that there are, each once.
fn check_brokers(image: &MetadataImage, replicas: &[BrokerId]) -> Result<(), KafkaError> {
    if replicas.is_empty() {
        return Err(invalid("the partition would have no replica".to_owned()));
    }
    if let Some(unknown) = replicas.iter().find(|id| image.broker(**id).is_none()) {
        return Err(invalid(format!("broker {unknown} is not registered")));
    }
    let mut seen = BTreeSet::new();
    match replicas.iter().find(|id| !seen.insert(**id)) {
        Some(twice) => Err(invalid(format!("broker {twice} is named more than once"))),
        None => Ok(()),
    }
}

fn check_place(there: &PartitionImage, replicas: &[BrokerId]) -> Result<(), KafkaError> {
    if there.replicas == replicas {
        return Ok(());
    }
    Err(invalid("partitions are not moved between brokers".to_owned()))
}

fn invalid(text: String) -> KafkaError {
    KafkaError::new(ErrorCode::InvalidReplicaAssignment, text)
}

fn response(partition_index: i32, answer: Result<(), KafkaError>) -> ReassignablePartitionResponse {
    match answer {
        Ok(()) => {
            ReassignablePartitionResponse { partition_index, ..ReassignablePartitionResponse::default() }
        }
        Err(error) => ReassignablePartitionResponse {
            partition_index,
            error_code: error.code.as_i16(),
            error_message: Some(error.message),
        },
    }
}

//! ElectLeaders (43): elections at an operator's wish (KIP-183, KIP-460).
//!
//! A partition has one replica, which leads whenever it can be opened: there is never anyone else to elect.

use klamm_controller::{MetadataImage, TopicImage};
use klamm_model::{BrokerId, ErrorCode, PartitionIndex};
use klamm_wire::messages::elect_leaders::{
    ElectLeadersRequest, ElectLeadersResponse, PartitionResult, ReplicaElectionResult, TopicPartitions,
};

use crate::error_code::KafkaError;
use crate::partitions::Replica;
use crate::{Broker, RequestContext};

/// Who is to be elected (`org.apache.kafka.common.ElectionType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Election {
    Preferred,
    Unclean,
}

/// Says of each partition why nobody is elected.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: ElectLeadersRequest,
) -> ElectLeadersResponse {
    let election = match request.election_type {
        0 => Election::Preferred,
        1 => Election::Unclean,
        other => return refused(request.topic_partitions.unwrap_or_default(), other),
    };
    let image = broker.controller.image();
    let results = match request.topic_partitions {
        Some(topics) => topics.into_iter().map(|topic| some(broker, &image, election, topic)).collect(),
        None => image.topics().map(|topic| all(broker, election, topic)).collect(),
    };
    ElectLeadersResponse { replica_election_results: results, ..ElectLeadersResponse::default() }
}

fn some(
    broker: &Broker,
    image: &MetadataImage,
    election: Election,
    topic: TopicPartitions,
) -> ReplicaElectionResult {
    let there = image.topic(&topic.topic);
    let partitions = topic.partitions.into_iter().map(|partition| {
        let error = match there {
            Some(there) => elect(broker, there, PartitionIndex(partition), election),
            None => KafkaError::new(
                ErrorCode::UnknownTopicOrPartition,
                format!("there is no topic {:?}", topic.topic),
            ),
        };
        result(partition, error)
    });
    ReplicaElectionResult { partition_result: partitions.collect(), topic: topic.topic }
}

/// Of all partitions only those are named that would need an election (KIP-460).
fn all(broker: &Broker, election: Election, topic: &TopicImage) -> ReplicaElectionResult {
    let partitions = (0..topic.partitions.len() as i32)
        .map(|partition| (partition, elect(broker, topic, PartitionIndex(partition), election)))
        .filter(|(_, error)| error.code != ErrorCode::ElectionNotNeeded);
    ReplicaElectionResult {
        topic: topic.name.as_str().to_owned(),
        partition_result: partitions.map(|(partition, error)| result(partition, error)).collect(),
    }
}

/// Why nobody is elected.
fn elect(broker: &Broker, topic: &TopicImage, index: PartitionIndex, election: Election) -> KafkaError {
    let Some(partition) = topic.partition(index) else {
        let text = format!("topic {} has no partition {index}", topic.name);
        return KafkaError::new(ErrorCode::UnknownTopicOrPartition, text);
    };
    let leader = if is_offline(broker, topic, index) { BrokerId::NONE } else { partition.leader };
    let code = match election {
        Election::Preferred if partition.replicas.first() == Some(&leader) => ErrorCode::ElectionNotNeeded,
        Election::Unclean if leader != BrokerId::NONE => ErrorCode::ElectionNotNeeded,
        Election::Preferred => ErrorCode::PreferredLeaderNotAvailable,
        Election::Unclean => ErrorCode::EligibleLeadersNotAvailable,
    };
    code.into()
}

/// Whether this broker should lead the partition and can't open it.
fn is_offline(broker: &Broker, topic: &TopicImage, index: PartitionIndex) -> bool {
    broker.partitions.by_id(topic.id).is_ok_and(|hosted| {
        let replica = usize::try_from(index.0).ok().and_then(|index| hosted.replicas().get(index));
        matches!(replica, Some(Replica::Offline(_)))
    })
}

/// The whole request is refused, and so is each of its partitions.
fn refused(topics: Vec<TopicPartitions>, election_type: i8) -> ElectLeadersResponse {
    let text = format!("election type {election_type} is neither 0 (preferred) nor 1 (unclean)");
    let error = KafkaError::new(ErrorCode::InvalidRequest, text);
    let results = topics.into_iter().map(|topic| ReplicaElectionResult {
        partition_result: topic.partitions.iter().map(|index| result(*index, error.clone())).collect(),
        topic: topic.topic,
    });
    ElectLeadersResponse {
        error_code: error.code.as_i16(),
        replica_election_results: results.collect(),
        ..ElectLeadersResponse::default()
    }
}

fn result(partition_id: i32, error: KafkaError) -> PartitionResult {
    PartitionResult { partition_id, error_code: error.code.as_i16(), error_message: Some(error.message) }
}

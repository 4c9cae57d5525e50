//! ElectLeaders (43): elections at an operator's wish (KIP-183, KIP-460).
//!
//! A partition has one replica, which leads whenever it can be opened: there is never anyone else to elect.

use klamm_controller::{MetadataImage, TopicImage};
use klamm_model::{BrokerId, ErrorCode, PartitionIndex};
use klamm_wire::messages::elect_leaders::{
    ElectLeadersRequest, ElectLeadersResponse, PartitionResult, ReplicaElectionResult, TopicPartitions,
};

use super::duplicates::partitions_once;
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
        Some(topics) => partitions_once(topics.into_iter().map(|topic| (topic.topic, topic.partitions)))
            .into_iter()
            .map(|(topic, partitions)| some(broker, &image, election, topic, &partitions))
            .collect(),
        None => image.topics().map(|topic| all(broker, election, topic)).collect(),
    };
    ElectLeadersResponse { replica_election_results: results, ..ElectLeadersResponse::default() }
}

fn some(
    broker: &Broker,
    image: &MetadataImage,
    election: Election,
    topic: String,
    partitions: &[i32],
) -> ReplicaElectionResult {
    let there = image.topic(&topic);
    let partitions = partitions.iter().map(|partition| {
        let code = there.map_or(ErrorCode::UnknownTopicOrPartition, |there| {
            elect(broker, there, PartitionIndex(*partition), election)
        });
        result(*partition, code, None)
    });
    ReplicaElectionResult { partition_result: partitions.collect(), topic }
}

/// Of all partitions only those are named that would need an election (KIP-460).
fn all(broker: &Broker, election: Election, topic: &TopicImage) -> ReplicaElectionResult {
    let partitions = (0..topic.partitions.len() as i32)
        .map(|partition| (partition, elect(broker, topic, PartitionIndex(partition), election)))
        .filter(|(_, code)| *code != ErrorCode::ElectionNotNeeded);
    ReplicaElectionResult {
        topic: topic.name.as_str().to_owned(),
        partition_result: partitions.map(|(partition, code)| result(partition, code, None)).collect(),
    }
}

/// Why nobody is elected.
fn elect(broker: &Broker, topic: &TopicImage, index: PartitionIndex, election: Election) -> ErrorCode {
    let Some(partition) = topic.partition(index) else { return ErrorCode::UnknownTopicOrPartition };
    let leader = if is_offline(broker, topic, index) { BrokerId::NONE } else { partition.leader };
    match election {
        Election::Preferred if partition.replicas.first() == Some(&leader) => ErrorCode::ElectionNotNeeded,
        Election::Unclean if leader != BrokerId::NONE => ErrorCode::ElectionNotNeeded,
        Election::Preferred => ErrorCode::PreferredLeaderNotAvailable,
        Election::Unclean => ErrorCode::EligibleLeadersNotAvailable,
    }
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
    let code = ErrorCode::InvalidRequest;
    // Once is enough: the client shows the first text.
    let text = format!("election type {election_type} is neither 0 (preferred) nor 1 (unclean)");
    let mut text = Some(text);
    let topics = partitions_once(topics.into_iter().map(|topic| (topic.topic, topic.partitions))).into_iter();
    let results = topics.map(|(topic, partitions)| ReplicaElectionResult {
        partition_result: partitions.iter().map(|index| result(*index, code, text.take())).collect(),
        topic,
    });
    ElectLeadersResponse {
        error_code: code.as_i16(),
        replica_election_results: results.collect(),
        ..ElectLeadersResponse::default()
    }
}

fn result(partition_id: i32, code: ErrorCode, error_message: Option<String>) -> PartitionResult {
    PartitionResult { partition_id, error_code: code.as_i16(), error_message }
}

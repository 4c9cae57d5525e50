//! DescribeQuorum (55): who keeps the metadata, and how far each is (KIP-595, KIP-836, KIP-853).

use klamm_controller::Quorum;
use klamm_model::{BrokerId, ErrorCode, TopicId};
use klamm_wire::messages::describe_quorum::{
    DescribeQuorumRequest, DescribeQuorumResponse, Listener, Node, PartitionResponse, ReplicaState,
    TopicRequest, TopicResponse,
};

use super::duplicates::partitions_once;
use crate::{Broker, RequestContext};

/// The name under which Kafka shows the metadata log; its one partition is 0.
const METADATA_TOPIC: &str = "__cluster_metadata";

/// The first version with directories' ids and nodes.
const FIRST_WITH_NODES: i16 = 2;

/// The listener of a voter, by the name that Kafka's own examples give it.
const LISTENER: &str = "CONTROLLER";

/// Describes the quorum of the metadata log.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: DescribeQuorumRequest,
) -> DescribeQuorumResponse {
    if !asks_for_metadata(&request.topics) {
        return refused(request.topics);
    }
    let quorum = broker.controller.quorum();
    let leads = quorum.leader == Some(broker.node_id);
    let partition = if leads {
        described(broker, &quorum, ctx.api_version)
    } else {
        partition_error(0, ErrorCode::NotLeaderOrFollower)
    };
    let nodes = if leads && ctx.api_version >= FIRST_WITH_NODES {
        nodes(broker, ctx, &quorum.voters)
    } else {
        Vec::new()
    };
    let topic = TopicResponse { topic_name: METADATA_TOPIC.to_owned(), partitions: vec![partition] };
    DescribeQuorumResponse { topics: vec![topic], nodes, ..DescribeQuorumResponse::default() }
}

/// Whether exactly the one partition is asked for that has a quorum.
fn asks_for_metadata(topics: &[TopicRequest]) -> bool {
    match topics {
        [topic] => {
            topic.topic_name == METADATA_TOPIC
                && matches!(topic.partitions[..], [ref partition] if partition.partition_index == 0)
        }
        _ => false,
    }
}

fn described(broker: &Broker, quorum: &Quorum, version: i16) -> PartitionResponse {
    PartitionResponse {
        leader_id: broker.node_id.0,
        leader_epoch: i32::try_from(quorum.term).unwrap_or(i32::MAX),
        high_watermark: quorum.applied_end as i64,
        current_voters: quorum.voters.iter().map(|voter| replica(broker, quorum, *voter, version)).collect(),
        ..PartitionResponse::default()
    }
}

/// The leader is as far as itself now; of others nothing is known.
fn replica(broker: &Broker, quorum: &Quorum, voter: BrokerId, version: i16) -> ReplicaState {
    let other = ReplicaState { replica_id: voter.0, log_end_offset: -1, ..ReplicaState::default() };
    if voter != broker.node_id {
        return other;
    }
    let now = broker.clock.now().0;
    let directory = broker.partitions.data_dir().directory_id();
    ReplicaState {
        replica_directory_id: if version >= FIRST_WITH_NODES { directory } else { TopicId::ZERO },
        log_end_offset: quorum.end as i64,
        last_fetch_timestamp: now,
        last_caught_up_timestamp: now,
        ..other
    }
}

/// The voters, where a client reaches them that reached this broker as `ctx` says.
fn nodes(broker: &Broker, ctx: &RequestContext, voters: &[BrokerId]) -> Vec<Node> {
    let endpoints = broker.endpoints(ctx.local).into_iter();
    endpoints
        .filter(|(id, _, _)| voters.contains(id))
        .map(|(id, endpoint, _)| {
            let listener = Listener { name: LISTENER.to_owned(), host: endpoint.host, port: endpoint.port };
            Node { node_id: id.0, listeners: vec![listener] }
        })
        .collect()
}

/// No other partition has a quorum.
fn refused(topics: Vec<TopicRequest>) -> DescribeQuorumResponse {
    let topic = |(topic_name, partitions): (String, Vec<i32>)| TopicResponse {
        topic_name,
        partitions: partitions
            .iter()
            .map(|index| partition_error(*index, ErrorCode::UnknownTopicOrPartition))
            .collect(),
    };
    let indexes = |topic: &TopicRequest| topic.partitions.iter().map(|asked| asked.partition_index).collect();
    let topics = partitions_once(topics.into_iter().map(|topic| {
        let indexes = indexes(&topic);
        (topic.topic_name, indexes)
    }));
    DescribeQuorumResponse {
        topics: topics.into_iter().map(topic).collect(),
        ..DescribeQuorumResponse::default()
    }
}

fn partition_error(partition_index: i32, code: ErrorCode) -> PartitionResponse {
    PartitionResponse { partition_index, error_code: code.as_i16(), ..PartitionResponse::default() }
}

//! What a fetch request asks for.

use std::sync::Arc;

use klamm_model::Offset;
use klamm_wire::messages::fetch::FetchRequest;

use crate::fetch_sessions::{PartitionKey, SessionRequest, Topic, Wanted};
use crate::handlers::leader_epoch;

/// The first version that names topics by id (KIP-516).
const FIRST_BY_ID: i16 = 13;
/// The first version that has the replica id in a tagged field (KIP-903).
const FIRST_REPLICA_STATE: i16 = 15;

/// Whether another broker asks, not a consumer.
pub(super) fn is_replica(request: &FetchRequest, version: i16) -> bool {
    let id =
        if version >= FIRST_REPLICA_STATE { request.replica_state.replica_id } else { request.replica_id };
    id >= 0
}

/// The session's part of a request.
pub(super) fn session_request(request: FetchRequest, version: i16) -> SessionRequest {
    let by_id = version >= FIRST_BY_ID;
    let mut wanted = Vec::with_capacity(request.topics.iter().map(|topic| topic.partitions.len()).sum());
    for topic in request.topics {
        let name = if by_id { Topic::Id(topic.topic_id) } else { Topic::Name(Arc::from(topic.topic)) };
        wanted.extend(topic.partitions.into_iter().map(|partition| Wanted {
            key: PartitionKey { topic: name.clone(), partition: partition.partition },
            offset: Offset(partition.fetch_offset),
            max_bytes: partition.partition_max_bytes,
            current_leader_epoch: leader_epoch(partition.current_leader_epoch),
            last_fetched_epoch: leader_epoch(partition.last_fetched_epoch),
        }));
    }
    let forgotten = request
        .forgotten_topics_data
        .into_iter()
        .flat_map(|topic| {
            let name = if by_id { Topic::Id(topic.topic_id) } else { Topic::Name(Arc::from(topic.topic)) };
            topic.partitions.into_iter().map(move |partition| PartitionKey { topic: name.clone(), partition })
        })
        .collect();
    SessionRequest {
        session_id: request.session_id,
        session_epoch: request.session_epoch,
        by_id,
        wanted,
        forgotten,
    }
}

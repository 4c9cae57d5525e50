//! AlterReplicaLogDirs (34): moves replicas between a broker's directories (KIP-113).
//!
//! There is one directory, in which every replica is already.

use std::collections::BTreeMap;

use klamm_model::ErrorCode;
use klamm_wire::messages::alter_replica_log_dirs::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult, AlterReplicaLogDirsRequest,
    AlterReplicaLogDirsResponse,
};

use super::log_dir::log_dir;
use crate::{Broker, RequestContext};

/// Says of each partition whether it is where it is wanted.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: AlterReplicaLogDirsRequest,
) -> AlterReplicaLogDirsResponse {
    let here = log_dir(broker);
    // A topic can be named under several directories and is answered once.
    let mut results: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for dir in request.dirs {
        let is_here = dir.path == here;
        for topic in dir.topics {
            let partitions = topic.partitions.into_iter().map(|partition_index| {
                let code = if is_here {
                    place(broker, &topic.name, partition_index)
                } else {
                    ErrorCode::LogDirNotFound
                };
                AlterReplicaLogDirPartitionResult { partition_index, error_code: code.as_i16() }
            });
            let partitions: Vec<_> = partitions.collect();
            results.entry(topic.name).or_default().extend(partitions);
        }
    }
    let topic = |(topic_name, partitions)| AlterReplicaLogDirTopicResult { topic_name, partitions };
    AlterReplicaLogDirsResponse {
        results: results.into_iter().map(topic).collect(),
        ..AlterReplicaLogDirsResponse::default()
    }
}

/// Whether the partition is here. A replica that is elsewhere is not available, rather than not led (as in Kafka).
fn place(broker: &Broker, topic: &str, partition: i32) -> ErrorCode {
    match broker.partitions.by_name(topic).and_then(|topic| topic.leader(partition).map(|_| ())) {
        Ok(()) => ErrorCode::None,
        Err(error) if error.code == ErrorCode::NotLeaderOrFollower => ErrorCode::ReplicaNotAvailable,
        Err(error) => error.code,
    }
}

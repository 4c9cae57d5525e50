//! From what was found to the response.

use klamm_model::{ErrorCode, Offset, TopicId};
use klamm_partition::{Fetched, Isolation};
use klamm_wire::Records;
use klamm_wire::messages::fetch::{
    EpochEndOffset, FetchResponse, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};

use super::read::{Limits, Target, TargetRead};
use crate::error_code::KafkaError;
use crate::fetch_sessions::{FetchContext, Outcome, PartitionKey, SessionError, Topic, Wanted};
use crate::{Broker, RequestContext};

/// The first version that tells who leads now, and the first that tells where that is (KIP-951).
const FIRST_WITH_LEADER: i16 = 12;
const FIRST_WITH_ENDPOINTS: i16 = 16;

/// The answer to a request that has no place in its session.
pub(super) fn session_error(error: SessionError) -> FetchResponse {
    FetchResponse { error_code: error.code().as_i16(), ..FetchResponse::default() }
}

/// The answer to a client that is held back: nothing, and that it may come again later.
pub(super) fn throttled(context: FetchContext, throttle_time_ms: i32) -> FetchResponse {
    FetchResponse { throttle_time_ms, session_id: context.without_partitions(), ..FetchResponse::default() }
}

/// The response: what the session says the client must hear.
pub(super) fn build(
    broker: &Broker,
    ctx: &RequestContext,
    context: FetchContext,
    targets: Vec<Target>,
    found: Vec<TargetRead>,
    limits: Limits,
) -> FetchResponse {
    let outcomes: Vec<(Wanted, Outcome)> =
        targets.into_iter().zip(&found).map(|(target, read)| (target.wanted, outcome(read))).collect();
    let (session_id, told) = broker.fetch_sessions.finish(context, &outcomes, broker.clock.now());
    let mut responses: Vec<FetchableTopicResponse> = Vec::new();
    let mut lost_leader = false;
    for (((wanted, _), read), _) in outcomes.into_iter().zip(found).zip(told).filter(|(_, told)| *told) {
        let data = partition_data(broker, ctx, &wanted.key, read, limits);
        lost_leader |= data.current_leader.leader_id >= 0;
        add(&mut responses, &wanted.key.topic, data);
    }
    let node_endpoints = if lost_leader && ctx.api_version >= FIRST_WITH_ENDPOINTS {
        node_endpoints(broker, ctx)
    } else {
        Vec::new()
    };
    FetchResponse { session_id, responses, node_endpoints, ..FetchResponse::default() }
}

fn outcome(read: &TargetRead) -> Outcome {
    let (high_watermark, log_start_offset) = match &read.result {
        Ok(fetched) => (fetched.high_watermark, fetched.log_start_offset),
        Err(_) => (Offset::UNKNOWN, Offset::UNKNOWN),
    };
    Outcome {
        has_records: read.size_bytes() > 0,
        must_tell: read.must_tell(),
        high_watermark: high_watermark.0,
        log_start_offset: log_start_offset.0,
    }
}

/// Adds a partition; those of one topic stand together as long as the request keeps them together.
fn add(responses: &mut Vec<FetchableTopicResponse>, topic: &Topic, data: PartitionData) {
    let (name, topic_id) = match topic {
        Topic::Name(name) => (&**name, TopicId::ZERO),
        Topic::Id(id) => ("", *id),
    };
    match responses.last_mut() {
        Some(last) if last.topic == name && last.topic_id == topic_id => last.partitions.push(data),
        _ => responses.push(FetchableTopicResponse {
            topic: name.to_owned(),
            topic_id,
            partitions: vec![data],
        }),
    }
}

fn partition_data(
    broker: &Broker,
    ctx: &RequestContext,
    key: &PartitionKey,
    read: TargetRead,
    limits: Limits,
) -> PartitionData {
    match read.result {
        Ok(fetched) => fetched_data(key.partition, fetched, limits.isolation),
        Err(error) => {
            let lost_leader =
                matches!(error.code, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch);
            let tells = lost_leader && ctx.api_version >= FIRST_WITH_LEADER;
            let leader = if tells { current_leader(broker, key) } else { None };
            error_data(key, &error, leader.unwrap_or_default())
        }
    }
}

fn fetched_data(partition_index: i32, fetched: Fetched, isolation: Isolation) -> PartitionData {
    let diverging = fetched
        .diverging
        .map(|end| EpochEndOffset { epoch: end.leader_epoch.0, end_offset: end.end_offset.0 });
    PartitionData {
        partition_index,
        high_watermark: fetched.high_watermark.0,
        last_stable_offset: fetched.last_stable_offset.0,
        log_start_offset: fetched.log_start_offset.0,
        diverging_epoch: diverging.unwrap_or_default(),
        // Without transactions nothing is ever aborted; read_committed is told so with an empty list.
        aborted_transactions: (isolation == Isolation::ReadCommitted).then(Vec::new),
        records: Some(Records::from(fetched.records)),
        ..PartitionData::default()
    }
}

fn error_data(key: &PartitionKey, error: &KafkaError, current_leader: LeaderIdAndEpoch) -> PartitionData {
    PartitionData {
        partition_index: key.partition,
        error_code: error.code.as_i16(),
        high_watermark: Offset::UNKNOWN.0,
        last_stable_offset: Offset::UNKNOWN.0,
        log_start_offset: Offset::UNKNOWN.0,
        current_leader,
        records: Some(Records::default()),
        ..PartitionData::default()
    }
}

/// Who leads now, for a client that asked the wrong broker (KIP-951).
fn current_leader(broker: &Broker, key: &PartitionKey) -> Option<LeaderIdAndEpoch> {
    let (name, id) = match &key.topic {
        Topic::Name(name) => (&**name, TopicId::ZERO),
        Topic::Id(id) => ("", *id),
    };
    let (leader, epoch) = broker.partitions.leader_of(name, id, key.partition)?;
    Some(LeaderIdAndEpoch { leader_id: leader.0, leader_epoch: epoch.0 })
}

fn node_endpoints(broker: &Broker, ctx: &RequestContext) -> Vec<NodeEndpoint> {
    broker
        .endpoints(ctx.local)
        .into_iter()
        .map(|(id, endpoint, rack)| NodeEndpoint {
            node_id: id.0,
            host: endpoint.host,
            port: i32::from(endpoint.port),
            rack,
        })
        .collect()
}

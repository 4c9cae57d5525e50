//! Metadata (3): which brokers and topics there are, and who leads what.

use klamm_controller::{MetadataImage, TopicImage};
use klamm_model::{BrokerId, ErrorCode, TopicId, TopicName};
use klamm_wire::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseBroker,
    MetadataResponsePartition, MetadataResponseTopic,
};

use super::duplicates::once;
use crate::authorized_operations::{CLUSTER_OPERATIONS, NOT_ASKED, TOPIC_OPERATIONS};
use crate::partitions::Replica;
use crate::{Broker, RequestContext, auto_create};

/// The first version in which a topic may be named by its id; 10 and 11 have the field (KIP-516), but Kafka refuses it.
const FIRST_BY_ID: i16 = 12;

/// Describes brokers and topics; makes topics that are missing if the client and the settings allow it.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: MetadataRequest,
) -> MetadataResponse {
    // Before version 4 a client could not say: asking was making.
    let may_create = ctx.api_version < 4 || request.allow_auto_topic_creation;
    // In version 0 no topics meant all topics.
    let wanted = request.topics.filter(|topics| !(ctx.api_version == 0 && topics.is_empty()));
    // Kafka makes a set of them, too.
    let wanted = wanted.map(|topics| once(topics, |topic| (topic.name.clone(), topic.topic_id)));
    let described = match wanted {
        None => {
            let image = broker.controller.image();
            image.topics().map(|topic| describe(broker, topic)).collect()
        }
        Some(topics) if ctx.api_version < FIRST_BY_ID && topics.iter().any(is_by_id) => {
            // As Kafka does, for the whole request: an answer of these versions has no room for a topic without a name.
            topics.into_iter().map(invalid).collect()
        }
        Some(topics) => describe_wanted(broker, topics, may_create).await,
    };
    let image = broker.controller.image();
    let operations = |asked: bool, operations: i32| if asked { operations } else { NOT_ASKED };
    let topic_operations = operations(request.include_topic_authorized_operations, TOPIC_OPERATIONS);
    let topics = described
        .into_iter()
        .map(|topic| MetadataResponseTopic { topic_authorized_operations: topic_operations, ..topic })
        .collect();
    MetadataResponse {
        brokers: brokers(broker, ctx),
        cluster_id: Some(image.cluster_id().to_string()),
        controller_id: image.controller_id().unwrap_or(BrokerId::NONE).0,
        topics,
        cluster_authorized_operations: operations(
            request.include_cluster_authorized_operations,
            CLUSTER_OPERATIONS,
        ),
        ..MetadataResponse::default()
    }
}

fn brokers(broker: &Broker, ctx: &RequestContext) -> Vec<MetadataResponseBroker> {
    broker
        .endpoints(ctx.local)
        .into_iter()
        .map(|(id, endpoint, rack)| MetadataResponseBroker {
            node_id: id.0,
            host: endpoint.host,
            port: i32::from(endpoint.port),
            rack,
        })
        .collect()
}

async fn describe_wanted(
    broker: &Broker,
    wanted: Vec<MetadataRequestTopic>,
    may_create: bool,
) -> Vec<MetadataResponseTopic> {
    let image = broker.controller.image();
    let missing: Vec<TopicName> = wanted
        .iter()
        .filter(|topic| topic.topic_id.is_zero())
        .filter_map(|topic| topic.name.as_deref())
        .filter(|name| image.topic(name).is_none())
        .filter_map(|name| name.parse().ok())
        .collect();
    let refused = if may_create { auto_create::create(broker, &missing).await } else { Vec::new() };
    let image = broker.controller.image();
    wanted
        .into_iter()
        .map(|topic| match found(&image, &topic) {
            Ok(image) => describe(broker, image),
            Err(code) => {
                let refusal = refused.iter().find(|(name, _)| topic.name.as_deref() == Some(name.as_str()));
                absent(topic, refusal.map_or(code, |(_, code)| *code))
            }
        })
        .collect()
}

/// The topic that a request names by id, or else by name.
fn found<'a>(
    image: &'a MetadataImage,
    topic: &MetadataRequestTopic,
) -> Result<&'a std::sync::Arc<TopicImage>, ErrorCode> {
    if !topic.topic_id.is_zero() {
        return image.topic_by_id(topic.topic_id).ok_or(ErrorCode::UnknownTopicId);
    }
    let name = topic.name.as_deref().unwrap_or_default();
    if name.parse::<TopicName>().is_err() {
        return Err(ErrorCode::InvalidTopicException);
    }
    image.topic(name).ok_or(ErrorCode::UnknownTopicOrPartition)
}

fn is_by_id(topic: &MetadataRequestTopic) -> bool {
    topic.name.is_none() || !topic.topic_id.is_zero()
}

fn invalid(topic: MetadataRequestTopic) -> MetadataResponseTopic {
    MetadataResponseTopic {
        error_code: ErrorCode::InvalidRequest.as_i16(),
        name: Some(topic.name.unwrap_or_default()),
        topic_id: topic.topic_id,
        ..MetadataResponseTopic::default()
    }
}

fn absent(topic: MetadataRequestTopic, code: ErrorCode) -> MetadataResponseTopic {
    MetadataResponseTopic {
        error_code: code.as_i16(),
        // Before version 12 the name can't be null.
        name: Some(topic.name.unwrap_or_default()).filter(|_| topic.topic_id == TopicId::ZERO),
        topic_id: topic.topic_id,
        ..MetadataResponseTopic::default()
    }
}

fn describe(broker: &Broker, topic: &TopicImage) -> MetadataResponseTopic {
    let hosted = broker.partitions.by_id(topic.id).ok();
    let offline = |index: usize| {
        let replica = hosted.as_ref().and_then(|hosted| hosted.replicas().get(index));
        matches!(replica, Some(Replica::Offline(_)))
    };
    let partitions = topic
        .partitions
        .iter()
        .enumerate()
        .map(|(index, partition)| {
            let offline = offline(index) && partition.leader == broker.node_id;
            let leader = if offline { BrokerId::NONE } else { partition.leader };
            let code = if leader == BrokerId::NONE { ErrorCode::LeaderNotAvailable } else { ErrorCode::None };
            let ids = |brokers: &[BrokerId]| brokers.iter().map(|broker| broker.0).collect();
            MetadataResponsePartition {
                error_code: code.as_i16(),
                partition_index: index as i32,
                leader_id: leader.0,
                leader_epoch: partition.leader_epoch.0,
                replica_nodes: ids(&partition.replicas),
                isr_nodes: ids(&partition.isr),
                offline_replicas: if offline { vec![broker.node_id.0] } else { Vec::new() },
            }
        })
        .collect();
    MetadataResponseTopic {
        error_code: ErrorCode::None.as_i16(),
        name: Some(topic.name.to_string()),
        topic_id: topic.id,
        is_internal: topic.is_internal(),
        partitions,
        ..MetadataResponseTopic::default()
    }
}

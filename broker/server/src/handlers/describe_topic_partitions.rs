//! DescribeTopicPartitions (75): topics page by page (KIP-966). Rules as in
//! `org.apache.kafka.server.handlers.DescribeTopicPartitionsRequestHandler`.

use std::collections::BTreeSet;

use klamm_controller::{MetadataImage, PartitionImage, TopicImage};
use klamm_model::{BrokerId, ErrorCode, TopicName};
use klamm_wire::messages::describe_topic_partitions::{
    Cursor, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
    DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};

use crate::authorized_operations::TOPIC_OPERATIONS;
use crate::partitions::Replica;
use crate::{Broker, RequestContext};

/// Describes topics, in the order of their names, from the cursor on, until the page is full.
pub(crate) async fn handle(
    broker: &Broker,
    _ctx: &RequestContext,
    request: DescribeTopicPartitionsRequest,
) -> DescribeTopicPartitionsResponse {
    let image = broker.controller.image();
    let names = match wanted(&image, &request) {
        Ok(names) => names,
        Err(code) => {
            let refused = request.topics.into_iter().map(|topic| absent(topic.name, code));
            return DescribeTopicPartitionsResponse {
                topics: refused.collect(),
                ..DescribeTopicPartitionsResponse::default()
            };
        }
    };
    let limit = request.response_partition_limit.min(broker.settings().max_request_partition_size_limit);
    let page = Page { broker, image: &image, left: usize::try_from(limit).unwrap_or(0).max(1) };
    page.fill(names, request.cursor.as_ref())
}

/// The names to describe; an error refuses the whole request.
fn wanted(image: &MetadataImage, request: &DescribeTopicPartitionsRequest) -> Result<Vec<String>, ErrorCode> {
    let from = request.cursor.as_ref().map_or("", |cursor| cursor.topic_name.as_str());
    if request.cursor.as_ref().is_some_and(|cursor| cursor.partition_index < 0) {
        return Err(ErrorCode::InvalidRequest);
    }
    if request.topics.is_empty() {
        let names = image.topics().map(|topic| topic.name.as_str()).filter(|name| *name >= from);
        return Ok(names.map(ToOwned::to_owned).collect());
    }
    let names: BTreeSet<_> =
        request.topics.iter().map(|topic| topic.name.as_str()).filter(|name| *name >= from).collect();
    // A cursor that points elsewhere belongs to another list.
    if request.cursor.is_some() && !names.contains(from) {
        return Err(ErrorCode::InvalidRequest);
    }
    Ok(names.into_iter().map(ToOwned::to_owned).collect())
}

/// What still fits into the answer.
struct Page<'a> {
    broker: &'a Broker,
    image: &'a MetadataImage,
    /// Partitions that may still be added.
    left: usize,
}

impl Page<'_> {
    fn fill(mut self, names: Vec<String>, cursor: Option<&Cursor>) -> DescribeTopicPartitionsResponse {
        let mut response = DescribeTopicPartitionsResponse::default();
        for name in names {
            if self.left == 0 {
                response.next_cursor = Some(Cursor { topic_name: name, partition_index: 0 });
                break;
            }
            let Some(topic) = self.image.topic(&name) else {
                let code = match name.parse::<TopicName>() {
                    Ok(_) => ErrorCode::UnknownTopicOrPartition,
                    Err(_) => ErrorCode::InvalidTopicException,
                };
                response.topics.push(absent(name, code));
                continue;
            };
            let first =
                cursor.filter(|cursor| cursor.topic_name == name).map_or(0, |cursor| cursor.partition_index);
            let (described, next) = self.topic(topic, usize::try_from(first).unwrap_or(0));
            response.topics.push(described);
            if let Some(next) = next {
                response.next_cursor = Some(Cursor { topic_name: name, partition_index: next });
                break;
            }
        }
        response
    }

    /// The topic from its partition `first` on, and the first partition that no longer fits.
    fn topic(
        &mut self,
        topic: &TopicImage,
        first: usize,
    ) -> (DescribeTopicPartitionsResponseTopic, Option<i32>) {
        let end = topic.partitions.len().min(first.saturating_add(self.left));
        let offline = self.offline(topic);
        let fitting = topic.partitions.iter().enumerate().take(end).skip(first);
        let partitions: Vec<_> = fitting
            .map(|(index, partition)| {
                described(index, partition, offline.contains(&index).then_some(self.broker.node_id))
            })
            .collect();
        self.left -= partitions.len();
        let described = DescribeTopicPartitionsResponseTopic {
            name: Some(topic.name.as_str().to_owned()),
            topic_id: topic.id,
            is_internal: topic.is_internal(),
            partitions,
            topic_authorized_operations: TOPIC_OPERATIONS,
            ..DescribeTopicPartitionsResponseTopic::default()
        };
        (described, (end < topic.partitions.len()).then_some(end as i32))
    }

    /// The partitions that this broker should lead and can't open.
    fn offline(&self, topic: &TopicImage) -> BTreeSet<usize> {
        let Ok(hosted) = self.broker.partitions.by_id(topic.id) else { return BTreeSet::new() };
        let replicas = hosted.replicas().iter().enumerate();
        replicas
            .filter(|(_, replica)| matches!(replica, Replica::Offline(_)))
            .map(|(index, _)| index)
            .collect()
    }
}

fn described(
    index: usize,
    partition: &PartitionImage,
    offline_on: Option<BrokerId>,
) -> DescribeTopicPartitionsResponsePartition {
    let leader = if offline_on == Some(partition.leader) { BrokerId::NONE } else { partition.leader };
    let code = if leader == BrokerId::NONE { ErrorCode::LeaderNotAvailable } else { ErrorCode::None };
    let ids = |brokers: &[BrokerId]| brokers.iter().map(|broker| broker.0).collect();
    DescribeTopicPartitionsResponsePartition {
        error_code: code.as_i16(),
        partition_index: index as i32,
        leader_id: leader.0,
        leader_epoch: partition.leader_epoch.0,
        replica_nodes: ids(&partition.replicas),
        isr_nodes: ids(&partition.isr),
        eligible_leader_replicas: Some(Vec::new()),
        last_known_elr: Some(Vec::new()),
        offline_replicas: offline_on.iter().map(|broker| broker.0).collect(),
    }
}

fn absent(name: String, code: ErrorCode) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic {
        error_code: code.as_i16(),
        name: Some(name),
        ..DescribeTopicPartitionsResponseTopic::default()
    }
}

//! OffsetFetch (9): how far groups have read.
//!
//! Versions up to 7 ask for one group, from 8 on for several (KIP-709). Both become the questions of one form, and the answer to
//! one question becomes either form of the answer.

use klamm_groups::Coordinator;
use klamm_model::{ErrorCode, TopicId};
use klamm_wire::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponse,
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};

use crate::{Broker, RequestContext};

/// The first version that asks for several groups.
const FIRST_BATCHED: i16 = 8;
/// The first version that names topics by id.
const FIRST_BY_ID: i16 = 10;
/// The first version with an error for all of the answer.
const FIRST_WITH_ERROR: i16 = 2;
/// What stands for an offset that was not committed.
const NO_OFFSET: i64 = -1;

/// Reads the offsets; not before what is told is durable.
pub(crate) async fn handle(
    broker: &Broker,
    ctx: &RequestContext,
    request: OffsetFetchRequest,
) -> OffsetFetchResponse {
    if ctx.api_version >= FIRST_BATCHED {
        let mut response = OffsetFetchResponse::default();
        for group in request.groups {
            response.groups.push(fetch(broker, ctx, group).await);
        }
        return response;
    }
    let topics = request.topics.map(|topics| {
        let one = |topic: klamm_wire::messages::offset_fetch::OffsetFetchRequestTopic| {
            let (name, partition_indexes) = (topic.name, topic.partition_indexes);
            OffsetFetchRequestTopics { name, partition_indexes, ..OffsetFetchRequestTopics::default() }
        };
        topics.into_iter().map(one).collect()
    });
    let group_id = request.group_id;
    let only = OffsetFetchRequestGroup { group_id, topics, ..OffsetFetchRequestGroup::default() };
    single(ctx, fetch(broker, ctx, only).await)
}

/// The answer for one group in the form of versions that know only one.
fn single(ctx: &RequestContext, group: OffsetFetchResponseGroup) -> OffsetFetchResponse {
    let code = group.error_code;
    // The first version has no place for an error but beside each offset.
    let beside = if ctx.api_version < FIRST_WITH_ERROR { code } else { ErrorCode::None.as_i16() };
    let partition = |partition: OffsetFetchResponsePartitions| OffsetFetchResponsePartition {
        partition_index: partition.partition_index,
        committed_offset: partition.committed_offset,
        committed_leader_epoch: partition.committed_leader_epoch,
        metadata: partition.metadata,
        error_code: if partition.error_code == 0 { beside } else { partition.error_code },
    };
    let topics = group.topics.into_iter().map(|topic| OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic.partitions.into_iter().map(partition).collect(),
    });
    OffsetFetchResponse { topics: topics.collect(), error_code: code, ..OffsetFetchResponse::default() }
}

async fn fetch(
    broker: &Broker,
    ctx: &RequestContext,
    group: OffsetFetchRequestGroup,
) -> OffsetFetchResponseGroup {
    let by_id = ctx.api_version >= FIRST_BY_ID;
    let group_id = group.group_id.clone();
    let wanted = group.topics.map(|topics| Wanted::all_of(broker, by_id, topics));
    let member = (group.member_id.as_deref(), group.member_epoch);
    match read(broker, &group_id, member, wanted.as_deref()).await {
        Ok(topics) => {
            let topics = topics.into_iter().filter_map(|topic| known_by_id(broker, by_id, topic));
            OffsetFetchResponseGroup {
                group_id,
                topics: topics.collect(),
                ..OffsetFetchResponseGroup::default()
            }
        }
        Err(code) => {
            let nothing = |wanted: &Wanted| wanted.answer(|_, _| None);
            let topics = wanted.iter().flatten().map(nothing).collect();
            OffsetFetchResponseGroup { group_id, topics, error_code: code.as_i16() }
        }
    }
}

async fn read(
    broker: &Broker,
    group_id: &str,
    (member_id, member_epoch): (Option<&str>, i32),
    wanted: Option<&[Wanted]>,
) -> Result<Vec<OffsetFetchResponseTopics>, ErrorCode> {
    let shard = broker.groups.shard_of(broker, group_id)?;
    let asked = shard.look(|groups| {
        groups.check_fetch(group_id, member_id, member_epoch)?;
        Ok(match wanted {
            Some(wanted) => wanted.iter().map(|wanted| wanted.read(groups, group_id)).collect(),
            None => everything(groups, group_id),
        })
    })?;
    asked.when_durable(shard.partition()).await?
}

/// What is asked of one topic.
struct Wanted {
    /// The topic, where it is known.
    name: Option<String>,
    asked: OffsetFetchRequestTopics,
}

impl Wanted {
    fn all_of(broker: &Broker, by_id: bool, topics: Vec<OffsetFetchRequestTopics>) -> Vec<Wanted> {
        let image = broker.controller.image();
        let one = |asked: OffsetFetchRequestTopics| {
            let by_name = (!by_id).then(|| asked.name.clone());
            let name = by_name
                .or_else(|| image.topic_by_id(asked.topic_id).map(|topic| topic.name.as_str().to_owned()));
            Wanted { name, asked }
        };
        topics.into_iter().map(one).collect()
    }

    fn read(&self, groups: &Coordinator, group_id: &str) -> OffsetFetchResponseTopics {
        self.answer(|topic, partition| {
            let value = groups.offsets().get(group_id, topic, partition)?;
            Some(committed(partition, value))
        })
    }

    fn answer(
        &self,
        committed: impl Fn(&str, i32) -> Option<OffsetFetchResponsePartitions>,
    ) -> OffsetFetchResponseTopics {
        let partition = |&index: &i32| match &self.name {
            Some(name) => committed(name, index).unwrap_or_else(|| nothing(index, ErrorCode::None)),
            None => nothing(index, ErrorCode::UnknownTopicId),
        };
        OffsetFetchResponseTopics {
            name: self.asked.name.clone(),
            topic_id: self.asked.topic_id,
            partitions: self.asked.partition_indexes.iter().map(partition).collect(),
        }
    }
}

fn committed(
    partition_index: i32,
    value: &klamm_groups::records::OffsetValue,
) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: value.offset,
        committed_leader_epoch: value.leader_epoch,
        metadata: Some(value.metadata.clone()),
        ..OffsetFetchResponsePartitions::default()
    }
}

fn nothing(partition_index: i32, code: ErrorCode) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: NO_OFFSET,
        metadata: Some(String::new()),
        error_code: code.as_i16(),
        ..OffsetFetchResponsePartitions::default()
    }
}

/// All that a group has committed.
fn everything(groups: &Coordinator, group_id: &str) -> Vec<OffsetFetchResponseTopics> {
    let mut topics: Vec<OffsetFetchResponseTopics> = Vec::new();
    for (topic, partition, value) in groups.offsets().of_group(group_id) {
        if topics.last().is_none_or(|last| last.name != topic) {
            topics.push(OffsetFetchResponseTopics {
                name: topic.to_owned(),
                topic_id: value.topic_id,
                ..OffsetFetchResponseTopics::default()
            });
        }
        if let Some(last) = topics.last_mut() {
            last.partitions.push(committed(partition, value));
        }
    }
    topics
}

/// In versions that name topics by id alone, what has none can't be told.
fn known_by_id(
    broker: &Broker,
    by_id: bool,
    mut topic: OffsetFetchResponseTopics,
) -> Option<OffsetFetchResponseTopics> {
    if by_id && topic.topic_id == TopicId::ZERO && !topic.name.is_empty() {
        topic.topic_id = broker.controller.image().topic(topic.name.as_str())?.id;
    }
    Some(topic)
}

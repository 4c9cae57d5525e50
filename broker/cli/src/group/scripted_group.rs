//! A broker of groups for tests, which answers from what it is told to hold.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use klamm_model::ErrorCode;
use klamm_wire::ApiKey;
use klamm_wire::messages::*;

use crate::client::TopicPartition;
use crate::client::scripted::{Act, Nature, ScriptedBroker, Seen};

/// What the broker holds.
#[derive(Default)]
pub(super) struct Held {
    pub classic: Vec<describe_groups::DescribedGroup>,
    pub consumer: Vec<consumer_group_describe::DescribedGroup>,
    pub listed: Vec<list_groups::ListedGroup>,
    /// Committed offsets: group, topic, partition, offset.
    pub committed: Vec<(&'static str, &'static str, i32, i64)>,
    /// Start and end of each partition's log.
    pub logs: BTreeMap<(&'static str, i32), (i64, i64)>,
    /// What is found for any time.
    pub by_time: i64,
    /// The code for each partition of commits and deletions of offsets, if it is not 0.
    pub refused: BTreeMap<(&'static str, i32), ErrorCode>,
    /// The codes for deletions of groups, if they are not 0.
    pub undeletable: BTreeMap<&'static str, ErrorCode>,
    /// So many times the coordinator says that it is none.
    pub moving: usize,
    /// The APIs in the order they were asked.
    pub log: Vec<ApiKey>,
    /// What was committed.
    pub commits: Vec<(String, i32, i64)>,
}

impl Held {
    pub async fn start(self, nature: Nature) -> (ScriptedBroker, Arc<Mutex<Held>>) {
        let held = Arc::new(Mutex::new(self));
        let answering = held.clone();
        let broker = ScriptedBroker::start(nature, move |seen| answering.lock().unwrap().answer(seen)).await;
        (broker, held)
    }

    fn answer(&mut self, seen: &Seen) -> Act {
        let api = seen.api;
        self.log.push(api);
        match api {
            ApiKey::FindCoordinator => seen.answer(&coordinator(seen)),
            ApiKey::ListGroups => {
                seen.answer(&ListGroupsResponse { groups: self.listed.clone(), ..Default::default() })
            }
            ApiKey::ConsumerGroupDescribe => seen.answer(&self.describe_consumer(&seen.decode())),
            ApiKey::DescribeGroups => seen.answer(&self.describe_classic(&seen.decode())),
            ApiKey::OffsetFetch => seen.answer(&self.offsets(&seen.decode())),
            ApiKey::ListOffsets => seen.answer(&self.list_offsets(seen.decode())),
            ApiKey::OffsetCommit => seen.answer(&self.commit(seen.decode())),
            ApiKey::OffsetDelete => seen.answer(&self.delete_offsets(seen.decode())),
            ApiKey::DeleteGroups => seen.answer(&self.delete_groups(&seen.decode())),
            _ => Act::Close,
        }
    }

    /// The code of a coordinator that moves, or 0.
    fn moved(&mut self) -> i16 {
        let moving = self.moving > 0;
        self.moving = self.moving.saturating_sub(1);
        if moving { ErrorCode::NotCoordinator.as_i16() } else { 0 }
    }

    fn describe_consumer(&mut self, request: &ConsumerGroupDescribeRequest) -> ConsumerGroupDescribeResponse {
        let moved = self.moved();
        let group = |id: &String| {
            let unknown = consumer_group_describe::DescribedGroup {
                error_code: if moved == 0 { ErrorCode::GroupIdNotFound.as_i16() } else { moved },
                group_id: id.clone(),
                ..Default::default()
            };
            let held = self.consumer.iter().find(|group| group.group_id == *id && moved == 0);
            held.cloned().unwrap_or(unknown)
        };
        let groups = request.group_ids.iter().map(group).collect();
        ConsumerGroupDescribeResponse { groups, ..Default::default() }
    }

    fn describe_classic(&self, request: &DescribeGroupsRequest) -> DescribeGroupsResponse {
        let group = |id: &String| {
            let unknown = describe_groups::DescribedGroup {
                group_id: id.clone(),
                group_state: "Dead".to_owned(),
                ..Default::default()
            };
            self.classic.iter().find(|group| group.group_id == *id).cloned().unwrap_or(unknown)
        };
        DescribeGroupsResponse { groups: request.groups.iter().map(group).collect(), ..Default::default() }
    }

    fn of(&self, group: &str) -> BTreeMap<&'static str, Vec<(i32, i64)>> {
        let mut topics: BTreeMap<&str, Vec<(i32, i64)>> = BTreeMap::new();
        for (_, topic, partition, offset) in self.committed.iter().filter(|(of, ..)| *of == group) {
            topics.entry(topic).or_default().push((*partition, *offset));
        }
        topics
    }

    fn offsets(&self, request: &OffsetFetchRequest) -> OffsetFetchResponse {
        let partition = |(index, offset): (i32, i64)| offset_fetch::OffsetFetchResponsePartitions {
            partition_index: index,
            committed_offset: offset,
            ..Default::default()
        };
        let old = |(index, offset): (i32, i64)| offset_fetch::OffsetFetchResponsePartition {
            partition_index: index,
            committed_offset: offset,
            ..Default::default()
        };
        let group = |asked: &offset_fetch::OffsetFetchRequestGroup| offset_fetch::OffsetFetchResponseGroup {
            group_id: asked.group_id.clone(),
            topics: self
                .of(&asked.group_id)
                .into_iter()
                .map(|(name, offsets)| offset_fetch::OffsetFetchResponseTopics {
                    name: name.to_owned(),
                    partitions: offsets.into_iter().map(partition).collect(),
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        };
        let one = self.of(&request.group_id).into_iter().map(|(name, offsets)| {
            let partitions = offsets.into_iter().map(old).collect();
            offset_fetch::OffsetFetchResponseTopic { name: name.to_owned(), partitions }
        });
        OffsetFetchResponse {
            topics: one.collect(),
            groups: request.groups.iter().map(group).collect(),
            ..Default::default()
        }
    }

    fn list_offsets(&self, request: ListOffsetsRequest) -> ListOffsetsResponse {
        let topic = |topic: list_offsets::ListOffsetsTopic| {
            let answer = |asked: list_offsets::ListOffsetsPartition| {
                let key = (topic.name.as_str(), asked.partition_index);
                let log = self.logs.iter().find(|((name, index), _)| (*name, *index) == key);
                let (start, end) = log.map_or((0, 0), |(_, log)| *log);
                let offset = match asked.timestamp {
                    -1 => end,
                    -2 => start,
                    _ => self.by_time,
                };
                list_offsets::ListOffsetsPartitionResponse {
                    partition_index: asked.partition_index,
                    offset,
                    ..Default::default()
                }
            };
            let partitions = topic.partitions.into_iter().map(answer).collect();
            list_offsets::ListOffsetsTopicResponse { name: topic.name.clone(), partitions }
        };
        ListOffsetsResponse { topics: request.topics.into_iter().map(topic).collect(), ..Default::default() }
    }

    fn refusal(&self, topic: &str, partition: i32) -> i16 {
        let found = self.refused.iter().find(|((name, index), _)| (*name, *index) == (topic, partition));
        found.map_or(0, |(_, code)| code.as_i16())
    }

    fn commit(&mut self, request: OffsetCommitRequest) -> OffsetCommitResponse {
        assert_eq!((request.generation_id_or_member_epoch, request.member_id.as_str()), (-1, ""));
        let moved = self.moved();
        let mut topics = Vec::new();
        for topic in request.topics {
            let mut partitions = Vec::new();
            for asked in topic.partitions {
                let of = TopicPartition { topic: topic.name.clone(), partition: asked.partition_index };
                let error_code = if moved == 0 { self.refusal(&of.topic, of.partition) } else { moved };
                if error_code == 0 {
                    self.commits.push((of.topic, of.partition, asked.committed_offset));
                }
                let partition_index = asked.partition_index;
                partitions.push(offset_commit::OffsetCommitResponsePartition { partition_index, error_code });
            }
            let name = topic.name;
            topics.push(offset_commit::OffsetCommitResponseTopic { name, partitions, ..Default::default() });
        }
        OffsetCommitResponse { topics, ..Default::default() }
    }

    fn delete_offsets(&self, request: OffsetDeleteRequest) -> OffsetDeleteResponse {
        let topic = |topic: offset_delete::OffsetDeleteRequestTopic| {
            let answer = |asked: &offset_delete::OffsetDeleteRequestPartition| {
                offset_delete::OffsetDeleteResponsePartition {
                    partition_index: asked.partition_index,
                    error_code: self.refusal(&topic.name, asked.partition_index),
                }
            };
            let partitions = topic.partitions.iter().map(answer).collect();
            offset_delete::OffsetDeleteResponseTopic { name: topic.name.clone(), partitions }
        };
        OffsetDeleteResponse { topics: request.topics.into_iter().map(topic).collect(), ..Default::default() }
    }

    fn delete_groups(&mut self, request: &DeleteGroupsRequest) -> DeleteGroupsResponse {
        let moved = self.moved();
        let result = |group: &String| delete_groups::DeletableGroupResult {
            group_id: group.clone(),
            error_code: match self.undeletable.get(group.as_str()) {
                Some(code) if moved == 0 => code.as_i16(),
                _ => moved,
            },
        };
        let results = request.groups_names.iter().map(result).collect();
        DeleteGroupsResponse { results, ..Default::default() }
    }
}

/// This broker coordinates all groups; in old versions it is asked for a single one.
fn coordinator(seen: &Seen) -> FindCoordinatorResponse {
    let request: FindCoordinatorRequest = seen.decode();
    let one = |key: String| find_coordinator::Coordinator { key, node_id: 1, ..Default::default() };
    let old = seen.version < 4;
    FindCoordinatorResponse {
        node_id: i32::from(old),
        coordinators: request.coordinator_keys.into_iter().map(one).collect(),
        ..Default::default()
    }
}

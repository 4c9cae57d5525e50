//! Committed offsets.

use klamm_model::{ErrorCode, TopicId};
use klamm_wire::messages::delete_groups::DeleteGroupsRequest;
use klamm_wire::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use klamm_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use klamm_wire::messages::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use klamm_wire::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};

use super::{await_coordinator, eventually, listed, started, started_with};
use crate::support::{Client, batch, error, produce, topic_id};

/// A commit of someone who is no member.
pub(super) fn commit(
    client: &mut Client,
    version: i16,
    group: &str,
    topic: &str,
    offsets: &[(i32, i64)],
) -> Vec<ErrorCode> {
    commit_as(client, version, ("", -1), group, topic, offsets)
}

pub(super) fn commit_as(
    client: &mut Client,
    version: i16,
    (member_id, generation): (&str, i32),
    group: &str,
    topic: &str,
    offsets: &[(i32, i64)],
) -> Vec<ErrorCode> {
    let partitions =
        offsets.iter().map(|&(partition_index, committed_offset)| OffsetCommitRequestPartition {
            partition_index,
            committed_offset,
            committed_leader_epoch: -1,
            committed_metadata: Some(format!("m{committed_offset}")),
        });
    let topic_id = if version >= 10 { topic_id(client, topic) } else { TopicId::ZERO };
    let topics =
        vec![OffsetCommitRequestTopic { name: topic.to_owned(), topic_id, partitions: partitions.collect() }];
    let request = OffsetCommitRequest {
        group_id: group.to_owned(),
        member_id: member_id.to_owned(),
        generation_id_or_member_epoch: generation,
        topics,
        ..OffsetCommitRequest::default()
    };
    let response = client.call(version, &request);
    response.topics[0].partitions.iter().map(|partition| error(partition.error_code)).collect()
}

/// Offset and metadata of each partition.
pub(super) fn fetch(
    client: &mut Client,
    version: i16,
    group: &str,
    wanted: &[(&str, i32)],
) -> Result<Vec<(i64, String)>, ErrorCode> {
    let one = |response: (i16, i64, Option<String>)| match error(response.0) {
        ErrorCode::None => Ok((response.1, response.2.unwrap())),
        code => Err(code),
    };
    if version < 8 {
        let topics = wanted.iter().map(|(topic, partition)| OffsetFetchRequestTopic {
            name: (*topic).to_owned(),
            partition_indexes: vec![*partition],
        });
        let request = OffsetFetchRequest {
            group_id: group.to_owned(),
            topics: Some(topics.collect()),
            ..OffsetFetchRequest::default()
        };
        let response = client.call(version, &request);
        if response.error_code != 0 {
            return Err(error(response.error_code));
        }
        let partitions = response.topics.into_iter().flat_map(|topic| topic.partitions);
        return partitions.map(|it| one((it.error_code, it.committed_offset, it.metadata))).collect();
    }
    let mut topics = Vec::new();
    for (topic, partition) in wanted {
        topics.push(OffsetFetchRequestTopics {
            name: (*topic).to_owned(),
            topic_id: if version >= 10 { topic_id(client, topic) } else { TopicId::ZERO },
            partition_indexes: vec![*partition],
        });
    }
    let asked =
        OffsetFetchRequestGroup { group_id: group.to_owned(), topics: Some(topics), ..Default::default() };
    let request = OffsetFetchRequest { groups: vec![asked], ..OffsetFetchRequest::default() };
    let response = client.call(version, &request).groups.remove(0);
    if response.error_code != 0 {
        return Err(error(response.error_code));
    }
    let partitions = response.topics.into_iter().flat_map(|topic| topic.partitions);
    partitions.map(|it| one((it.error_code, it.committed_offset, it.metadata))).collect()
}

/// All that a group has committed, by topic and partition.
fn fetch_all(client: &mut Client, version: i16, group: &str) -> Vec<(String, TopicId, i32, i64)> {
    let asked = OffsetFetchRequestGroup { group_id: group.to_owned(), topics: None, ..Default::default() };
    let request = OffsetFetchRequest { groups: vec![asked], ..OffsetFetchRequest::default() };
    let topics = client.call(version, &request).groups.remove(0).topics;
    let each = topics.into_iter().flat_map(|topic| {
        let (name, id) = (topic.name, topic.topic_id);
        topic
            .partitions
            .into_iter()
            .map(move |it| (name.clone(), id, it.partition_index, it.committed_offset))
    });
    each.collect()
}

const NOTHING: (i64, String) = (-1, String::new());

fn at(offset: i64) -> (i64, String) {
    (offset, format!("m{offset}"))
}

#[test]
fn offsets_in_every_version_of_both_requests() {
    let (_broker, mut client) = started("g");
    for version in 2..=10 {
        let offset = i64::from(version) * 100;
        assert_eq!(
            commit(&mut client, version, "g", "t", &[(1, offset), (9, 1)]),
            [ErrorCode::None, ErrorCode::UnknownTopicOrPartition]
        );
        for version in 1..=10 {
            let fetched = fetch(&mut client, version, "g", &[("t", 1), ("t", 2)]);
            assert_eq!(fetched, Ok(vec![at(offset), NOTHING]), "{version}");
        }
    }
    assert_eq!(fetch(&mut client, 9, "g", &[("no such", 0)]), Ok(vec![NOTHING]));
    assert_eq!(fetch(&mut client, 9, "another", &[("t", 1)]), Ok(vec![NOTHING]));
    assert_eq!(fetch_all(&mut client, 9, "g"), [("t".to_owned(), TopicId::ZERO, 1, 1000)]);
    let id = topic_id(&mut client, "t");
    assert_eq!(fetch_all(&mut client, 10, "g"), [(String::new(), id, 1, 1000)]);
}

#[test]
fn offsets_outlive_a_restart() {
    let (mut broker, mut client) = started("g");
    for offset in 0..50 {
        assert_eq!(commit(&mut client, 9, "g", "t", &[(0, offset), (3, offset * 2)]), [ErrorCode::None; 2]);
    }
    assert_eq!(commit(&mut client, 9, "h", "t", &[(2, 7)]), [ErrorCode::None]);
    broker.stop();
    broker.start_again();
    let mut client = broker.client();
    await_coordinator(&mut client, "g");
    assert_eq!(fetch(&mut client, 9, "g", &[("t", 0), ("t", 3)]), Ok(vec![at(49), at(98)]));
    assert_eq!(fetch(&mut client, 9, "h", &[("t", 2)]), Ok(vec![at(7)]));
    let names: Vec<_> = listed(&mut client)
        .into_iter()
        .map(|group| (group.group_id, group.group_state, group.group_type))
        .collect();
    let empty = |name: &str| (name.to_owned(), "Empty".to_owned(), "classic".to_owned());
    assert_eq!(names, [empty("g"), empty("h")]);
}

#[test]
fn a_commit_may_bring_no_more_than_the_setting_allows() {
    let (_broker, mut client) =
        started_with("g", &[("offset.metadata.max.bytes", "3"), ("offsets.topic.num.partitions", "1")]);
    assert_eq!(
        commit(&mut client, 9, "g", "t", &[(0, 10), (1, 100)]),
        [ErrorCode::None, ErrorCode::OffsetMetadataTooLarge]
    );
    assert_eq!(fetch(&mut client, 9, "g", &[("t", 0), ("t", 1)]), Ok(vec![at(10), NOTHING]));
}

#[test]
fn who_claims_a_generation_must_be_in_one() {
    let (_broker, mut client) = started("g");
    let commit = |client: &mut Client, version| commit_as(client, version, ("m", 3), "g", "t", &[(0, 1)]);
    assert_eq!(commit(&mut client, 8), [ErrorCode::IllegalGeneration]);
    assert_eq!(commit(&mut client, 9), [ErrorCode::GroupIdNotFound]);
    assert_eq!(fetch(&mut client, 9, "g", &[("t", 0)]), Ok(vec![NOTHING]));
}

#[test]
fn offsets_and_groups_can_be_deleted() {
    let (mut broker, mut client) = started("g");
    assert_eq!(commit(&mut client, 9, "g", "t", &[(0, 1), (1, 2), (2, 3)]), [ErrorCode::None; 3]);
    let partition = |partition_index| OffsetDeleteRequestPartition { partition_index };
    let topic =
        OffsetDeleteRequestTopic { name: "t".to_owned(), partitions: vec![partition(1), partition(9)] };
    let request = OffsetDeleteRequest { group_id: "g".to_owned(), topics: vec![topic] };
    let deleted = client.ask(&request);
    assert_eq!(error(deleted.error_code), ErrorCode::None);
    let codes: Vec<_> = deleted.topics[0].partitions.iter().map(|it| error(it.error_code)).collect();
    assert_eq!(codes, [ErrorCode::None, ErrorCode::UnknownTopicOrPartition]);
    assert_eq!(fetch(&mut client, 9, "g", &[("t", 0), ("t", 1)]), Ok(vec![at(1), NOTHING]));

    let request = DeleteGroupsRequest { groups_names: vec!["g".to_owned(), "none".to_owned()] };
    let codes: Vec<_> = client.ask(&request).results.iter().map(|it| error(it.error_code)).collect();
    assert_eq!(codes, [ErrorCode::None, ErrorCode::GroupIdNotFound]);
    assert_eq!(listed(&mut client), []);
    broker.stop();
    broker.start_again();
    let mut client = broker.client();
    await_coordinator(&mut client, "g");
    assert_eq!(fetch(&mut client, 9, "g", &[("t", 0)]), Ok(vec![NOTHING]));
    assert_eq!(listed(&mut client), []);
}

#[test]
fn offsets_of_a_deleted_topic_are_forgotten() {
    let (_broker, mut client) = started("g");
    assert_eq!(commit(&mut client, 9, "g", "t", &[(0, 1)]), [ErrorCode::None]);
    let state = DeleteTopicState { name: Some("t".to_owned()), ..DeleteTopicState::default() };
    let request =
        DeleteTopicsRequest { topics: vec![state], timeout_ms: 30_000, ..DeleteTopicsRequest::default() };
    client.ask(&request);
    eventually("the offset is forgotten", || fetch_all(&mut client, 9, "g").is_empty());
}

#[test]
fn clients_do_not_write_to_the_brokers_own_topic() {
    let (_broker, mut client) = started("g");
    let response = client.call(9, &produce("__consumer_offsets", -1, batch(&["x"])));
    let code = response.responses[0].partition_responses[0].error_code;
    assert_eq!(error(code), ErrorCode::InvalidTopicException);
}

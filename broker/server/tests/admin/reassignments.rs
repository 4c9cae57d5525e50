//! ElectLeaders, AlterPartitionReassignments and ListPartitionReassignments, over the wire.

use crate::client::Client;
use crate::requests::{create_topic, error};
use crate::server::{TestServer, versions};
use klamm_model::ErrorCode;
use klamm_wire::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, ReassignablePartition, ReassignableTopic,
};
use klamm_wire::messages::elect_leaders::{ElectLeadersRequest, ElectLeadersResponse, TopicPartitions};
use klamm_wire::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsTopics,
};

const PREFERRED: i8 = 0;
const UNCLEAN: i8 = 1;

fn elect(kind: i8, topics: Option<&[(&str, &[i32])]>) -> ElectLeadersRequest {
    let of = |(topic, partitions): &(&str, &[i32])| TopicPartitions {
        topic: (*topic).to_owned(),
        partitions: partitions.to_vec(),
    };
    ElectLeadersRequest {
        election_type: kind,
        topic_partitions: topics.map(|topics| topics.iter().map(of).collect()),
        ..ElectLeadersRequest::default()
    }
}

/// Topic, partition, error.
fn codes(answer: &ElectLeadersResponse) -> Vec<(&str, i32, ErrorCode)> {
    let topics = answer.replica_election_results.iter();
    topics
        .flat_map(|topic| {
            let partitions = topic.partition_result.iter();
            partitions.map(|result| (topic.topic.as_str(), result.partition_id, error(result.error_code)))
        })
        .collect()
}

#[test]
fn a_leader_is_the_preferred_one_already() {
    let server = TestServer::start();
    let mut client = server.client();
    create_topic(&mut client, "t", 2);
    for version in versions::<ElectLeadersRequest>() {
        let kinds = if version == 0 { PREFERRED..=PREFERRED } else { PREFERRED..=UNCLEAN };
        for kind in kinds {
            let answer = client.call(version, &elect(kind, Some(&[("t", &[1, 2]), ("absent", &[0])])));
            let unknown = ErrorCode::UnknownTopicOrPartition;
            let expected =
                [("t", 1, ErrorCode::ElectionNotNeeded), ("t", 2, unknown), ("absent", 0, unknown)];
            assert_eq!((answer.error_code, codes(&answer)), (0, expected.to_vec()));
            let all = client.call(version, &elect(kind, None));
            assert_eq!((all.error_code, codes(&all)), (0, vec![]), "who needs no election is not named");
        }
    }
    let twice = client.call(2, &elect(PREFERRED, Some(&[("t", &[1, 1]), ("t", &[0, 1])])));
    let needed_not = ErrorCode::ElectionNotNeeded;
    assert_eq!(codes(&twice), [("t", 1, needed_not), ("t", 0, needed_not)], "each is answered once");
    let odd = client.call(2, &elect(2, Some(&[("t", &[0])])));
    assert_eq!(error(odd.error_code), ErrorCode::InvalidRequest);
    assert_eq!(codes(&odd), [("t", 0, ErrorCode::InvalidRequest)]);
}

#[test]
fn a_partition_that_can_not_be_opened_has_nobody_to_elect() {
    let mut server = TestServer::start();
    create_topic(&mut server.client(), "t", 2);
    server.stop();
    let epochs = server.dir.path().join("data/t-1/leader-epoch-checkpoint");
    std::fs::write(epochs, "99\nnonsense\n").unwrap();
    server.start_again();
    let mut client = server.client();
    let preferred = client.call(2, &elect(PREFERRED, None));
    assert_eq!(codes(&preferred), [("t", 1, ErrorCode::PreferredLeaderNotAvailable)]);
    let unclean = client.call(2, &elect(UNCLEAN, Some(&[("t", &[0, 1])])));
    let expected = [("t", 0, ErrorCode::ElectionNotNeeded), ("t", 1, ErrorCode::EligibleLeadersNotAvailable)];
    assert_eq!(codes(&unclean), expected);
}

fn reassign(topic: &str, partition: i32, replicas: Option<&[i32]>) -> AlterPartitionReassignmentsRequest {
    let partition =
        ReassignablePartition { partition_index: partition, replicas: replicas.map(<[i32]>::to_vec) };
    AlterPartitionReassignmentsRequest {
        topics: vec![ReassignableTopic { name: topic.to_owned(), partitions: vec![partition] }],
        ..AlterPartitionReassignmentsRequest::default()
    }
}

fn reassigned(client: &mut Client, version: i16, request: &AlterPartitionReassignmentsRequest) -> ErrorCode {
    let answer = client.call(version, request);
    assert_eq!(answer.error_code, 0);
    let partition = &answer.responses[0].partitions[0];
    assert_eq!(partition.error_message.is_some(), partition.error_code != 0);
    error(partition.error_code)
}

#[test]
fn a_partition_can_only_be_where_it_is() {
    let server = TestServer::start();
    let mut client = server.client();
    create_topic(&mut client, "t", 1);
    for version in versions::<AlterPartitionReassignmentsRequest>() {
        for (topic, partition, replicas, code) in [
            ("t", 0, Some(&[1][..]), ErrorCode::None),
            ("t", 0, Some(&[2]), ErrorCode::InvalidReplicaAssignment),
            ("t", 0, Some(&[1, 2]), ErrorCode::InvalidReplicaAssignment),
            ("t", 0, Some(&[1, 1]), ErrorCode::InvalidReplicaAssignment),
            ("t", 0, Some(&[]), ErrorCode::InvalidReplicaAssignment),
            ("t", 0, None, ErrorCode::NoReassignmentInProgress),
            ("t", 1, Some(&[1]), ErrorCode::UnknownTopicOrPartition),
            ("t", -1, None, ErrorCode::UnknownTopicOrPartition),
            ("absent", 0, Some(&[1]), ErrorCode::UnknownTopicOrPartition),
        ] {
            let request = reassign(topic, partition, replicas);
            assert_eq!(reassigned(&mut client, version, &request), code, "{topic} {partition} {replicas:?}");
        }
    }
    let same_count = AlterPartitionReassignmentsRequest {
        allow_replication_factor_change: false,
        ..reassign("t", 0, Some(&[1]))
    };
    assert_eq!(reassigned(&mut client, 1, &same_count), ErrorCode::None);
    assert!(!client.call(1, &same_count).allow_replication_factor_change, "the answer repeats the wish");
}

#[test]
fn no_partition_is_on_its_way() {
    let server = TestServer::start();
    let mut client = server.client();
    create_topic(&mut client, "t", 1);
    let topic = |name: &str| ListPartitionReassignmentsTopics {
        name: name.to_owned(),
        partition_indexes: vec![0, 9],
    };
    for topics in [None, Some(vec![]), Some(vec![topic("t"), topic("absent")])] {
        let answer = client.call(0, &ListPartitionReassignmentsRequest { topics, ..Default::default() });
        assert_eq!((answer.error_code, answer.error_message, answer.topics.len()), (0, None, 0));
    }
}

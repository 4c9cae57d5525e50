//! DescribeQuorum and ListConfigResources, over the wire.

use crate::client::Client;
use crate::requests::{create_topic, error};
use crate::server::{TestServer, versions};
use klamm_model::ErrorCode;
use klamm_wire::messages::describe_quorum::{
    DescribeQuorumRequest, DescribeQuorumResponse, PartitionRequest, TopicRequest,
};
use klamm_wire::messages::list_config_resources::ListConfigResourcesRequest;

fn describe(client: &mut Client, version: i16, topics: &[(&str, &[i32])]) -> DescribeQuorumResponse {
    let topics = topics.iter().map(|(name, partitions)| TopicRequest {
        topic_name: (*name).to_owned(),
        partitions: partitions.iter().map(|index| PartitionRequest { partition_index: *index }).collect(),
    });
    client.call(version, &DescribeQuorumRequest { topics: topics.collect() })
}

/// The end of the metadata log and what of it is applied.
fn ends(client: &mut Client) -> (i64, i64) {
    let quorum = describe(client, 2, &[("__cluster_metadata", &[0])]);
    let partition = &quorum.topics[0].partitions[0];
    (partition.current_voters[0].log_end_offset, partition.high_watermark)
}

#[test]
fn the_one_voter_leads() {
    let server = TestServer::start();
    let mut client = server.client();
    let meta = std::fs::read_to_string(server.dir.path().join("data/meta.properties")).unwrap();
    let directory = meta.lines().find_map(|line| line.strip_prefix("directory.id=")).unwrap();
    for version in versions::<DescribeQuorumRequest>() {
        let quorum = describe(&mut client, version, &[("__cluster_metadata", &[0])]);
        let [topic] = quorum.topics.as_slice() else { panic!("{quorum:?}") };
        let [partition] = topic.partitions.as_slice() else { panic!("{quorum:?}") };
        assert_eq!((topic.topic_name.as_str(), quorum.error_code), ("__cluster_metadata", 0));
        assert_eq!((partition.error_code, partition.leader_id), (0, 1));
        assert!(partition.leader_epoch > 0 && partition.high_watermark > 0 && partition.observers.is_empty());
        let [voter] = partition.current_voters.as_slice() else { panic!("{quorum:?}") };
        assert_eq!((voter.replica_id, voter.log_end_offset), (1, partition.high_watermark));
        assert_eq!(voter.last_fetch_timestamp, voter.last_caught_up_timestamp);
        assert_eq!(voter.last_fetch_timestamp > 1_700_000_000_000, version >= 1);
        let id = voter.replica_directory_id;
        assert_eq!((id.is_zero(), id.to_string() == directory), (version < 2, version >= 2), "{id}");
        assert_eq!(quorum.nodes.len(), usize::from(version >= 2));
        let address = server.running().kafka_address;
        for node in quorum.nodes {
            let at = (node.node_id, node.listeners[0].host.as_str(), node.listeners[0].port);
            assert_eq!(at, (1, "127.0.0.1", address.port()));
        }
    }
}

#[test]
fn the_log_grows_with_the_metadata_and_outlives_a_start() {
    let mut server = TestServer::start();
    let mut client = server.client();
    let epoch = |client: &mut Client| {
        describe(client, 2, &[("__cluster_metadata", &[0])]).topics[0].partitions[0].leader_epoch
    };
    let (end, applied) = ends(&mut client);
    assert_eq!(end, applied);
    create_topic(&mut client, "t", 1);
    assert_eq!(ends(&mut client), (end + 1, applied + 1), "one command, one entry");
    let before = epoch(&mut client);
    server.stop();
    server.start_again();
    let mut client = server.client();
    assert!(epoch(&mut client) >= before);
    assert!(ends(&mut client).0 > end + 1, "the broker registered anew");
}

#[test]
fn nothing_else_has_a_quorum() {
    let server = TestServer::start();
    let mut client = server.client();
    create_topic(&mut client, "t", 1);
    let metadata = "__cluster_metadata";
    let asked: [&[(&str, &[i32])]; 4] =
        [&[("t", &[0])], &[(metadata, &[1])], &[(metadata, &[0, 1])], &[(metadata, &[0]), ("t", &[0])]];
    for topics in asked {
        let answer = describe(&mut client, 2, topics);
        assert_eq!(answer.topics.len(), topics.len());
        for partition in answer.topics.iter().flat_map(|topic| &topic.partitions) {
            assert_eq!(error(partition.error_code), ErrorCode::UnknownTopicOrPartition, "{topics:?}");
        }
        assert!(answer.nodes.is_empty());
    }
    assert!(describe(&mut client, 0, &[]).topics.is_empty());
}

#[test]
fn what_can_have_settings_is_listed() {
    let server = TestServer::start();
    let mut client = server.client();
    create_topic(&mut client, "b", 1);
    create_topic(&mut client, "a", 1);
    let mut list = |version, types: &[i8]| {
        let request = ListConfigResourcesRequest { resource_types: types.to_vec() };
        let answer = client.call(version, &request);
        let resources = answer.config_resources.into_iter();
        let named = resources.map(|resource| (resource.resource_type, resource.resource_name));
        (error(answer.error_code), named.collect::<Vec<_>>())
    };
    let named = |kind: i8, name: &str| (kind, name.to_owned());
    assert_eq!(list(0, &[]), (ErrorCode::None, vec![]), "client metrics, of which there are none");
    let all = vec![named(8, "1"), named(4, "1"), named(2, "a"), named(2, "b")];
    assert_eq!(list(1, &[]), (ErrorCode::None, all));
    assert_eq!(list(1, &[2, 16]), (ErrorCode::None, vec![named(2, "a"), named(2, "b")]));
    assert_eq!(list(1, &[4]), (ErrorCode::None, vec![named(4, "1")]));
    assert_eq!(list(1, &[32]), (ErrorCode::None, vec![]));
    assert_eq!(list(1, &[2, 3]), (ErrorCode::UnsupportedVersion, vec![]));
}

//! DescribeLogDirs and AlterReplicaLogDirs, over the wire.

use crate::client::Client;
use crate::requests::{batch, create_topic, error, offset_of, produce};
use crate::server::{TestServer, versions};
use klamm_model::ErrorCode;
use klamm_wire::messages::alter_replica_log_dirs::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic, AlterReplicaLogDirsRequest,
};
use klamm_wire::messages::describe_log_dirs::{
    DescribableLogDirTopic, DescribeLogDirsRequest, DescribeLogDirsResult,
};

fn started() -> (TestServer, Client) {
    let server = TestServer::start();
    let mut client = server.client();
    create_topic(&mut client, "some", 2);
    create_topic(&mut client, "none", 1);
    offset_of(&client.call(9, &produce("some", -1, batch(&["a", "b"]))));
    (server, client)
}

/// Topic, partition, size.
fn sizes(directory: &DescribeLogDirsResult) -> Vec<(&str, i32, i64)> {
    let topics = directory.topics.iter();
    let partition = |topic| {
        let topic: &klamm_wire::messages::describe_log_dirs::DescribeLogDirsTopic = topic;
        let partitions = topic.partitions.iter();
        partitions.map(|here| (topic.name.as_str(), here.partition_index, here.partition_size)).collect()
    };
    topics.flat_map(|topic| -> Vec<_> { partition(topic) }).collect()
}

fn describe(client: &mut Client, topics: &[(&str, &[i32])]) -> DescribeLogDirsResult {
    let topics = topics.iter().map(|(topic, partitions)| DescribableLogDirTopic {
        topic: (*topic).to_owned(),
        partitions: partitions.to_vec(),
    });
    client.call(5, &DescribeLogDirsRequest { topics: Some(topics.collect()) }).results.remove(0)
}

#[test]
fn a_directory_has_every_partition_with_its_size() {
    let (server, mut client) = started();
    let file = server.dir.path().join("data/some-0/00000000000000000000.log");
    let size = i64::try_from(std::fs::metadata(file).unwrap().len()).unwrap();
    assert!(size > 0);
    for version in versions::<DescribeLogDirsRequest>() {
        let answer = client.call(version, &DescribeLogDirsRequest::default());
        let [directory] = answer.results.as_slice() else { panic!("{answer:?}") };
        assert_eq!((answer.error_code, directory.error_code), (0, 0));
        assert_eq!(directory.log_dir, server.dir.path().join("data").to_str().unwrap());
        assert_eq!(sizes(directory), [("none", 0, 0), ("some", 0, size), ("some", 1, 0)]);
        let flags = directory.topics.iter().flat_map(|topic| &topic.partitions);
        assert!(flags.clone().all(|here| here.offset_lag == 0 && !here.is_future_key));
        assert_eq!(directory.total_bytes > 0, version >= 4, "{}", directory.total_bytes);
        assert_eq!(directory.total_bytes == -1, version < 4);
        assert!(directory.usable_bytes <= directory.total_bytes && !directory.is_cordoned);
    }
}

#[test]
fn only_what_is_asked_for_is_described() {
    let (_server, mut client) = started();
    let some = describe(&mut client, &[("some", &[1, 7]), ("absent", &[0]), ("none", &[])]);
    assert_eq!(sizes(&some), [("some", 1, 0)]);
    assert!(sizes(&describe(&mut client, &[])).is_empty(), "no topics are none, null would be all");
    let twice = describe(&mut client, &[("some", &[1]), ("some", &[0, 1])]);
    assert_eq!(twice.topics.len(), 1);
    assert_eq!(twice.topics[0].partitions.len(), 2);
}

fn moved(client: &mut Client, version: i16, path: &str, topic: &str, partition: i32) -> ErrorCode {
    let topic = AlterReplicaLogDirTopic { name: topic.to_owned(), partitions: vec![partition] };
    let dirs = vec![AlterReplicaLogDir { path: path.to_owned(), topics: vec![topic] }];
    let answer = client.call(version, &AlterReplicaLogDirsRequest { dirs });
    error(answer.results[0].partitions[0].error_code)
}

#[test]
fn a_partition_is_in_the_one_directory() {
    let (server, mut client) = started();
    let here = describe(&mut client, &[]).log_dir;
    for version in versions::<AlterReplicaLogDirsRequest>() {
        assert_eq!(moved(&mut client, version, &here, "some", 1), ErrorCode::None);
        assert_eq!(moved(&mut client, version, "/elsewhere", "some", 1), ErrorCode::LogDirNotFound);
        assert_eq!(moved(&mut client, version, "/elsewhere", "absent", 0), ErrorCode::LogDirNotFound);
        let unknown = ErrorCode::UnknownTopicOrPartition;
        assert_eq!(moved(&mut client, version, &here, "some", 2), unknown);
        assert_eq!(moved(&mut client, version, &here, "absent", 0), unknown);
    }
    let topic = |name: &str| AlterReplicaLogDirTopic { name: name.to_owned(), partitions: vec![0] };
    let dirs = vec![
        AlterReplicaLogDir { path: here, topics: vec![topic("some"), topic("none")] },
        AlterReplicaLogDir { path: "/elsewhere".to_owned(), topics: vec![topic("some")] },
    ];
    let answer = client.call(2, &AlterReplicaLogDirsRequest { dirs });
    let codes = answer.results.iter().map(|topic| {
        let partitions = topic.partitions.iter();
        (
            topic.topic_name.as_str(),
            partitions.map(|partition| error(partition.error_code)).collect::<Vec<_>>(),
        )
    });
    let not_found = ErrorCode::LogDirNotFound;
    let expected = [("none", vec![ErrorCode::None]), ("some", vec![ErrorCode::None, not_found])];
    assert_eq!(codes.collect::<Vec<_>>(), expected);
    drop(server);
}

#[test]
fn a_partition_that_can_not_be_opened_is_not_described_and_not_moved() {
    let (mut server, mut client) = started();
    let here = describe(&mut client, &[]).log_dir;
    server.stop();
    let epochs = server.dir.path().join("data/some-0/leader-epoch-checkpoint");
    std::fs::write(epochs, "99\nnonsense\n").unwrap();
    server.start_again();
    let mut client = server.client();
    let all = client.call(5, &DescribeLogDirsRequest::default()).results.remove(0);
    assert_eq!(sizes(&all), [("none", 0, 0), ("some", 1, 0)]);
    assert_eq!(moved(&mut client, 2, &here, "some", 0), ErrorCode::KafkaStorageError);
}

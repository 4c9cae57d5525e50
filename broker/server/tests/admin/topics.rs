//! CreateTopics, DeleteTopics, CreatePartitions and DescribeTopicPartitions, over the wire.

use crate::client::Client;
use crate::server::{TestServer, versions};
use klamm_model::{ErrorCode, TopicId};
use klamm_wire::messages::create_partitions::{
    CreatePartitionsAssignment, CreatePartitionsRequest, CreatePartitionsTopic,
};
use klamm_wire::messages::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreatableTopicResult,
    CreateTopicsRequest,
};
use klamm_wire::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use klamm_wire::messages::describe_topic_partitions::{Cursor, DescribeTopicPartitionsRequest, TopicRequest};

fn topic(name: &str, partitions: i32) -> CreatableTopic {
    CreatableTopic {
        name: name.to_owned(),
        num_partitions: partitions,
        replication_factor: -1,
        ..CreatableTopic::default()
    }
}

fn with_config(name: &str, config: &str, value: Option<&str>) -> CreatableTopic {
    let config = CreatableTopicConfig { name: config.to_owned(), value: value.map(ToOwned::to_owned) };
    CreatableTopic { configs: vec![config], ..topic(name, 1) }
}

fn create(client: &mut Client, topics: Vec<CreatableTopic>) -> Vec<CreatableTopicResult> {
    client.call(7, &CreateTopicsRequest { topics, ..CreateTopicsRequest::default() }).topics
}

fn names(client: &mut Client) -> Vec<(String, usize)> {
    let response = client.call(0, &DescribeTopicPartitionsRequest::default());
    response.topics.into_iter().map(|topic| (topic.name.unwrap(), topic.partitions.len())).collect()
}

#[test]
fn every_version_makes_a_topic() {
    let server = TestServer::start();
    let mut client = server.client();
    for version in versions::<CreateTopicsRequest>() {
        let name = format!("v{version}");
        let request = CreateTopicsRequest { topics: vec![topic(&name, 1)], ..CreateTopicsRequest::default() };
        // Defaults for the counts (KIP-464) came with version 4; servers take them in older ones, too.
        let result = client.call(version, &request).topics.remove(0);
        assert_eq!((result.error_code, result.name.as_str()), (0, name.as_str()), "{result:?}");
        assert_eq!(result.topic_id.is_zero(), version < 7);
        assert_eq!(result.num_partitions, if version >= 5 { 1 } else { -1 });
        let configs = result.configs.unwrap_or_default();
        assert_eq!(configs.iter().any(|config| config.name == "retention.ms"), version >= 5);
    }
}

#[test]
fn a_topic_is_made_as_asked_and_says_so() {
    let server = TestServer::with(&[("num.partitions", "3")]);
    let mut client = server.client();
    let wanted = CreatableTopic { num_partitions: -1, ..with_config("orders", "retention.ms", Some("1000")) };
    let made = create(&mut client, vec![wanted]).remove(0);
    assert_eq!((made.error_code, made.num_partitions, made.replication_factor), (0, 3, 1));
    let configs = made.configs.unwrap();
    let retention = configs.iter().find(|config| config.name == "retention.ms").unwrap();
    assert_eq!((retention.value.as_deref(), retention.config_source), (Some("1000"), 1));
    let segment = configs.iter().find(|config| config.name == "segment.bytes").unwrap();
    assert_eq!((segment.value.as_deref(), segment.config_source), (Some("1073741824"), 5));
    assert_eq!(names(&mut client), [("orders".to_owned(), 3)]);
}

#[test]
fn what_can_not_be_made_is_refused_one_by_one() {
    let server = TestServer::start();
    let mut client = server.client();
    create(&mut client, vec![topic("there", 1)]);
    let assigned = |brokers: Vec<i32>| CreatableReplicaAssignment { partition_index: 0, broker_ids: brokers };
    let results = create(
        &mut client,
        vec![
            topic("good", 2),
            topic("there", 1),
            topic("not a name", 1),
            topic("none", 0),
            CreatableTopic { replication_factor: 3, ..topic("lonely", 1) },
            with_config("odd", "retention.mss", Some("1")),
            with_config("wrong", "retention.ms", Some("soon")),
            CreatableTopic {
                assignments: vec![assigned(vec![9])],
                num_partitions: -1,
                ..topic("nowhere", 1)
            },
            topic("twice", 1),
            topic("twice", 2),
        ],
    );
    let codes: Vec<_> = results
        .iter()
        .map(|result| (result.name.as_str(), ErrorCode::from_i16(result.error_code).unwrap()))
        .collect();
    assert_eq!(
        codes,
        [
            ("good", ErrorCode::None),
            ("there", ErrorCode::TopicAlreadyExists),
            ("not a name", ErrorCode::InvalidTopicException),
            ("none", ErrorCode::InvalidPartitions),
            ("lonely", ErrorCode::InvalidReplicationFactor),
            ("odd", ErrorCode::InvalidConfig),
            ("wrong", ErrorCode::InvalidConfig),
            ("nowhere", ErrorCode::InvalidReplicaAssignment),
            ("twice", ErrorCode::InvalidRequest),
        ]
    );
    assert!(results[1..].iter().all(|result| result.error_message.is_some()));
    assert_eq!(names(&mut client), [("good".to_owned(), 2), ("there".to_owned(), 1)]);
}

#[test]
fn validation_makes_nothing() {
    let server = TestServer::start();
    let mut client = server.client();
    let request = CreateTopicsRequest {
        topics: vec![topic("maybe", 4), topic("never", 0)],
        validate_only: true,
        ..CreateTopicsRequest::default()
    };
    let results = client.call(7, &request).topics;
    assert_eq!((results[0].error_code, results[0].num_partitions), (0, 4));
    assert_eq!(results[1].error_code, ErrorCode::InvalidPartitions.as_i16());
    assert_eq!(names(&mut client), []);
}

#[test]
fn topics_go_by_name_and_by_id() {
    let server = TestServer::start();
    let mut client = server.client();
    for version in versions::<DeleteTopicsRequest>() {
        let id = create(&mut client, vec![topic("gone", 1)]).remove(0).topic_id;
        let request = match version {
            6.. => DeleteTopicsRequest {
                topics: vec![DeleteTopicState { name: None, topic_id: id }],
                ..DeleteTopicsRequest::default()
            },
            _ => {
                DeleteTopicsRequest { topic_names: vec!["gone".to_owned()], ..DeleteTopicsRequest::default() }
            }
        };
        let result = client.call(version, &request).responses.remove(0);
        assert_eq!((result.error_code, result.name.as_deref()), (0, Some("gone")), "version {version}");
        assert_eq!(names(&mut client), []);
    }
}

#[test]
fn what_can_not_be_deleted() {
    let server = TestServer::start();
    let mut client = server.client();
    let id = create(&mut client, vec![topic("stays", 1)]).remove(0).topic_id;
    let unknown = TopicId::random();
    let named =
        |name: Option<&str>, topic_id| DeleteTopicState { name: name.map(ToOwned::to_owned), topic_id };
    let request = DeleteTopicsRequest {
        topics: vec![
            named(None, TopicId::ZERO),
            named(Some("stays"), id),
            named(Some("absent"), TopicId::ZERO),
            named(Some("not a name"), TopicId::ZERO),
            named(None, unknown),
            named(Some("twice"), TopicId::ZERO),
            named(Some("twice"), TopicId::ZERO),
        ],
        ..DeleteTopicsRequest::default()
    };
    let mut codes: Vec<_> = client
        .call(6, &request)
        .responses
        .into_iter()
        .map(|result| (result.name, ErrorCode::from_i16(result.error_code).unwrap()))
        .collect();
    codes.sort_by_key(|(name, code)| (name.clone(), code.as_i16()));
    let text = |name: &str| Some(name.to_owned());
    assert_eq!(
        codes,
        [
            (None, ErrorCode::InvalidRequest),
            (None, ErrorCode::UnknownTopicId),
            (text("absent"), ErrorCode::UnknownTopicOrPartition),
            (text("not a name"), ErrorCode::UnknownTopicOrPartition),
            (text("stays"), ErrorCode::InvalidRequest),
            (text("twice"), ErrorCode::InvalidRequest),
        ]
    );
    assert_eq!(names(&mut client), [("stays".to_owned(), 1)]);
}

#[test]
fn deletion_can_be_forbidden() {
    let server = TestServer::with(&[("delete.topic.enable", "false")]);
    let mut client = server.client();
    create(&mut client, vec![topic("stays", 1)]);
    for (version, code) in [(1, ErrorCode::InvalidRequest), (5, ErrorCode::TopicDeletionDisabled)] {
        let request =
            DeleteTopicsRequest { topic_names: vec!["stays".to_owned()], ..DeleteTopicsRequest::default() };
        assert_eq!(client.call(version, &request).responses[0].error_code, code.as_i16());
    }
    assert_eq!(names(&mut client), [("stays".to_owned(), 1)]);
}

#[test]
fn partitions_are_added_and_never_taken() {
    let server = TestServer::start();
    let mut client = server.client();
    create(&mut client, vec![topic("grows", 1)]);
    let more = |name: &str, count, assignments: Option<Vec<Vec<i32>>>| CreatePartitionsTopic {
        name: name.to_owned(),
        count,
        assignments: assignments
            .map(|all| all.into_iter().map(|broker_ids| CreatePartitionsAssignment { broker_ids }).collect()),
    };
    let mut ask = |version, topics, validate_only| {
        let request = CreatePartitionsRequest { topics, validate_only, ..CreatePartitionsRequest::default() };
        let results = client.call(version, &request).results;
        results.into_iter().map(|result| ErrorCode::from_i16(result.error_code).unwrap()).collect::<Vec<_>>()
    };
    for version in versions::<CreatePartitionsRequest>() {
        let count = i32::from(version) + 2;
        assert_eq!(ask(version, vec![more("grows", count, None)], false), [ErrorCode::None]);
    }
    assert_eq!(ask(3, vec![more("grows", 9, None)], true), [ErrorCode::None]);
    assert_eq!(ask(3, vec![more("grows", 5, None)], false), [ErrorCode::InvalidPartitions]);
    assert_eq!(ask(3, vec![more("grows", 1, None)], false), [ErrorCode::InvalidPartitions]);
    assert_eq!(ask(3, vec![more("absent", 2, None)], false), [ErrorCode::UnknownTopicOrPartition]);
    let nowhere = more("grows", 6, Some(vec![vec![9]]));
    assert_eq!(ask(3, vec![nowhere], false), [ErrorCode::InvalidReplicaAssignment]);
    let here = more("grows", 6, Some(vec![vec![1]]));
    assert_eq!(ask(3, vec![here.clone(), here], false), [ErrorCode::InvalidRequest]);
    assert_eq!(names(&mut client), [("grows".to_owned(), 5)]);
}

/// Every page of at most `limit` partitions, as `topic:partitions`.
fn pages(client: &mut Client, limit: i32) -> Vec<String> {
    let mut pages = Vec::new();
    let mut cursor = None;
    loop {
        let request = DescribeTopicPartitionsRequest {
            response_partition_limit: limit,
            cursor,
            ..DescribeTopicPartitionsRequest::default()
        };
        let response = client.call(0, &request);
        let page = response.topics.into_iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|partition| partition.partition_index.to_string());
            format!("{}:{}", topic.name.unwrap(), partitions.collect::<String>())
        });
        pages.push(page.collect::<Vec<_>>().join(" "));
        cursor = response.next_cursor;
        if cursor.is_none() {
            return pages;
        }
    }
}

#[test]
fn partitions_come_page_by_page() {
    let server = TestServer::start();
    let mut client = server.client();
    create(&mut client, vec![topic("a", 3), topic("b", 2), topic("c", 1)]);
    assert_eq!(pages(&mut client, 2), ["a:01", "a:2 b:0", "b:1 c:0"]);
    // A page that ends with a topic says nothing of the next one.
    assert_eq!(pages(&mut client, 3), ["a:012", "b:01 c:0"]);
    assert_eq!(pages(&mut client, 0), ["a:0", "a:1", "a:2", "b:0", "b:1", "c:0"]);
    assert_eq!(pages(&mut client, 6), ["a:012 b:01 c:0"]);
}

#[test]
fn a_broker_may_allow_less_than_the_client_asks_for() {
    let server = TestServer::with(&[("max.request.partition.size.limit", "2")]);
    let mut client = server.client();
    create(&mut client, vec![topic("a", 3)]);
    assert_eq!(pages(&mut client, 2000), ["a:01", "a:2"]);
}

#[test]
fn described_topics_say_who_leads() {
    let server = TestServer::start();
    let mut client = server.client();
    let id = create(&mut client, vec![topic("led", 1)]).remove(0).topic_id;
    let names = ["led", "absent", "not a name"];
    let request = DescribeTopicPartitionsRequest {
        topics: names.iter().map(|name| TopicRequest { name: (*name).to_owned() }).collect(),
        ..DescribeTopicPartitionsRequest::default()
    };
    let topics = client.call(0, &request).topics;
    let codes: Vec<_> =
        topics.iter().map(|topic| (topic.name.as_deref().unwrap(), topic.error_code)).collect();
    assert_eq!(codes, [("absent", 3), ("led", 0), ("not a name", 17)]);
    assert_eq!(topics[1].topic_id, id);
    let partition = &topics[1].partitions[0];
    assert_eq!(
        (partition.leader_id, &partition.replica_nodes, &partition.isr_nodes),
        (1, &vec![1], &vec![1])
    );
    assert_eq!(partition.eligible_leader_replicas, Some(vec![]));
}

#[test]
fn a_cursor_belongs_to_its_list() {
    let server = TestServer::start();
    let mut client = server.client();
    create(&mut client, vec![topic("a", 1)]);
    let mut code = |topic_name: &str, partition_index| {
        let request = DescribeTopicPartitionsRequest {
            topics: vec![TopicRequest { name: "a".to_owned() }],
            cursor: Some(Cursor { topic_name: topic_name.to_owned(), partition_index }),
            ..DescribeTopicPartitionsRequest::default()
        };
        client.call(0, &request).topics[0].error_code
    };
    assert_eq!(code("a", 0), 0);
    assert_eq!(code("b", 0), ErrorCode::InvalidRequest.as_i16());
    assert_eq!(code("a", -1), ErrorCode::InvalidRequest.as_i16());
}

#[test]
fn topics_outlive_a_restart() {
    let mut server = TestServer::start();
    let id = create(&mut server.client(), vec![topic("lasting", 2)]).remove(0).topic_id;
    server.stop();
    server.start_again();
    let mut client = server.client();
    let response = client.call(0, &DescribeTopicPartitionsRequest::default());
    assert_eq!(response.topics[0].topic_id, id);
    assert_eq!(names(&mut client), [("lasting".to_owned(), 2)]);
}

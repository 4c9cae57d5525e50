//! Metadata: brokers, topics, auto-creation.

use klamm_model::{ErrorCode, TopicId};
use klamm_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponseTopic};

use crate::support::{Client, TestBroker, batch, create_topic, error, offset_of, produce};

fn by_name(name: &str) -> MetadataRequestTopic {
    MetadataRequestTopic { name: Some(name.to_owned()), ..MetadataRequestTopic::default() }
}

fn ask(
    client: &mut Client,
    version: i16,
    topic: MetadataRequestTopic,
    create: bool,
) -> MetadataResponseTopic {
    let request = MetadataRequest {
        topics: Some(vec![topic]),
        allow_auto_topic_creation: create,
        ..MetadataRequest::default()
    };
    client.call(version, &request).topics.remove(0)
}

#[test]
fn every_version_describes_brokers_and_topics() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    let id = create_topic(&mut client, "t", 2);
    for version in 0..=13 {
        // In version 0 all topics are asked for by none.
        let topics = (version == 0).then(Vec::new);
        let response = client.call(version, &MetadataRequest { topics, ..MetadataRequest::default() });
        let address = broker.server().kafka_address;
        let [only] = response.brokers.as_slice() else { panic!("{response:?}") };
        assert_eq!(
            (only.node_id, only.host.as_str(), only.port),
            (1, "127.0.0.1", i32::from(address.port()))
        );
        let [topic] = response.topics.as_slice() else { panic!("{response:?}") };
        assert_eq!((topic.name.as_deref(), topic.partitions.len()), (Some("t"), 2));
        assert_eq!(topic.topic_id, if version >= 10 { id } else { TopicId::ZERO });
        let partition = &topic.partitions[1];
        assert_eq!((partition.partition_index, partition.leader_id), (1, 1));
        assert_eq!((&partition.replica_nodes[..], &partition.isr_nodes[..]), (&[1][..], &[1][..]));
        assert_eq!(partition.leader_epoch, if version >= 7 { 0 } else { -1 });
        assert_eq!(response.controller_id, if version >= 1 { 1 } else { -1 });
    }
}

#[test]
fn a_topic_that_is_asked_for_is_made_if_that_is_allowed() {
    let broker = TestBroker::with(&[("num.partitions", "3")]);
    let mut client = broker.client();
    let absent = ask(&mut client, 9, by_name("t"), false);
    assert_eq!(error(absent.error_code), ErrorCode::UnknownTopicOrPartition);
    let made = ask(&mut client, 9, by_name("t"), true);
    assert_eq!((made.error_code, made.partitions.len()), (0, 3));
    // It can be written to at once.
    assert_eq!(offset_of(&client.call(9, &produce("t", -1, batch(&["x"])))), 0);
}

#[test]
fn auto_creation_can_be_switched_off() {
    let broker = TestBroker::with(&[("auto.create.topics.enable", "false")]);
    let mut client = broker.client();
    let absent = ask(&mut client, 9, by_name("t"), true);
    assert_eq!(error(absent.error_code), ErrorCode::UnknownTopicOrPartition);
}

#[test]
fn names_and_ids_that_are_none() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    let id = create_topic(&mut client, "t", 1);
    let invalid = ask(&mut client, 13, by_name("no/slash"), true);
    assert_eq!(error(invalid.error_code), ErrorCode::InvalidTopicException);
    let by_id = |topic_id| MetadataRequestTopic { topic_id, name: None };
    let found = ask(&mut client, 12, by_id(id), true);
    assert_eq!((found.name.as_deref(), found.topic_id), (Some("t"), id));
    let unknown = ask(&mut client, 12, by_id(TopicId::random()), true);
    assert_eq!((error(unknown.error_code), unknown.name), (ErrorCode::UnknownTopicId, None));
    // Versions 10 and 11 have the field, but an answer can't leave the name out: Kafka takes ids from 12 on.
    for id in [id, TopicId::random(), TopicId::ZERO] {
        let refused = ask(&mut client, 11, by_id(id), true);
        assert_eq!((error(refused.error_code), refused.topic_id), (ErrorCode::InvalidRequest, id));
        assert_eq!(refused.name.as_deref(), Some(""));
    }
}

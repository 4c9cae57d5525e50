//! DescribeConfigs, AlterConfigs, IncrementalAlterConfigs and DescribeCluster, over the wire.

use std::time::{Duration, Instant};

use crate::client::Client;
use crate::server::{TestServer, versions};
use klamm_model::ErrorCode;
use klamm_wire::messages::alter_configs::{AlterConfigsRequest, AlterConfigsResource, AlterableConfig};
use klamm_wire::messages::api_versions::ApiVersionsRequest;
use klamm_wire::messages::create_topics::{CreatableTopic, CreateTopicsRequest};
use klamm_wire::messages::describe_cluster::DescribeClusterRequest;
use klamm_wire::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResult,
};
use klamm_wire::messages::incremental_alter_configs as incremental;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const CLIENT_METRICS: i8 = 16;
const GROUP: i8 = 32;
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

fn with_topic(settings: &[(&str, &str)]) -> (TestServer, Client) {
    let server = TestServer::with(settings);
    let mut client = server.client();
    let topic = CreatableTopic {
        name: "t".to_owned(),
        num_partitions: 1,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    let made = client.call(7, &CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() });
    assert_eq!(made.topics[0].error_code, 0);
    (server, client)
}

fn describe(client: &mut Client, kind: i8, name: &str, keys: Option<&[&str]>) -> DescribeConfigsResult {
    let resource = DescribeConfigsResource {
        resource_type: kind,
        resource_name: name.to_owned(),
        configuration_keys: keys.map(|keys| keys.iter().map(|key| (*key).to_owned()).collect()),
    };
    let request = DescribeConfigsRequest {
        resources: vec![resource],
        include_synonyms: true,
        include_documentation: true,
    };
    client.call(4, &request).results.remove(0)
}

fn config(client: &mut Client, kind: i8, name: &str, key: &str) -> Option<DescribeConfigsResourceResult> {
    let result = describe(client, kind, name, Some(&[key]));
    assert_eq!(result.error_code, 0, "{:?}", result.error_message);
    result.configs.into_iter().next()
}

/// A value with the number of its source.
fn value(client: &mut Client, kind: i8, name: &str, key: &str) -> (String, i8) {
    let config = config(client, kind, name, key).unwrap();
    (config.value.unwrap(), config.config_source)
}

fn change(
    client: &mut Client,
    (kind, name): (i8, &str),
    ops: &[(i8, &str, Option<&str>)],
    validate_only: bool,
) -> (ErrorCode, String) {
    let configs = ops.iter().map(|(operation, key, value)| incremental::AlterableConfig {
        name: (*key).to_owned(),
        config_operation: *operation,
        value: value.map(ToOwned::to_owned),
    });
    let resource = incremental::AlterConfigsResource {
        resource_type: kind,
        resource_name: name.to_owned(),
        configs: configs.collect(),
    };
    let request = incremental::IncrementalAlterConfigsRequest { resources: vec![resource], validate_only };
    let response = client.call(1, &request).responses.remove(0);
    assert_eq!((response.resource_type, response.resource_name.as_str()), (kind, name));
    (ErrorCode::from_i16(response.error_code).unwrap(), response.error_message.unwrap_or_default())
}

#[test]
fn a_topics_settings_come_with_all_that_is_known_of_them() {
    let (_server, mut client) = with_topic(&[("log.retention.hours", "1")]);
    let retention = config(&mut client, TOPIC, "t", "retention.ms").unwrap();
    assert_eq!((retention.value.as_deref(), retention.config_source), (Some("3600000"), 4));
    assert_eq!((retention.config_type, retention.read_only), (5, false));
    assert!(retention.documentation.unwrap().contains("segment is deleted"));
    let synonyms: Vec<_> = retention
        .synonyms
        .iter()
        .map(|synonym| (synonym.name.as_str(), synonym.value.as_deref().unwrap(), synonym.source))
        .collect();
    assert_eq!(synonyms, [("log.retention.hours", "1", 4)]);
    assert!(describe(&mut client, TOPIC, "t", None).configs.len() > 20);
    assert!(describe(&mut client, TOPIC, "t", Some(&[])).configs.len() > 20);
}

#[test]
fn every_version_describes() {
    let (_server, mut client) = with_topic(&[]);
    for version in versions::<DescribeConfigsRequest>() {
        let resource = DescribeConfigsResource {
            resource_type: TOPIC,
            resource_name: "t".to_owned(),
            configuration_keys: Some(vec!["cleanup.policy".to_owned()]),
        };
        let request =
            DescribeConfigsRequest { resources: vec![resource], ..DescribeConfigsRequest::default() };
        let config = client.call(version, &request).results.remove(0).configs.remove(0);
        assert_eq!((config.value.as_deref(), config.config_source), (Some("delete"), 5));
        assert_eq!((config.synonyms.len(), config.documentation), (0, None));
        assert_eq!(config.config_type, if version >= 3 { 7 } else { 0 });
    }
}

#[test]
fn a_broker_knows_itself_and_what_all_brokers_share() {
    let (_server, mut client) = with_topic(&[("num.partitions", "3")]);
    assert_eq!(value(&mut client, BROKER, "1", "num.partitions"), ("3".to_owned(), 4));
    assert!(config(&mut client, BROKER, "1", "num.partitions").unwrap().read_only);
    assert_eq!(value(&mut client, BROKER, "1", "message.max.bytes"), ("1048588".to_owned(), 5));
    assert_eq!(describe(&mut client, BROKER, "", None).configs, []);
    for (kind, name, code) in [
        (BROKER, "2", ErrorCode::InvalidRequest),
        (BROKER, "one", ErrorCode::InvalidRequest),
        (TOPIC, "absent", ErrorCode::UnknownTopicOrPartition),
        (TOPIC, "not a name", ErrorCode::InvalidTopicException),
        (8, "1", ErrorCode::InvalidRequest),
        (99, "x", ErrorCode::InvalidRequest),
        (GROUP, "", ErrorCode::InvalidRequest),
        (CLIENT_METRICS, "", ErrorCode::InvalidRequest),
    ] {
        let result = describe(&mut client, kind, name, None);
        assert_eq!((result.error_code, result.configs.len()), (code.as_i16(), 0), "{kind} {name}");
        assert!(result.error_message.is_some());
    }
}

#[test]
fn single_settings_change() {
    let (_server, mut client) = with_topic(&[]);
    let topic = (TOPIC, "t");
    let done = (ErrorCode::None, String::new());
    assert_eq!(change(&mut client, topic, &[(SET, "retention.ms", Some("7"))], true), done);
    assert_eq!(value(&mut client, TOPIC, "t", "retention.ms").0, "604800000");
    let both = [(SET, "retention.ms", Some("7")), (APPEND, "cleanup.policy", Some("compact"))];
    assert_eq!(change(&mut client, topic, &both, false), done);
    assert_eq!(value(&mut client, TOPIC, "t", "retention.ms"), ("7".to_owned(), 1));
    assert_eq!(value(&mut client, TOPIC, "t", "cleanup.policy"), ("delete,compact".to_owned(), 1));
    let back = [(DELETE, "retention.ms", None), (SUBTRACT, "cleanup.policy", Some("delete"))];
    assert_eq!(change(&mut client, topic, &back, false), done);
    assert_eq!(value(&mut client, TOPIC, "t", "retention.ms"), ("604800000".to_owned(), 5));
    assert_eq!(value(&mut client, TOPIC, "t", "cleanup.policy"), ("compact".to_owned(), 1));
}

#[test]
fn all_of_a_resource_changes_or_nothing() {
    let (_server, mut client) = with_topic(&[]);
    let topic = (TOPIC, "t");
    let good = (SET, "retention.ms", Some("7"));
    for (bad, code, word) in [
        ((SET, "retention.mss", Some("1")), ErrorCode::InvalidConfig, "retention.mss"),
        ((SET, "segment.bytes", Some("many")), ErrorCode::InvalidConfig, "many"),
        ((SET, "segment.bytes", None), ErrorCode::InvalidRequest, "segment.bytes"),
        ((APPEND, "segment.bytes", Some("1")), ErrorCode::InvalidConfig, "LIST"),
        ((9, "segment.bytes", Some("1")), ErrorCode::InvalidRequest, "operation 9"),
        (good, ErrorCode::InvalidRequest, "duplicate"),
    ] {
        let (found, message) = change(&mut client, topic, &[good, bad], false);
        assert_eq!(found, code, "{message}");
        assert!(message.contains(word), "{message}");
    }
    assert_eq!(value(&mut client, TOPIC, "t", "retention.ms").1, 5);
}

#[test]
fn dynamic_broker_settings_act_at_once() {
    let (_server, mut client) = with_topic(&[("log.retention.ms", "9000")]);
    let max = (SET, "log.retention.ms", Some("5000"));
    assert_eq!(change(&mut client, (BROKER, ""), &[max], false).0, ErrorCode::None);
    assert_eq!(value(&mut client, BROKER, "", "log.retention.ms"), ("5000".to_owned(), 3));
    assert_eq!(value(&mut client, TOPIC, "t", "retention.ms"), ("5000".to_owned(), 3));
    let own = (SET, "log.retention.ms", Some("4000"));
    assert_eq!(change(&mut client, (BROKER, "1"), &[own], false).0, ErrorCode::None);
    assert_eq!(value(&mut client, BROKER, "1", "log.retention.ms"), ("4000".to_owned(), 2));
    assert_eq!(value(&mut client, TOPIC, "t", "retention.ms"), ("4000".to_owned(), 2));
    let fixed = (SET, "num.partitions", Some("5"));
    let (code, message) = change(&mut client, (BROKER, "1"), &[fixed], false);
    assert_eq!(code, ErrorCode::InvalidRequest, "{message}");
    assert!(message.contains("num.partitions"), "{message}");
    let (code, _) = change(&mut client, (BROKER, "2"), &[own], false);
    assert_eq!(code, ErrorCode::InvalidRequest);
}

#[test]
fn an_addresss_own_limit_changes_while_the_broker_runs() {
    let (server, mut client) = with_topic(&[]);
    let name = "max.connections.per.ip.overrides";
    let (code, message) = change(&mut client, (BROKER, ""), &[(SET, name, Some("localhost:5"))], false);
    assert_eq!(code, ErrorCode::InvalidRequest, "{message}");
    assert!(message.contains("localhost is not an IP address"), "{message}");
    let only_one = (SET, name, Some("127.0.0.1:1"));
    assert_eq!(change(&mut client, (BROKER, ""), &[only_one], false).0, ErrorCode::None);
    assert_eq!(value(&mut client, BROKER, "1", name), ("127.0.0.1:1".to_owned(), 3));
    // The broker follows the metadata soon; connections that were there stay.
    let begun = Instant::now();
    loop {
        let mut second = server.client();
        second.send(0, &ApiVersionsRequest::default());
        if second.next_frame().is_none() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "a second connection is still accepted");
    }
    assert_eq!(value(&mut client, BROKER, "1", "max.connections.per.ip").1, 5);
}

#[test]
fn the_older_api_replaces_everything() {
    let (_server, mut client) = with_topic(&[]);
    change(&mut client, (TOPIC, "t"), &[(SET, "retention.ms", Some("7"))], false);
    let mut replace = |version, key: &str, value: Option<&str>| {
        let config = AlterableConfig { name: key.to_owned(), value: value.map(ToOwned::to_owned) };
        let resource = AlterConfigsResource {
            resource_type: TOPIC,
            resource_name: "t".to_owned(),
            configs: vec![config],
        };
        let request = AlterConfigsRequest { resources: vec![resource], validate_only: false };
        client.call(version, &request).responses.remove(0).error_code
    };
    for version in versions::<AlterConfigsRequest>() {
        assert_eq!(replace(version, "segment.ms", Some("1000")), 0);
    }
    assert_eq!(replace(2, "segment.ms", None), ErrorCode::InvalidRequest.as_i16());
    assert_eq!(value(&mut client, TOPIC, "t", "segment.ms"), ("1000".to_owned(), 1));
    assert_eq!(value(&mut client, TOPIC, "t", "retention.ms").1, 5);
}

#[test]
fn a_resource_is_named_once() {
    let (_server, mut client) = with_topic(&[]);
    let resource =
        AlterConfigsResource { resource_type: TOPIC, resource_name: "t".to_owned(), configs: Vec::new() };
    let request = AlterConfigsRequest { resources: vec![resource.clone(), resource], validate_only: false };
    let responses = client.call(2, &request).responses;
    assert_eq!(responses.len(), 1);
    assert_eq!(responses[0].error_code, ErrorCode::InvalidRequest.as_i16());
}

#[test]
fn the_cluster_is_this_broker() {
    let server = TestServer::start();
    let mut client = server.client();
    for version in versions::<DescribeClusterRequest>() {
        let response = client.call(version, &DescribeClusterRequest::default());
        assert_eq!((response.error_code, response.controller_id), (0, 1));
        assert_eq!(response.cluster_id.len(), 22);
        assert_eq!(response.cluster_authorized_operations, i32::MIN);
        let brokers: Vec<_> =
            response.brokers.iter().map(|b| (b.broker_id, b.host.as_str(), b.port)).collect();
        assert_eq!(brokers, [(1, "127.0.0.1", i32::from(server.running().kafka_address.port()))]);
    }
    let request = DescribeClusterRequest {
        include_cluster_authorized_operations: true,
        endpoint_type: 2,
        ..DescribeClusterRequest::default()
    };
    assert_eq!(client.call(2, &request).error_code, ErrorCode::MismatchedEndpointType.as_i16());
    let request = DescribeClusterRequest { endpoint_type: 1, ..request };
    // Bits of Alter, AlterConfigs, ClusterAction, Create, Describe, DescribeConfigs, IdempotentWrite.
    assert_eq!(client.call(2, &request).cluster_authorized_operations, 8096);
}

#[test]
fn groups_have_settings_within_the_brokers_bounds() {
    let (_server, mut client) = with_topic(&[("group.consumer.max.session.timeout.ms", "50000")]);
    let name = "consumer.session.timeout.ms";
    assert_eq!(value(&mut client, GROUP, "g", name), ("45000".to_owned(), 5));
    assert_eq!(describe(&mut client, GROUP, "g", None).configs.len(), 2);
    let done = (ErrorCode::None, String::new());
    assert_eq!(change(&mut client, (GROUP, "g"), &[(SET, name, Some("50000"))], false), done);
    assert_eq!(value(&mut client, GROUP, "g", name), ("50000".to_owned(), 8));
    assert_eq!(value(&mut client, GROUP, "other", name).1, 5);
    let (code, message) = change(&mut client, (GROUP, "g"), &[(SET, name, Some("50001"))], false);
    assert_eq!(code, ErrorCode::InvalidConfig);
    assert!(message.contains("group.consumer.max.session.timeout.ms"), "{message}");
    assert_eq!(change(&mut client, (GROUP, "g"), &[(DELETE, name, None)], false), done);
    assert_eq!(value(&mut client, GROUP, "g", name), ("45000".to_owned(), 5));
}

#[test]
fn subscriptions_to_metrics_are_kept() {
    let (_server, mut client) = with_topic(&[]);
    let done = (ErrorCode::None, String::new());
    let both = [(SET, "interval.ms", Some("1000")), (SET, "match", Some("client_id=a.*"))];
    assert_eq!(change(&mut client, (CLIENT_METRICS, "m"), &both, false), done);
    assert_eq!(value(&mut client, CLIENT_METRICS, "m", "interval.ms"), ("1000".to_owned(), 7));
    assert_eq!(value(&mut client, CLIENT_METRICS, "m", "match"), ("client_id=a.*".to_owned(), 7));
    assert_eq!(value(&mut client, CLIENT_METRICS, "m", "metrics"), (String::new(), 5));
    let wrong = [(SET, "match", Some("name=a"))];
    let (code, message) = change(&mut client, (CLIENT_METRICS, "m"), &wrong, false);
    assert_eq!(code, ErrorCode::InvalidRequest);
    assert!(message.contains("Illegal client matching pattern: name=a"), "{message}");
}

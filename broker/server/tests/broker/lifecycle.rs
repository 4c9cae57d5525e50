//! Starting, stopping, starting again, and what a user can do wrong.

use klamm_model::ErrorCode;
use klamm_server::{Server, ServerOptions, StartError};
use klamm_wire::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};

use crate::support::{
    Client, TestBroker, batch, create_topic, error, fetch, offset_of, produce, records_of, topic_id,
};

#[test]
fn a_restart_keeps_topics_and_records() {
    let mut broker = TestBroker::start();
    let mut client = broker.client();
    let id = create_topic(&mut client, "t", 2);
    offset_of(&client.call(9, &produce("t", -1, batch(&["a", "b"]))));
    broker.stop();
    assert!(client.is_closed());
    broker.start_again();
    let mut client = broker.client();
    assert_eq!(topic_id(&mut client, "t"), id);
    let response = client.call(12, &fetch("t", 0, 5000));
    let records = records_of(&response.responses[0].partitions[0]);
    assert_eq!(records, [(0, "a".to_owned()), (1, "b".to_owned())]);
    assert_eq!(offset_of(&client.call(9, &produce("t", -1, batch(&["c"])))), 2);
}

/// From 256 on, their small files are brought to the disk by syncs of the whole file system, and renamed only then.
#[test]
fn many_partitions_are_closed_in_order() {
    let mut broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 300);
    offset_of(&client.call(9, &produce("t", -1, batch(&["a", "b"]))));
    broker.stop();
    let data = broker.dir.path().join("data");
    let names = |dir: &str| -> Vec<String> {
        let entries = std::fs::read_dir(data.join(dir)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert!(names("").iter().any(|name| name == ".kafka_cleanshutdown"));
    let files = names("t-0");
    assert!(files.iter().any(|name| name == "leader-epoch-checkpoint"), "{files:?}");
    assert!(files.iter().any(|name| name == "00000000000000000002.snapshot"), "{files:?}");
    assert!((0..300).all(|n| names(&format!("t-{n}")).iter().all(|name| !name.contains(".tmp"))));
    broker.start_again();
    let response = broker.client().call(12, &fetch("t", 0, 5000));
    assert_eq!(records_of(&response.responses[0].partitions[0]).len(), 2);
}

fn delete_topic(client: &mut Client, name: &str) {
    let topic = DeleteTopicState { name: Some(name.to_owned()), ..DeleteTopicState::default() };
    let request =
        DeleteTopicsRequest { topics: vec![topic], timeout_ms: 10_000, ..DeleteTopicsRequest::default() };
    assert_eq!(client.ask(&request).responses[0].error_code, 0);
}

#[test]
fn a_topic_that_is_made_again_starts_anew() {
    let broker = TestBroker::start();
    let mut client = broker.client();
    let first = create_topic(&mut client, "t", 1);
    offset_of(&client.call(9, &produce("t", -1, batch(&["old"]))));
    delete_topic(&mut client, "t");
    let response = client.call(12, &fetch("t", 0, 0));
    assert_eq!(error(response.responses[0].partitions[0].error_code), ErrorCode::UnknownTopicOrPartition);
    let second = create_topic(&mut client, "t", 1);
    assert_ne!(first, second);
    assert_eq!(offset_of(&client.call(9, &produce("t", -1, batch(&["new"])))), 0);
}

#[test]
fn a_deleted_topic_leaves_no_files() {
    let broker = TestBroker::with(&[("log.segment.delete.delay.ms", "0")]);
    let mut client = broker.client();
    create_topic(&mut client, "t", 3);
    offset_of(&client.call(9, &produce("t", -1, batch(&["old"]))));
    delete_topic(&mut client, "t");
    let of_topic = || {
        let entries = std::fs::read_dir(broker.dir.path().join("data")).unwrap();
        entries
            .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("t-"))
            .count()
    };
    // The files go behind the answer's back; another request's round trip is the pace of looking again.
    let gone = (0..100_000).any(|_| {
        topic_id(&mut client, "other");
        of_topic() == 0
    });
    assert!(gone);
}

#[test]
fn retention_deletes_old_segments() {
    let broker = TestBroker::with(&[
        ("log.segment.bytes", "1048576"),
        ("log.retention.bytes", "1048576"),
        ("log.retention.check.interval.ms", "50"),
    ]);
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    let large = "x".repeat(600_000);
    for _ in 0..6 {
        offset_of(&client.call(9, &produce("t", -1, batch(&[&large]))));
    }
    let start = |client: &mut Client| {
        let data = client.call(12, &fetch("t", 5, 1000)).responses.remove(0).partitions.remove(0);
        data.log_start_offset
    };
    assert!((0..100_000).any(|_| start(&mut client) > 0));
    let response = client.call(12, &fetch("t", 0, 0));
    assert_eq!(error(response.responses[0].partitions[0].error_code), ErrorCode::OffsetOutOfRange);
}

#[test]
fn requests_that_came_before_the_stop_are_answered() {
    let mut broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "t", 1);
    let (_, frame) = client.frame(9, &produce("t", -1, batch(&["first"])));
    client.send_bytes(&frame.repeat(20));
    let first = offset_of(&client.receive(9).1);
    broker.stop();
    let mut answered = vec![first];
    while let Some(frame) = client.next_frame() {
        let (_, response) = klamm_wire::decode_response(frame, 9).unwrap();
        answered.push(offset_of(&response));
    }
    assert_eq!(answered, (0..i64::try_from(answered.len()).unwrap()).collect::<Vec<_>>());
    broker.start_again();
    let mut client = broker.client();
    let response = client.call(12, &fetch("t", 0, 1000));
    let there = records_of(&response.responses[0].partitions[0]).len();
    assert!(there >= answered.len(), "{there} records, {} acknowledged", answered.len());
}

#[test]
fn a_port_that_is_taken_is_named_with_a_way_out() {
    let broker = TestBroker::start();
    let other = tempfile::TempDir::new().unwrap();
    let address = broker.server().kafka_address.to_string();
    let options = ServerOptions {
        data_dir: other.path().to_owned(),
        kafka_address: address.clone(),
        ..broker.options()
    };
    let refused = Server::start(options).unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, StartError::Port { .. }), "{text}");
    assert!(text.contains(&address) && text.contains("--kafka-address"), "{text}");
}

#[test]
fn a_data_directory_serves_one_broker_at_a_time() {
    let broker = TestBroker::start();
    let refused = Server::start(broker.options()).unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, StartError::DataDir(_)), "{text}");
    assert!(text.contains("in use") && text.contains("--data-dir"), "{text}");
}

#[test]
fn metadata_that_is_gone_does_not_take_the_records_along() {
    let mut broker = TestBroker::start();
    create_topic(&mut broker.client(), "t", 1);
    broker.stop();
    let data = broker.dir.path().join("data");
    std::fs::remove_dir_all(data.join("__cluster_metadata")).unwrap();
    let refused = Server::start(broker.options()).unwrap_err();
    assert!(matches!(refused, StartError::MetadataLost { partitions: 1, .. }), "{refused}");
    assert!(data.join("t-0").is_dir(), "the records are still there");
}

#[test]
fn one_corrupt_partition_is_offline_and_the_others_are_served() {
    let mut broker = TestBroker::start();
    let mut client = broker.client();
    create_topic(&mut client, "good", 1);
    create_topic(&mut client, "bad", 1);
    offset_of(&client.call(9, &produce("good", -1, batch(&["g"]))));
    offset_of(&client.call(9, &produce("bad", -1, batch(&["b"]))));
    broker.stop();
    // A checkpoint of no known format is no torn tail: the broker must not guess.
    let epochs = broker.dir.path().join("data/bad-0/leader-epoch-checkpoint");
    std::fs::write(epochs, "99\nnonsense\n").unwrap();
    broker.start_again();
    let mut client = broker.client();
    let response = client.call(12, &fetch("good", 0, 5000));
    assert_eq!(records_of(&response.responses[0].partitions[0]).len(), 1);
    let response = client.call(12, &fetch("bad", 0, 5000));
    assert_eq!(error(response.responses[0].partitions[0].error_code), ErrorCode::KafkaStorageError);
}

#[test]
fn wrong_settings_are_named_all_at_once() {
    let dir = tempfile::TempDir::new().unwrap();
    let settings = [("num.partitions", "none"), ("no.such.setting", "1")];
    let options = ServerOptions {
        data_dir: dir.path().to_owned(),
        kafka_address: "127.0.0.1:0".to_owned(),
        http_address: None,
        grpc_address: None,
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..ServerOptions::default()
    };
    let text = Server::start(options).unwrap_err().to_string();
    assert!(text.contains("num.partitions") && text.contains("no.such.setting"), "{text}");
}

//! A controller on a real directory.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::path::Path;

use klamm_controller::settings::GroupBounds;
use klamm_controller::{
    BrokerRegistration, ConfigChange, ConfigOp, ConfigResource, Controller, ControllerOptions, CreateTopics,
    Endpoint, MetadataImage, MorePartitions, Refusal, StartError, StoreError, SubmitError, TopicRef,
    TopicToCreate,
};
use klamm_model::{BrokerId, ErrorCode, LeaderEpoch};
use tempfile::TempDir;

fn options(dir: &Path) -> ControllerOptions {
    ControllerOptions {
        dir: dir.to_owned(),
        node_id: BrokerId(1),
        cluster_id: "test-cluster".parse().unwrap(),
    }
}

async fn start(dir: &Path) -> Controller {
    Controller::start(options(dir)).await.unwrap()
}

async fn start_registered(dir: &Path) -> Controller {
    let controller = start(dir).await;
    controller.register_broker(registration()).await.unwrap();
    controller
}

fn registration() -> BrokerRegistration {
    BrokerRegistration {
        id: BrokerId(1),
        kafka: Endpoint { host: "localhost".to_owned(), port: 9092 },
        grpc: None,
        rack: None,
    }
}

fn topics(names: &[&str]) -> CreateTopics {
    let topic = |name: &&str| TopicToCreate {
        name: (*name).to_owned(),
        partitions: -1,
        replication_factor: -1,
        assignments: vec![],
        configs: vec![],
    };
    CreateTopics {
        topics: names.iter().map(topic).collect(),
        default_partitions: 2,
        default_replication_factor: 1,
        validate_only: false,
    }
}

fn set(resource: ConfigResource, name: &str, value: &str) -> ConfigChange {
    let op = ConfigOp::Set { name: name.to_owned(), value: value.to_owned() };
    ConfigChange { resource, ops: vec![op], replace_all: false }
}

/// Everything but who leads and how far the log is.
fn contents(image: &MetadataImage) -> String {
    let topics: Vec<_> = image.topics().collect();
    let brokers: Vec<_> = image.brokers().collect();
    let configs = (image.cluster_configs(), image.broker_configs(BrokerId(1)));
    format!("{topics:?} {brokers:?} {configs:?} {}", image.next_producer_id())
}

#[tokio::test]
async fn a_write_is_read_at_once_and_after_a_restart() {
    let dir = TempDir::new().unwrap();
    let controller = start_registered(dir.path()).await;
    assert_eq!(controller.image().controller_id(), Some(BrokerId(1)));

    let created = controller.create_topics(topics(&["orders", "bills"])).await.unwrap();
    let image = controller.image();
    for topic in &created {
        assert_eq!(image.topic_by_id(topic.as_ref().unwrap().id), topic.as_ref().ok());
    }
    let orders = ConfigResource::Topic("orders".parse().unwrap());
    let changes = vec![
        set(orders, "retention.ms", "5"),
        set(ConfigResource::Cluster, "message.max.bytes", "6"),
        set(ConfigResource::Broker(BrokerId(1)), "max.connections", "7"),
    ];
    assert_eq!(
        controller.alter_configs(changes, &GroupBounds::built_in(), false).await.unwrap(),
        vec![Ok(()); 3]
    );
    let more = MorePartitions { topic: "bills".parse().unwrap(), total: 5, assignments: vec![] };
    assert_eq!(controller.create_partitions(vec![more], false).await.unwrap(), vec![Ok(())]);
    assert_eq!(controller.allocate_producer_ids().await.unwrap(), 0..1000);
    let before = contents(&controller.image());
    controller.shutdown().await;

    let controller = start(dir.path()).await;
    assert_eq!(contents(&controller.image()), before);
    assert_eq!(controller.image().topic("bills").unwrap().partitions.len(), 5);
    assert_eq!(controller.allocate_producer_ids().await.unwrap(), 1000..2000);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_crash() {
    let dir = TempDir::new().unwrap();
    let copy = TempDir::new().unwrap();
    let controller = start_registered(dir.path()).await;
    controller.create_topics(topics(&["orders"])).await.unwrap();
    // The files as a kill would leave them: nothing was closed.
    std::fs::copy(dir.path().join("metadata.redb"), copy.path().join("metadata.redb")).unwrap();
    let after_crash = start(copy.path()).await;
    assert_eq!(contents(&after_crash.image()), contents(&controller.image()));
}

#[tokio::test]
async fn topics_succeed_and_fail_alone() {
    let dir = TempDir::new().unwrap();
    let controller = start_registered(dir.path()).await;
    let answers = controller.create_topics(topics(&["a.b", "a_b", "bad name", "a.b", "ok"])).await.unwrap();
    let codes: Vec<_> = answers.iter().map(|a| a.as_ref().err().map(Refusal::code)).collect();
    let expected = [
        None,
        Some(ErrorCode::InvalidTopicException),
        Some(ErrorCode::InvalidTopicException),
        Some(ErrorCode::TopicAlreadyExists),
        None,
    ];
    assert_eq!(codes, expected);
    let gone = TopicRef::Name("nothing".parse().unwrap());
    let deleted = controller.delete_topics(vec![gone, TopicRef::Name("ok".parse().unwrap())]).await.unwrap();
    assert_eq!(deleted[0].as_ref().unwrap_err().code(), ErrorCode::UnknownTopicOrPartition);
    assert_eq!(deleted[1].as_ref().unwrap().0.as_str(), "ok");
    assert!(controller.image().topic("ok").is_none());
}

#[tokio::test]
async fn a_topic_made_again_has_another_id() {
    let dir = TempDir::new().unwrap();
    let controller = start_registered(dir.path()).await;
    let first = controller.create_topics(topics(&["t"])).await.unwrap().remove(0).unwrap().id;
    controller.delete_topics(vec![TopicRef::Id(first)]).await.unwrap().remove(0).unwrap();
    let second = controller.create_topics(topics(&["t"])).await.unwrap().remove(0).unwrap().id;
    assert_ne!(first, second);
    assert!(controller.image().topic_by_id(first).is_none());
    let again = controller.delete_topics(vec![TopicRef::Id(first)]).await.unwrap().remove(0);
    assert_eq!(again, Err(Refusal::UnknownTopicId(first)));
}

#[tokio::test]
async fn validating_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let controller = start_registered(dir.path()).await;
    let before = controller.image().applied();
    let request = CreateTopics { validate_only: true, ..topics(&["t", "t"]) };
    let answers = controller.create_topics(request).await.unwrap();
    assert_eq!(answers[0].as_ref().unwrap().partitions.len(), 2);
    assert_eq!(answers[1], Err(Refusal::TopicExists("t".parse().unwrap())));
    let change = set(ConfigResource::Cluster, "message.max.bytes", "-1");
    let answers = controller.alter_configs(vec![change], &GroupBounds::built_in(), true).await.unwrap();
    assert_eq!(answers[0].as_ref().unwrap_err().code(), ErrorCode::InvalidRequest);
    assert_eq!(controller.image().applied(), before);
}

#[tokio::test]
async fn a_restarted_broker_starts_new_leader_epochs() {
    let dir = TempDir::new().unwrap();
    let controller = start_registered(dir.path()).await;
    controller.create_topics(topics(&["t"])).await.unwrap();
    let first = controller.image().broker(BrokerId(1)).unwrap().epoch;
    let second = controller.register_broker(registration()).await.unwrap();
    assert!(second > first);
    let partition = controller.image().topic("t").unwrap().partitions[0].clone();
    assert_eq!((partition.leader_epoch, partition.leader), (LeaderEpoch(1), BrokerId(1)));
}

/// The controller lives on one runtime, callers on others: nothing may hang, nothing may be given twice.
#[test]
fn other_runtimes_submit_at_the_same_time() {
    const THREADS: usize = 4;
    const BLOCKS: usize = 25;
    let dir = TempDir::new().unwrap();
    let home = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let controller = home.block_on(start(dir.path()));
    let callers: Vec<_> = (0..THREADS)
        .map(|_| {
            let controller = controller.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async move {
                    let mut starts = Vec::new();
                    for _ in 0..BLOCKS {
                        let ids = controller.allocate_producer_ids().await.unwrap();
                        assert!(controller.image().next_producer_id() >= ids.end, "a write was not read");
                        starts.push(ids.start);
                    }
                    starts
                })
            })
        })
        .collect();
    let (done, all_done) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || done.send(callers.into_iter().flat_map(|c| c.join().unwrap()).collect()));
    let starts: BTreeSet<i64> = home.block_on(all_done).unwrap();
    assert_eq!(starts.len(), THREADS * BLOCKS);
}

#[tokio::test]
async fn subscribers_hear_of_changes() {
    let dir = TempDir::new().unwrap();
    let controller = start_registered(dir.path()).await;
    let mut changes = controller.subscribe();
    let seen = *changes.borrow_and_update();
    controller.create_topics(topics(&["t"])).await.unwrap();
    changes.changed().await.unwrap();
    assert!(*changes.borrow_and_update() > seen);
    assert_eq!(*changes.borrow(), controller.image().applied());
}

#[tokio::test]
async fn after_shutdown_commands_fail_and_the_image_is_readable() {
    let dir = TempDir::new().unwrap();
    let controller = start_registered(dir.path()).await;
    controller.create_topics(topics(&["t"])).await.unwrap();
    assert_eq!(controller.failure(), None);
    controller.shutdown().await;
    let error = controller.create_topics(topics(&["u"])).await.unwrap_err();
    assert!(matches!(error, SubmitError::Stopped { .. }), "{error}");
    assert_eq!(error.code(), ErrorCode::KafkaStorageError);
    assert!(controller.failure().is_some());
    assert!(controller.image().topic("t").is_some());
}

#[tokio::test]
async fn the_log_of_another_is_refused() {
    let dir = TempDir::new().unwrap();
    let controller = start(dir.path()).await;
    let error = Controller::start(options(dir.path())).await.unwrap_err();
    assert!(matches!(error, StartError::Store(StoreError::InUse { .. })), "{error}");
    controller.shutdown().await;

    let other = ControllerOptions { node_id: BrokerId(2), ..options(dir.path()) };
    let error = Controller::start(other).await.unwrap_err().to_string();
    assert!(error.contains("belongs to broker 1 of cluster test-cluster, but this is broker 2"), "{error}");
    let other = ControllerOptions { cluster_id: "other".parse().unwrap(), ..options(dir.path()) };
    assert!(Controller::start(other).await.is_err());
}

#[tokio::test]
async fn snapshots_replace_the_log() {
    const COMMANDS: usize = 2500;
    let dir = TempDir::new().unwrap();
    let controller = start_registered(dir.path()).await;
    controller.create_topics(topics(&["t"])).await.unwrap();
    for _ in 0..COMMANDS {
        controller.allocate_producer_ids().await.unwrap();
    }
    let before = contents(&controller.image());
    controller.shutdown().await;
    let controller = start(dir.path()).await;
    assert_eq!(contents(&controller.image()), before);
}

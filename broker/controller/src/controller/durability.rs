//! What is promised of a controller whose disk misbehaves.

use std::io::ErrorKind;
use std::time::Duration;

use klamm_model::{BrokerId, ErrorCode};

use super::{Controller, ControllerOptions, SubmitError};
use crate::command::MetadataCommand;
use crate::fixtures;
use crate::image::MetadataImage;
use crate::raft::TestDisk;

/// Beyond this, what is waited for does not come.
const PATIENCE: Option<Duration> = Some(Duration::from_secs(30));

async fn start(disk: &TestDisk) -> Controller {
    let options = ControllerOptions {
        dir: std::env::temp_dir(),
        node_id: BrokerId(1),
        cluster_id: TestDisk::owner().cluster_id,
    };
    Controller::start_on(disk.open(), options).await.unwrap()
}

fn topic_names(image: &MetadataImage) -> Vec<String> {
    image.topics().map(|topic| topic.name.to_string()).collect()
}

#[tokio::test]
async fn what_is_acknowledged_survives_a_power_loss_at_once() {
    let disk = TestDisk::default();
    let controller = start(&disk).await;
    controller.submit(fixtures::register(1, None)).await.unwrap();
    for number in 0..20 {
        controller.submit(fixtures::create(&format!("topic-{number}"), 1, &[])).await.unwrap();
        let after = start(&disk.after_power_loss()).await;
        assert_eq!(topic_names(&after.image()), topic_names(&controller.image()));
    }
}

#[tokio::test]
async fn a_failed_write_stops_the_log_and_says_why() {
    for kind in [ErrorKind::StorageFull, ErrorKind::Other] {
        let disk = TestDisk::default();
        let controller = start(&disk).await;
        controller.submit(fixtures::register(1, None)).await.unwrap();
        controller.submit(fixtures::create("before", 1, &[])).await.unwrap();
        disk.fail(kind);

        for name in ["failing", "later"] {
            let error = controller.submit(fixtures::create(name, 1, &[])).await.unwrap_err();
            assert_eq!(error.code(), ErrorCode::KafkaStorageError);
            assert!(error.to_string().contains(&std::io::Error::from(kind).to_string()), "{error}");
        }
        assert!(matches!(controller.failure(), Some(SubmitError::Stopped { .. })));
        assert_eq!(topic_names(&controller.image()), ["before"]);

        let repaired = start(&disk.after_power_loss()).await;
        assert_eq!(topic_names(&repaired.image()), ["before"]);
        repaired.submit(fixtures::create("after", 1, &[])).await.unwrap();
    }
}

#[tokio::test]
async fn a_log_that_was_cut_back_to_a_snapshot_gives_the_same_image() {
    let disk = TestDisk::default();
    let controller = start(&disk).await;
    controller.submit(fixtures::register(1, None)).await.unwrap();
    controller.submit(fixtures::create("orders", 3, &[])).await.unwrap();
    for _ in 0..10 {
        controller.submit(MetadataCommand::AllocateProducerIds { count: 1000 }).await.unwrap();
    }
    let last = controller.image().applied();
    controller.inner.raft.trigger().snapshot().await.unwrap();
    let snapshot_taken = |m: &openraft::RaftMetrics<u64, _>| m.snapshot.is_some_and(|id| id.index >= last);
    controller.inner.raft.wait(PATIENCE).metrics(snapshot_taken, "snapshot").await.unwrap();
    controller.inner.raft.trigger().purge_log(last).await.unwrap();
    let purged = |m: &openraft::RaftMetrics<u64, _>| m.purged.is_some_and(|id| id.index == last);
    controller.inner.raft.wait(PATIENCE).metrics(purged, "purge").await.unwrap();
    controller.submit(fixtures::create("late", 1, &[])).await.unwrap();
    let before = controller.image();

    let after = start(&disk.after_power_loss()).await;
    assert_eq!(topic_names(&after.image()), ["late", "orders"]);
    assert_eq!(after.image().next_producer_id(), before.next_producer_id());
    assert_eq!(after.image().brokers().collect::<Vec<_>>(), before.brokers().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_start_that_applied_much_makes_the_next_one_short() {
    let disk = TestDisk::default();
    let controller = start(&disk).await;
    for _ in 0..60 {
        controller.submit(MetadataCommand::AllocateProducerIds { count: 1 }).await.unwrap();
    }
    let again = start(&disk.after_power_loss()).await;
    let snapshot_taken = |m: &openraft::RaftMetrics<u64, _>| m.snapshot.is_some_and(|id| id.index > 60);
    again.inner.raft.wait(PATIENCE).metrics(snapshot_taken, "snapshot").await.unwrap();
    assert_eq!(again.image().next_producer_id(), 60);
}

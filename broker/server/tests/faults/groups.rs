//! Consumer groups whose log can't be written.

use std::sync::Arc;

use klamm_model::ErrorCode;
use klamm_server::{Server, ServerOptions};
use klamm_wire::messages::find_coordinator::FindCoordinatorRequest;
use klamm_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use tempfile::TempDir;

use crate::faulty_disk::{Call, Errno, Fault, FaultyDisk};
use crate::image::data;
use crate::requests::{create_topic, error};
use crate::{Client, log_capture};

fn commit(client: &mut Client, offset: i64) -> ErrorCode {
    let partition = OffsetCommitRequestPartition { committed_offset: offset, ..Default::default() };
    let topic =
        OffsetCommitRequestTopic { name: "t".to_owned(), partitions: vec![partition], ..Default::default() };
    let request =
        OffsetCommitRequest { group_id: "group".to_owned(), topics: vec![topic], ..Default::default() };
    error(client.call(9, &request).topics[0].partitions[0].error_code)
}

/// Until the coordinator is there and has read its partition.
fn commit_when_served(client: &mut Client, offset: i64) -> ErrorCode {
    loop {
        match commit(client, offset) {
            ErrorCode::CoordinatorLoadInProgress | ErrorCode::NotCoordinator => {}
            answer => return answer,
        }
    }
}

/// Until so many tries met a coordinator that could not write; the others are told to wait.
fn fail_to_commit(client: &mut Client, failures: usize) {
    let mut failed = 0;
    while failed < failures {
        match commit(client, 2) {
            ErrorCode::CoordinatorNotAvailable => failed += 1,
            ErrorCode::CoordinatorLoadInProgress => {}
            other => panic!("a commit without room on the disk is answered with {other:?}"),
        }
    }
}

#[test]
fn a_disk_that_stays_full_is_said_once_and_groups_come_back_when_it_has_room() {
    log_capture::begin();
    let (home, disk) = (TempDir::new().unwrap(), FaultyDisk::new());
    let settings = [("offsets.topic.num.partitions", "1")];
    let options = ServerOptions {
        data_dir: data(home.path()),
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        kafka_address: "127.0.0.1:0".to_owned(),
        http_address: None,
        grpc_address: None,
        ..ServerOptions::default()
    };
    let server = Server::start_on(Arc::new(disk.clone()), options).unwrap();
    let mut client = Client::connect(server.kafka_address);
    create_topic(&mut client, "t", 1);
    let find = FindCoordinatorRequest { coordinator_keys: vec!["group".to_owned()], ..Default::default() };
    assert_eq!(client.ask(&find).coordinators[0].error_code, 0);
    assert_eq!(commit_when_served(&mut client, 1), ErrorCode::None);

    disk.only_in("__consumer_offsets");
    disk.fail(Fault { call: Call::Write, path: ".log", errno: Errno::NoSpace });
    fail_to_commit(&mut client, 3);
    let lines = log_capture::lines_about(&data(home.path()));
    assert_eq!(lines.matches("a change of consumer groups could not be written").count(), 1, "{lines}");

    disk.heal();
    commit_when_served(&mut client, 3);
    assert_eq!(commit(&mut client, 4), ErrorCode::None);
    server.stop();
}

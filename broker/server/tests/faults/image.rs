//! A data directory with several topics, as a broker left it: in order, or killed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use klamm_model::ErrorCode;
use klamm_server::{RunningServer, Server, ServerOptions, StartError};
use klamm_wire::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use klamm_wire::messages::produce::ProduceResponse;
use tempfile::TempDir;

use crate::reading::{Acked, read_acked};
use crate::requests::{create_topic, error, idempotent, offset_of, produce_to, topic_id};
use crate::{Client, log_capture};

/// A partition by topic and number.
pub type Place = (&'static str, i32);

/// `many` has several segments in each partition, `few` has one; no two partitions have the same number of batches.
pub const PLACES: [(Place, i32); 4] =
    [(("many", 0), 61), (("many", 1), 57), (("few", 0), 5), (("few", 1), 7)];
/// Partitions whose first records were deleted, and up to where.
const DELETED: [(Place, i64); 2] = [(("many", 1), 4), (("few", 1), 2)];

/// Whether the broker was stopped or killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Stopped: a clean marker, checkpoints of the end.
    Stopped,
    /// Killed, after its checkpoints had been written.
    Killed,
}

/// The files that a broker left, and what it had acknowledged.
pub struct Image {
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    pub acked: BTreeMap<Place, Vec<Acked>>,
}

impl Image {
    pub fn make(end: End) -> Image {
        log_capture::begin();
        let home = TempDir::new().unwrap();
        let server = start(home.path()).unwrap();
        let mut client = Client::connect(server.kafka_address);
        for topic in ["many", "few"] {
            create_topic(&mut client, topic, 2);
        }
        for (place, count) in PLACES {
            for number in 0..count {
                assert_eq!(offset_of(&send(&mut client, place, number)), i64::from(number) * 2);
            }
        }
        for ((topic, partition), offset) in DELETED {
            delete_records(&mut client, topic, partition, offset);
        }
        let acked = PLACES.map(|(place, _)| (place, read_acked(&mut client, place.0, place.1))).into();
        let files = match end {
            End::Stopped => {
                server.stop();
                files_in(&data(home.path()))
            }
            End::Killed => {
                // A process that does nothing leaves the same files whether it is killed or not.
                wait_for_checkpoints(home.path());
                let files = files_in(&data(home.path()));
                server.stop();
                files
            }
        };
        Image { files, acked }
    }

    /// Writes the files into a directory of their own.
    pub fn write(&self) -> TempDir {
        let home = TempDir::new().unwrap();
        for (path, contents) in &self.files {
            let path = data(home.path()).join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, contents).unwrap();
        }
        home
    }
}

pub fn data(home: &Path) -> PathBuf {
    home.join("data")
}

/// Small segments and indexes with many entries, so that every kind of file has something to be damaged.
pub fn options(home: &Path) -> ServerOptions {
    let settings = [
        ("log.index.interval.bytes", "200"),
        ("log.index.size.max.bytes", "120"),
        ("log.flush.offset.checkpoint.interval.ms", "20"),
    ];
    ServerOptions {
        data_dir: data(home),
        kafka_address: "127.0.0.1:0".to_owned(),
        http_address: None,
        grpc_address: None,
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..ServerOptions::default()
    }
}

pub fn start(home: &Path) -> Result<RunningServer, StartError> {
    Server::start(options(home))
}

/// Sends the batch with this number of a partition's own idempotent producer.
pub fn send(client: &mut Client, (topic, partition): Place, number: i32) -> ProduceResponse {
    let producer = PLACES.iter().position(|&(place, _)| place == (topic, partition)).unwrap();
    let values =
        [0, 1].map(|record| format!("{topic}-{partition} batch {number} record {record} {:>60}", number * 7));
    let batch = idempotent(producer as i64, 0, number * 2, &values.each_ref().map(String::as_str));
    let id = topic_id(client, topic);
    client.ask(&produce_to(topic, id, partition, -1, batch))
}

fn delete_records(client: &mut Client, topic: &str, partition: i32, offset: i64) {
    let partitions = vec![DeleteRecordsPartition { partition_index: partition, offset }];
    let topic = DeleteRecordsTopic { name: topic.to_owned(), partitions };
    let request = DeleteRecordsRequest { topics: vec![topic], timeout_ms: 10_000 };
    let code = client.ask(&request).topics[0].partitions[0].error_code;
    assert_eq!(error(code), ErrorCode::None);
}

/// Until the recovery points say that everything is on the disk.
fn wait_for_checkpoints(home: &Path) {
    let file = data(home).join("recovery-point-offset-checkpoint");
    let is_there = |text: &str| {
        let line = |((topic, partition), count): (Place, i32)| format!("{topic} {partition} {}\n", count * 2);
        PLACES.into_iter().all(|place| text.contains(&line(place)))
    };
    let patience = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while !std::fs::read_to_string(&file).is_ok_and(|text| is_there(&text)) {
        assert!(std::time::Instant::now() < patience, "no checkpoint");
        std::thread::yield_now();
    }
}

fn files_in(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut dirs = vec![dir.to_path_buf()];
    while let Some(next) = dirs.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_none_or(|kind| kind != "tmp") {
                // A temporary file may be gone again by now.
                files.insert(path.strip_prefix(dir).unwrap().to_path_buf(), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

//! Seeds: real messages, batches and files, from which the corpus was made.

mod plugin_answers;

use std::path::Path;
use std::sync::Arc;

use klamm_log::data_dir::{DataDir, Identity};
use klamm_log::sim::SimDisk;
use klamm_log::{Log, LogConfig, OpenState, ProducerSnapshotEntry, Replay, producer_snapshot};
use klamm_model::{
    BrokerId, ClusterId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs, TopicId,
    TopicPartition,
};
use klamm_records::{BatchBuilder, BuildOptions, Compression, Header, PlacedBatch, ProducerStamp};
use klamm_wire::generate::{Generate, Tape};
use klamm_wire::{Message, RequestHeader, encode_request, encode_response};

use crate::disk;
use crate::input::put_part;
use crate::targets::Target;

/// Valid inputs of a target: each a name and its bytes. The same ones every time.
pub fn seeds_of(target: Target) -> Vec<(String, Vec<u8>)> {
    match target {
        Target::WireRequest => wire(true),
        Target::WireResponse => wire(false),
        Target::Records => record_batches(),
        Target::LogImage => vec![log_image("as-it-is", 0), log_image("repaired", 1), log_image("clean", 2)],
        Target::Index => indexes(),
        Target::Checkpoint => vec![
            named("offsets", &[0], b"0\n2\norders 0 12\norders 1 0\n"),
            named("leader-epochs", &[1], b"0\n2\n0 0\n3 12\n"),
        ],
        Target::ProducerSnapshot => vec![named("two-producers", &[1], &snapshot())],
        Target::Properties => vec![properties()],
        Target::PluginAnswer => plugin_answers::all(),
    }
}

fn named(name: &str, flags: &[u8], file: &[u8]) -> (String, Vec<u8>) {
    (name.to_owned(), [flags, file].concat())
}

/// Bytes that decide what a message has: nothing is null, no list is empty.
fn tape() -> Vec<u8> {
    [2, 1, 2, 5, 1, 2, 2, 7].repeat(64)
}

macro_rules! by_key {
    ($( $module:ident $request:ident $response:ident; )*) => {
        /// The first flexible version, and the newest, of every API.
        fn wire(requests: bool) -> Vec<(String, Vec<u8>)> {
            let tape = tape();
            let mut seeds = Vec::new();
            $(
                let versions = klamm_wire::$request::VERSIONS;
                for version in [*versions.start(), *versions.end()] {
                    let bytes = if requests {
                        request::<klamm_wire::$request>(&tape, version)
                    } else {
                        response::<klamm_wire::$response>(&tape, version)
                    };
                    seeds.push((format!("{}-{version}", stringify!($module)), bytes));
                }
            )*
            seeds
        }
    };
}

klamm_wire::for_each_api!(by_key);

fn request<R: klamm_wire::Request + Generate>(tape: &[u8], version: i16) -> Vec<u8> {
    let header = RequestHeader {
        api_key: R::KEY.as_i16(),
        api_version: version,
        correlation_id: 7,
        client_id: Some("seed".to_owned()),
    };
    let body = R::generate(&mut Tape::new(tape), version);
    encode_request(&header, &body).unwrap().into_bytes()[4..].to_vec()
}

fn response<R: klamm_wire::Response + Generate>(tape: &[u8], version: i16) -> Vec<u8> {
    let body = R::generate(&mut Tape::new(tape), version);
    let frame = encode_response(7, version, &body).unwrap().into_bytes();
    [&R::KEY.as_i16().to_be_bytes()[..], &version.to_be_bytes(), &frame[4..]].concat()
}

/// A batch of three records, with everything that a record can have.
fn batch(base: i64, compression: Compression) -> Vec<u8> {
    let producer =
        ProducerStamp { id: ProducerId(4), epoch: ProducerEpoch(1), base_sequence: Sequence(base as i32) };
    let mut builder = BatchBuilder::new(BuildOptions {
        base_offset: Offset(base),
        leader_epoch: LeaderEpoch(0),
        compression,
        producer: Some(producer),
        ..BuildOptions::default()
    });
    let headers = [Header { key: b"trace", value: Some(b"1") }, Header { key: b"empty", value: None }];
    builder.append(TimestampMs(1_000 + base), Some(b"key"), Some(&b"value ".repeat(20)), &headers);
    builder.append(TimestampMs(1_001 + base), None, Some(b"no key"), &[]);
    builder.append(TimestampMs(1_002 + base), Some(b"tombstone"), None, &[]);
    builder.build().unwrap().to_vec()
}

fn record_batches() -> Vec<(String, Vec<u8>)> {
    let codecs = Compression::ALL.into_iter();
    let repacked = 1 | 16 | (4 << 5); // repaired, and packed anew with zstd
    codecs
        .flat_map(|codec| {
            let batch = batch(0, codec);
            [
                named(&format!("{codec}"), &[1], &batch),
                named(&format!("{codec}-repacked"), &[repacked], &batch),
            ]
        })
        .collect()
}

/// The files of a log of a few batches, as this release writes them.
fn log_files() -> SimDisk {
    let disk = SimDisk::new(1);
    disk::make(&disk, Path::new("/data"));
    let state = OpenState {
        clean: false,
        settled: false,
        recovery_point: Offset::ZERO,
        log_start_offset: Offset::ZERO,
        now: TimestampMs(0),
    };
    let config = Arc::new(LogConfig { index_interval_bytes: 200, ..LogConfig::default() });
    let dir = Path::new("/data/t-0");
    let (mut log, _) =
        Log::open(Arc::new(disk.clone()), dir, config, state, &mut |_: Replay<'_>| {}).unwrap();
    for (number, codec) in Compression::ALL.into_iter().enumerate() {
        let placed = PlacedBatch::from_bytes(&batch(number as i64 * 3, codec).into()).unwrap();
        log.append(&placed, TimestampMs(1_000)).unwrap();
    }
    log.close().unwrap();
    disk
}

fn log_file(disk: &SimDisk, name: &str) -> Vec<u8> {
    disk::contents(disk, &Path::new("/data/t-0").join(name))
}

fn log_image(name: &str, flags: u8) -> (String, Vec<u8>) {
    let disk = log_files();
    let mut input = vec![flags, 0];
    put_part(&mut input, &log_file(&disk, "00000000000000000000.index"));
    put_part(&mut input, &log_file(&disk, "00000000000000000000.timeindex"));
    put_part(&mut input, b"0\n1\n0 0\n");
    put_part(&mut input, &snapshot());
    input.extend(log_file(&disk, "00000000000000000000.log"));
    (name.to_owned(), input)
}

fn indexes() -> Vec<(String, Vec<u8>)> {
    let disk = log_files();
    vec![
        named("offsets", &[0], &log_file(&disk, "00000000000000000000.index")),
        named("times", &[1], &log_file(&disk, "00000000000000000000.timeindex")),
    ]
}

fn snapshot() -> Vec<u8> {
    let entry = |id: i64, transaction| ProducerSnapshotEntry {
        producer_id: ProducerId(id),
        epoch: ProducerEpoch(1),
        last_sequence: Sequence(2),
        last_offset: Offset(2),
        offset_delta: 2,
        timestamp: TimestampMs(1_002),
        coordinator_epoch: -1,
        current_txn_first_offset: transaction,
    };
    let disk = disk::empty(Path::new("/data"));
    let path = Path::new("/data/00000000000000000002.snapshot");
    producer_snapshot::write(&disk, path, &[entry(4, None), entry(5, Some(Offset(1)))]).unwrap();
    disk::contents(&disk, path)
}

fn properties() -> (String, Vec<u8>) {
    let disk = disk::empty(Path::new("/data"));
    let cluster_id: ClusterId = "4L6g3nShT-eMCtK--X86sw".parse().unwrap();
    let identity = Identity { cluster_id: Some(cluster_id), node_id: BrokerId(1) };
    let dir = DataDir::open(Arc::new(disk.clone()), Path::new("/data"), &identity).unwrap();
    let partition = TopicPartition::from_directory_name("t-0").unwrap();
    let path = dir.create_partition(&partition, TopicId::from_bytes([7; 16])).unwrap();
    let mut input = Vec::new();
    let meta = String::from_utf8(disk::contents(&disk, Path::new("/data/meta.properties"))).unwrap();
    // The one random number in it would make another seed every time.
    let id = TopicId::from_bytes([9; 16]).to_string();
    put_part(&mut input, meta.replace(&dir.directory_id().to_string(), &id).as_bytes());
    input.extend(disk::contents(&disk, &path.join("partition.metadata")));
    ("formatted".to_owned(), input)
}

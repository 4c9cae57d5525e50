//! A broker whose disk refuses one kind of call on one kind of file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use klamm_model::ErrorCode;
use klamm_server::{RunningServer, Server, ServerOptions, StartError};
use klamm_wire::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use tempfile::TempDir;

use crate::faulty_disk::{Call, Errno, Fault, FaultyDisk};
use crate::image::data;
use crate::reading::{Acked, Served, fetch, list, read, read_acked};
use crate::requests::{batch, create_topic, error, produce_to, topic_id};
use crate::{Client, log_capture};

/// Records that were acknowledged, by offset.
type Records = BTreeMap<i64, String>;

/// A broker on a disk that fails when it is told to, with a partition to be harmed and one that must not be.
struct Bench {
    home: TempDir,
    disk: FaultyDisk,
    acked: BTreeMap<&'static str, Records>,
}

impl Bench {
    fn new() -> Bench {
        log_capture::begin();
        let acked = [("victim", Records::new()), ("bystander", Records::new())].into();
        Bench { home: TempDir::new().unwrap(), disk: FaultyDisk::new(), acked }
    }

    /// A segment takes a few batches, so that all kinds of files are made all the time.
    fn options(&self) -> ServerOptions {
        let settings = [
            ("log.index.interval.bytes", "0"),
            ("log.index.size.max.bytes", "36"),
            ("log.flush.offset.checkpoint.interval.ms", "10"),
            ("log.segment.delete.delay.ms", "0"),
        ];
        ServerOptions {
            data_dir: data(self.home.path()),
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            kafka_address: "127.0.0.1:0".to_owned(),
            http_address: None,
            grpc_address: None,
            ..ServerOptions::default()
        }
    }

    fn start(&self) -> Result<RunningServer, StartError> {
        Server::start_on(Arc::new(self.disk.clone()), self.options())
    }

    /// Writes one batch, and remembers it if it was acknowledged.
    fn produce(&mut self, client: &mut Client, topic: &'static str) -> ErrorCode {
        let value = format!("{topic} {} {}", self.acked[topic].len(), "x".repeat(100));
        let id = topic_id(client, topic);
        let answer = client.ask(&produce_to(topic, id, 0, -1, batch(&[&value])));
        let answer = &answer.responses[0].partition_responses[0];
        let code = error(answer.error_code);
        if code == ErrorCode::None {
            self.acked.get_mut(topic).unwrap().insert(answer.base_offset, value);
        } else {
            let message = answer.error_message.clone().unwrap_or_default();
            assert!(message.len() > 40, "the client hears what is wrong: {message:?}");
        }
        code
    }

    fn produce_many(&mut self, client: &mut Client, topic: &'static str, count: usize) -> Vec<ErrorCode> {
        (0..count).map(|_| self.produce(client, topic)).collect()
    }

    /// What of a topic's acknowledged records can be read.
    fn check_records(&self, client: &mut Client, topic: &'static str) -> Result<(), String> {
        let mut there = Records::new();
        let start = list(client, topic, 0, -2).map_err(|code| format!("{topic} has no start: {code}"))?;
        for batch in &read_acked(client, topic, 0) {
            let view = klamm_records::BatchView::read(&batch.bytes).unwrap();
            view.verify_crc().unwrap();
            let mut records = view.records(1 << 20).unwrap();
            while let Some(record) = records.next_record().unwrap() {
                there.insert(record.offset.0, String::from_utf8(record.value.unwrap().to_vec()).unwrap());
            }
        }
        for (offset, value) in self.acked[topic].range(start..) {
            if there.get(offset) != Some(value) {
                return Err(format!("{topic} has lost offset {offset}: {:?} is there", there.get(offset)));
            }
        }
        Ok(())
    }
}

fn delete_records(client: &mut Client, topic: &str, offset: i64) -> ErrorCode {
    let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset }];
    let topic = DeleteRecordsTopic { name: topic.to_owned(), partitions };
    let request = DeleteRecordsRequest { topics: vec![topic], timeout_ms: 10_000 };
    error(client.ask(&request).topics[0].partitions[0].error_code)
}

/// Faults while the broker runs.
fn running_faults() -> Vec<Fault> {
    use Call::{Create, Read, Rename, ShortWrite, SyncData, SyncDir, Write};
    let kinds: [(&str, &[Call]); 8] = [
        (".log", &[Create, Read, Write, ShortWrite, SyncData]),
        (".index", &[Create, Write, ShortWrite, SyncData]),
        (".timeindex", &[Create, Write, ShortWrite, SyncData]),
        (".snapshot", &[Create, Write, ShortWrite, SyncData, Rename]),
        ("victim-0", &[SyncDir]),
        ("recovery-point-offset-checkpoint", &[Create, Write, ShortWrite, SyncData, Rename]),
        ("log-start-offset-checkpoint", &[Create, Write, ShortWrite, SyncData, Rename]),
        (".kafka_cleanshutdown", &[Create, SyncData]),
    ];
    let mut faults = Vec::new();
    for (path, calls) in kinds {
        for &call in calls {
            for errno in [Errno::Io, Errno::NoSpace] {
                // Nothing is full when names or contents are synced or read.
                let fits = errno == Errno::Io || !matches!(call, Read | SyncDir);
                faults.extend(fits.then_some(Fault { call, path, errno }));
            }
        }
    }
    faults
}

/// Runs a broker into the fault, out of it, and again on a healthy disk.
fn run(fault: Fault) -> Result<(), String> {
    let mut bench = Bench::new();
    let of_partition = fault.path.starts_with('.') && fault.path != ".kafka_cleanshutdown";
    let server = bench.start().unwrap();
    let mut client = Client::connect(server.kafka_address);
    for topic in ["victim", "bystander"] {
        create_topic(&mut client, topic, 1);
        let codes = bench.produce_many(&mut client, topic, 12);
        assert!(codes.iter().all(|&code| code == ErrorCode::None), "{codes:?}");
    }
    bench.disk.only_in(if of_partition { "victim-0" } else { "" });
    bench.disk.fail(fault);
    let codes = bench.produce_many(&mut client, "victim", 12);
    let read_while = fetch(&mut client, "victim", 0, 3);
    let deleted = delete_records(&mut client, "victim", 2);
    let told = [read_while.err(), Some(deleted)].into_iter().flatten();
    for code in codes.iter().copied().chain(told) {
        if !matches!(code, ErrorCode::None | ErrorCode::KafkaStorageError) {
            return Err(format!("the victim answers {code}"));
        }
    }
    others_go_on(&mut bench, &mut client)?;
    let refused = codes.contains(&ErrorCode::KafkaStorageError);
    is_named(&bench, fault, refused)?;
    healed(&mut bench, &mut client, fault, refused)?;
    bench.disk.fail(fault);
    drop(client);
    server.stop();
    bench.disk.heal();
    if bench.disk.failed().is_empty() {
        return Err("the fault was never met".to_owned());
    }
    after_restart(&mut bench)
}

fn others_go_on(bench: &mut Bench, client: &mut Client) -> Result<(), String> {
    let codes = bench.produce_many(client, "bystander", 6);
    if codes.iter().any(|&code| code != ErrorCode::None) {
        return Err(format!("the bystander is harmed: {codes:?}"));
    }
    bench.check_records(client, "bystander")
}

/// The log says on which file what failed, and what to do.
fn is_named(bench: &Bench, fault: Fault, refused: bool) -> Result<(), String> {
    let log = log_capture::lines_about(&data(bench.home.path()));
    let Some(file) = bench.disk.failed().first().cloned() else { return Ok(()) };
    if fault.call != Call::Read && !log.contains(file.to_str().unwrap().trim_end_matches(".tmp")) {
        return Err(format!("{} is not named in the log:\n{log}", file.display()));
    }
    let advised = ["restart the broker", "free some space"].iter().any(|advice| log.contains(advice));
    if refused && !advised {
        return Err(format!("the log does not say what to do:\n{log}"));
    }
    Ok(())
}

/// Room heals at once; a disk that failed does not, and a failed sync is not tried again.
fn healed(bench: &mut Bench, client: &mut Client, fault: Fault, refused: bool) -> Result<(), String> {
    let was_full = fault.errno == Errno::NoSpace && fault.call != Call::SyncData;
    bench.disk.heal();
    let code = bench.produce(client, "victim");
    if fault.path == ".log"
        && matches!(fault.call, Call::SyncData | Call::Write | Call::ShortWrite)
        && !refused
    {
        return Err("a write that failed was acknowledged".to_owned());
    }
    if refused && was_full && code != ErrorCode::None {
        return Err(format!("there is room, and still {code}"));
    }
    if refused && !was_full && code != ErrorCode::KafkaStorageError {
        return Err(format!("a disk that failed is relied on again: {code}"));
    }
    if !refused && code != ErrorCode::None {
        return Err(format!("nothing was refused before, now {code}"));
    }
    match bench.disk.retried_syncs() {
        retried if retried > 0 && fault.path == ".log" => {
            Err(format!("{retried} failed syncs were tried again"))
        }
        _ => bench.check_records(client, "victim"),
    }
}

fn after_restart(bench: &mut Bench) -> Result<(), String> {
    let server = bench.start().map_err(|error| format!("no start on the healthy disk: {error}"))?;
    let mut client = Client::connect(server.kafka_address);
    for topic in ["victim", "bystander"] {
        bench.check_records(&mut client, topic).map_err(|wrong| format!("after the restart {wrong}"))?;
        let code = bench.produce(&mut client, topic);
        if code != ErrorCode::None {
            return Err(format!("after the restart {topic} answers {code}"));
        }
    }
    drop(client);
    server.stop();
    Ok(())
}

#[test]
fn every_call_on_every_file_of_a_broker_that_runs() {
    let mut failures = Vec::new();
    for fault in running_faults() {
        if let Err(wrong) = run(fault) {
            failures.push(format!("{fault:?}: {wrong}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Faults while a broker starts, and whether it may refuse to.
fn starting_faults() -> Vec<(Fault, bool)> {
    use Call::{List, Lock, Open, Read, Remove, SyncData, SyncDir};
    let kinds: [(&str, &[Call], bool); 12] = [
        (".log", &[Open, Read, SyncData], false),
        (".index", &[Open, Read], false),
        (".timeindex", &[Open, Read], false),
        (".snapshot", &[Open, Read], false),
        ("leader-epoch-checkpoint", &[Open, Read], false),
        ("partition.metadata", &[Open, Read], false),
        ("victim-0", &[List, SyncDir], false),
        ("meta.properties", &[Open, Read], true),
        ("recovery-point-offset-checkpoint", &[Open, Read], true),
        ("log-start-offset-checkpoint", &[Open, Read], true),
        (".kafka_cleanshutdown", &[Remove], true),
        (".lock", &[Lock], true),
    ];
    let mut faults = Vec::new();
    for (path, calls, may_refuse) in kinds {
        faults.extend(calls.iter().map(|&call| (Fault { call, path, errno: Errno::Io }, may_refuse)));
    }
    faults
}

fn run_start(fault: Fault, may_refuse: bool) -> Result<(), String> {
    let mut bench = Bench::new();
    let server = bench.start().unwrap();
    let mut client = Client::connect(server.kafka_address);
    for topic in ["victim", "bystander"] {
        create_topic(&mut client, topic, 1);
        bench.produce_many(&mut client, topic, 12);
    }
    delete_records(&mut client, "victim", 2);
    let victim: Vec<Acked> = read_acked(&mut client, "victim", 0);
    drop(client);
    server.stop();
    // After a kill more files are read.
    if fault.path != ".kafka_cleanshutdown" {
        std::fs::remove_file(data(bench.home.path()).join(".kafka_cleanshutdown")).unwrap();
    }
    bench.disk.only_in(if may_refuse { "" } else { "victim-0" });
    bench.disk.fail(fault);
    match bench.start() {
        Ok(server) => {
            let mut client = Client::connect(server.kafka_address);
            others_go_on(&mut bench, &mut client)?;
            match read(&mut client, "victim", 0, &victim) {
                Served::Whole | Served::Refused { code: ErrorCode::KafkaStorageError, .. } => {}
                served => return Err(format!("the victim is {served:?}")),
            }
            drop(client);
            server.stop();
            is_named_at_start(&bench, &log_capture::lines_about(&data(bench.home.path())))?;
        }
        Err(refusal) if may_refuse => is_named_at_start(&bench, &refusal.to_string())?,
        Err(refusal) => return Err(format!("one partition keeps the broker from starting: {refusal}")),
    }
    bench.disk.heal();
    if bench.disk.failed().is_empty() {
        return Err("the fault was never met".to_owned());
    }
    after_restart(&mut bench)
}

fn is_named_at_start(bench: &Bench, said: &str) -> Result<(), String> {
    let failed = bench.disk.failed();
    let named = |file: &Path| said.contains(file.to_str().unwrap());
    if failed.iter().any(|file| named(file)) {
        Ok(())
    } else {
        Err(format!("{failed:?} is not named:\n{said}"))
    }
}

#[test]
fn every_call_on_every_file_of_a_broker_that_starts() {
    let mut failures = Vec::new();
    for (fault, may_refuse) in starting_faults() {
        if let Err(wrong) = run_start(fault, may_refuse) {
            failures.push(format!("{fault:?}: {wrong}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

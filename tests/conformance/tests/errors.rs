//! Every error a user can meet: cause, evidence, next step, and the right exit code.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test can't do without fails it")]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use klamm_conformance::{BrokerOptions, TestBroker, Tool, run_klamm};

/// Runs `klamm server` with data in `data_dir`, on ports of its own choice, and expects it to refuse to start.
fn refused(data_dir: &Path, further: &[&str]) -> (i32, String) {
    let data_dir = data_dir.display().to_string();
    let any = "127.0.0.1:0";
    let mut arguments = vec!["server", "--data-dir", &data_dir, "--http-address", any, "--grpc-address", any];
    if !further.contains(&"--kafka-address") {
        arguments.extend(["--kafka-address", any]);
    }
    arguments.extend(further);
    let output = run_klamm(&arguments, b"");
    (output.status.code().unwrap(), text(&output))
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A failed client command: its exit code and what it says.
fn failed(broker: &TestBroker, arguments: &[&str], input: &[u8]) -> (i32, String) {
    let bootstrap = broker.bootstrap();
    let output = run_klamm(&[arguments, &["-b", &bootstrap]].concat(), input);
    assert!(!output.status.success(), "{arguments:?} succeeds");
    (output.status.code().unwrap(), text(&output))
}

#[track_caller]
fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

#[test]
fn a_taken_port_is_named_with_its_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = tempfile::tempdir().unwrap();
    let (code, said) = refused(home.path(), &["--kafka-address", &address]);
    assert_eq!(code, 1, "{said}");
    says(&said, &[&address, "--kafka-address", "in use"]);
}

#[test]
fn a_data_directory_in_use_names_the_process_that_has_it() {
    let broker = TestBroker::start();
    let (code, said) = refused(broker.data_dir(), &[]);
    assert_eq!(code, 1, "{said}");
    says(&said, &[&broker.data_dir().display().to_string(), &broker.pid().to_string()]);
}

#[test]
fn a_data_directory_of_another_broker_or_version_is_left_alone() {
    let mut broker = TestBroker::start();
    assert!(broker.stop().success());
    let (code, said) = refused(broker.data_dir(), &["--set", "node.id=7"]);
    assert_eq!(code, 1, "{said}");
    says(&said, &["node.id 1", "is 7", "node.id=1"]);
    let meta = broker.data_dir().join("meta.properties");
    let future = std::fs::read_to_string(&meta).unwrap().replace("version=1", "version=99");
    std::fs::write(&meta, future).unwrap();
    let (code, said) = refused(broker.data_dir(), &[]);
    assert_eq!(code, 1, "{said}");
    says(&said, &["version", "99"]);
}

#[test]
fn a_directory_of_somebody_else_is_not_taken_over() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("orders-0")).unwrap();
    std::fs::write(home.path().join("orders-0/00000000000000000000.log"), b"something").unwrap();
    let (code, said) = refused(home.path(), &[]);
    assert_eq!(code, 1, "{said}");
    says(&said, &[&home.path().display().to_string()]);
}

#[test]
fn settings_that_are_wrong_are_named() {
    let home = tempfile::tempdir().unwrap();
    for (setting, parts) in [
        ("num.partitions=many", ["num.partitions", "many"]),
        ("num.partitions=0", ["num.partitions", "0"]),
        ("log.retention.mss=5", ["log.retention.mss", "log.retention.ms"]),
        ("nonsense", ["nonsense", "NAME=VALUE"]),
    ] {
        let (code, said) = refused(home.path(), &["--set", setting]);
        assert_eq!(code, 2, "{setting}: {said}");
        says(&said, &parts);
    }
}

#[test]
fn a_broker_that_is_not_there() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let output = run_klamm(&["topic", "list", "-b", &nobody], b"");
    assert_eq!(output.status.code(), Some(4));
    says(&text(&output), &[&nobody, "refused", "klamm server", "--bootstrap"]);
}

#[test]
fn topics_that_are_not_there_or_are_there() {
    let broker = BrokerOptions::new().set("auto.create.topics.enable", "false").start();
    for command in [["topic", "describe", "nope"], ["config", "describe", "topic"], ["consume", "nope", "-e"]]
    {
        let arguments: Vec<&str> =
            if command[0] == "config" { [&command[..], &["nope"]].concat() } else { command.to_vec() };
        let (code, said) = failed(&broker, &arguments, b"");
        assert_eq!(code, 3, "{arguments:?}: {said}");
        says(&said, &["nope", "UNKNOWN_TOPIC_OR_PARTITION", "klamm topic list"]);
    }
    let (code, said) = failed(&broker, &["produce", "nope", "--timeout", "2"], b"x\n");
    assert_eq!(code, 3, "{said}");
    assert!(run_klamm(&["topic", "create", "here", "-b", &broker.bootstrap()], b"").status.success());
    let (code, said) = failed(&broker, &["topic", "create", "here"], b"");
    assert_eq!(code, 1, "{said}");
    says(&said, &["here", "TOPIC_ALREADY_EXISTS", "--if-not-exists"]);
    let (_, said) = failed(&broker, &["topic", "create", "other", "--replication-factor", "3"], b"");
    says(&said, &["INVALID_REPLICATION_FACTOR", "klamm cluster brokers"]);
    let (_, said) = failed(&broker, &["topic", "delete", "here"], b"");
    says(&said, &["here", "--yes"]);
    let (code, said) = failed(&broker, &["consume", "here", "--partitions", "9", "-e"], b"");
    assert_eq!(code, 3, "{said}");
    says(&said, &["no partition 9", "it has 1"]);
}

#[test]
fn a_message_that_is_too_large_says_how_to_allow_it() {
    let broker = TestBroker::start();
    let line = [vec![b'x'; 2_000_000], b"\n".to_vec()].concat();
    let (code, said) = failed(&broker, &["produce", "big"], &line);
    assert_eq!(code, 1, "{said}");
    says(&said, &["MESSAGE_TOO_LARGE", "max.message.bytes", "klamm config set topic"]);
    let allow = ["config", "set", "topic", "big", "max.message.bytes=3000000", "-b", &broker.bootstrap()];
    assert!(run_klamm(&allow, b"").status.success());
    assert!(run_klamm(&["produce", "big", "-b", &broker.bootstrap()], &line).status.success());
}

#[test]
fn a_line_that_is_no_record_is_named_and_those_before_it_are_written() {
    let broker = TestBroker::start();
    let (code, said) = failed(&broker, &["produce", "keyed", "-k", ":"], b"a:1\nb:2\nc\nd:4\n");
    assert_eq!(code, 1, "{said}");
    says(&said, &["line 3", "2 records were written"]);
    let read = run_klamm(&["consume", "keyed", "-e", "-f", "%k=%s ", "-b", &broker.bootstrap()], b"");
    assert_eq!(text(&read), "a=1 b=2 ");
}

/// A file system of 64 MiB, gone when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<SmallDisk> {
        Tool::find("mount", "it is part of every Linux")?;
        let home = tempfile::tempdir().unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(home.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(SmallDisk(home));
        }
        klamm_conformance::skip("mounting a small file system is not allowed to this user");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // If it is busy it goes with the machine.
        let _ = Command::new("umount").args(["-l"]).arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_refuses_writes_serves_reads_and_recovers() {
    let Some(disk) = SmallDisk::mount() else { return };
    let broker = BrokerOptions::new().data_dir(&disk.0.path().join("data")).start();
    let bootstrap = broker.bootstrap();
    assert!(run_klamm(&["produce", "kept", "-b", &bootstrap], b"precious\n").status.success());
    let ballast = disk.0.path().join("ballast");
    let half = 24 << 20;
    std::fs::write(&ballast, vec![1; half]).unwrap();
    // More than there is room for.
    let lines = [vec![b'x'; 900_000], b"\n".to_vec()].concat().repeat(60);
    let (code, said) = failed(&broker, &["produce", "kept", "--timeout", "3"], &lines);
    assert_eq!(code, 1, "{said}");
    says(&said, &["KAFKA_STORAGE_ERROR"]);
    says(&broker.log(), &["is full", "writes are taken again as soon as there is room"]);
    let read = run_klamm(&["consume", "kept", "-n", "1", "-b", &bootstrap], b"");
    assert_eq!(text(&read), "precious\n");
    std::fs::remove_file(&ballast).unwrap();
    let produced = run_klamm(&["produce", "kept", "-b", &bootstrap], b"again\n");
    assert!(produced.status.success(), "{}", text(&produced));
    let end = run_klamm(&["consume", "kept", "--offset=-1", "-e", "-b", &bootstrap], b"");
    assert_eq!(text(&end), "again\n");
}

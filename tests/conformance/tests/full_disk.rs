//! A real broker on a small file system that gets full: writes are refused, reads go on, and room heals without a restart.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test can't do without fails it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use klamm_conformance::{BrokerOptions, TestBroker, Tool, run_klamm, skip};
use tempfile::TempDir;

const MIB: usize = 1 << 20;

/// A file system in memory, gone when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(mib: usize) -> Option<SmallDisk> {
        Tool::find("mount", "it is part of every Linux")?;
        let home = TempDir::new().unwrap();
        let size = format!("size={mib}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(home.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(SmallDisk(home));
        }
        skip("mounting a small file system is not allowed to this user");
        None
    }

    fn enlarge(&self, mib: usize) {
        let size = format!("remount,size={mib}m");
        assert!(Command::new("mount").args(["-o", &size]).arg(self.0.path()).status().unwrap().success());
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // If it is busy it goes with the machine.
        let _ = Command::new("umount").args(["-l"]).arg(self.0.path()).status();
    }
}

/// A broker on a small disk, and the lines that it has acknowledged in the topic `kept`.
struct Bench {
    broker: TestBroker,
    acked: Vec<String>,
}

impl Bench {
    fn start(data: &Path) -> Bench {
        let broker = BrokerOptions::new()
            .set("log.segment.bytes", "1048576")
            .set("log.segment.delete.delay.ms", "0")
            .set("log.retention.check.interval.ms", "100")
            .set("log.flush.offset.checkpoint.interval.ms", "100")
            .data_dir(data)
            .start();
        Bench { broker, acked: Vec::new() }
    }

    fn klamm(&self, arguments: &[&str], input: &[u8]) -> Output {
        run_klamm(&[arguments, &["-b", &self.broker.bootstrap()]].concat(), input)
    }

    /// Writes one line to `kept`; whether it was acknowledged, or else what was said.
    fn keep(&mut self) -> Result<(), String> {
        let line = format!("line {}", self.acked.len());
        let output = self.klamm(&["produce", "kept", "--timeout", "2"], format!("{line}\n").as_bytes());
        if !output.status.success() {
            return Err(text(&output));
        }
        self.acked.push(line);
        Ok(())
    }

    /// Writes two megabytes, or gives what was said.
    fn big(&self, topic: &str) -> Result<(), String> {
        let lines = [vec![b'x'; 500_000], b"\n".to_vec()].concat().repeat(4);
        let output = self.klamm(&["produce", topic, "--timeout", "1"], &lines);
        if output.status.success() { Ok(()) } else { Err(text(&output)) }
    }

    /// Fills a topic until it is refused.
    fn fill(&self, topic: &str) {
        let refused = (0..30).find_map(|_| self.big(topic).err()).expect("the disk gets full");
        assert!(refused.contains("KAFKA_STORAGE_ERROR"), "{refused}");
    }

    /// Waits until there is room; the files go a little after the answer, and each try takes its time.
    fn until_there_is_room(&self, topic: &str) {
        assert!((0..50).any(|_| self.big(topic).is_ok()), "there is room; the log:\n{}", self.broker.log());
    }

    /// All that was acknowledged can be read, in order. A line that was not may be there: its answer was lost.
    fn check(&self) {
        let read = text(&self.klamm(&["consume", "kept", "-e"], b""));
        let mut there = read.lines();
        for line in &self.acked {
            assert!(
                there.any(|read| read == line),
                "{line} of {} is not there in:\n{read}",
                self.acked.len()
            );
        }
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn records_leave_room_for_what_makes_room() {
    let Some(disk) = SmallDisk::mount(48) else { return };
    let mut bench = Bench::start(&disk.data());
    bench.keep().unwrap();
    bench.fill("filler");
    let log = bench.broker.log();
    assert!(log.contains("is full") && log.contains("lower retention"), "{log}");
    bench.check();
    // Deleting a topic writes metadata first: there must be room for that.
    let deleted = bench.klamm(&["topic", "delete", "filler", "--yes"], b"");
    assert!(deleted.status.success(), "{}", text(&deleted));
    bench.until_there_is_room("other");
    bench.keep().unwrap();
    bench.fill("other");
    // So does another retention.
    let set = bench.klamm(&["config", "set", "topic", "other", "retention.bytes=1048576"], b"");
    assert!(set.status.success(), "{}", text(&set));
    bench.until_there_is_room("kept-too");
    bench.fill("kept-too");
    disk.enlarge(64);
    bench.big("kept-too").unwrap();
    bench.keep().unwrap();
    bench.check();
    bench.broker.kill_and_restart();
    bench.check();
    bench.keep().unwrap();
}

#[test]
fn a_disk_that_somebody_else_fills_to_the_last_byte_loses_nothing() {
    let Some(disk) = SmallDisk::mount(48) else { return };
    let mut bench = Bench::start(&disk.data());
    for _ in 0..3 {
        bench.keep().unwrap();
    }
    bench.big("big").unwrap();
    let ballast = disk.0.path().join("ballast");
    let filled = std::fs::write(&ballast, vec![1; 64 * MIB]).unwrap_err();
    assert_eq!(filled.kind(), std::io::ErrorKind::StorageFull);
    let refused = bench.big("big").unwrap_err();
    assert!(refused.contains("KAFKA_STORAGE_ERROR"), "{refused}");
    bench.check();
    std::fs::remove_file(&ballast).unwrap();
    bench.big("big").unwrap();
    bench.keep().unwrap();
    bench.check();
    assert!(bench.broker.stop().success());
    bench.broker.restart();
    bench.check();
}

#[test]
fn a_disk_of_a_few_megabytes_is_not_full_from_the_beginning() {
    let Some(disk) = SmallDisk::mount(16) else { return };
    let mut bench = Bench::start(&disk.data());
    bench.keep().unwrap();
    bench.big("filler").unwrap();
    bench.fill("filler");
    bench.check();
    let deleted = bench.klamm(&["topic", "delete", "filler", "--yes"], b"");
    assert!(deleted.status.success(), "{}", text(&deleted));
    bench.until_there_is_room("kept");
}

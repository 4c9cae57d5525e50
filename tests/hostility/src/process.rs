//! The broker's process, from outside.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use klamm_conformance::TestBroker;

/// What a test may see of the broker's process.
#[derive(Debug)]
pub struct Process<'a>(pub &'a TestBroker);

impl Process<'_> {
    /// Where Kafka clients connect.
    pub fn address(&self) -> SocketAddr {
        self.0.bootstrap().parse().unwrap()
    }

    fn status(&self, name: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.0.pid())).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Memory in use, in KiB.
    pub fn memory_kib(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most memory that was ever in use, in KiB.
    pub fn peak_kib(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// Open files and sockets.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.0.pid())).unwrap().count()
    }

    /// A metric's value; 0 if there is none of the name yet.
    pub fn metric(&self, name: &str) -> u64 {
        let page = self.0.http_get("/metrics").unwrap();
        let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse::<f64>().unwrap() as u64)
    }

    /// Waits until `reached` is true; a minute is a failure.
    pub fn wait_until(&self, what: &str, reached: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !reached(self) {
            assert!(begun.elapsed() < Duration::from_mins(1), "never: {what}");
            pause(Duration::from_millis(20));
        }
    }

    /// Fails if the broker's log tells of a panic or of an error of its own.
    pub fn check_log(&self) {
        let log = self.0.log();
        let bad = |line: &&str| line.contains("panicked") || line.contains("can't be written");
        let found: Vec<&str> = log.lines().filter(bad).take(10).collect();
        assert!(found.is_empty(), "the broker's log: {found:#?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "polls another process, which has no other way to tell")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

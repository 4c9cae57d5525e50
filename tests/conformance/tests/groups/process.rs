//! A member of a group in a process of its own, which can be killed: it leaves without a word.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use klamm_conformance::TestBroker;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;

use super::member::{Ears, Seen, subscribed};

/// Tells the process where the broker is.
const BOOTSTRAP: &str = "KLAMM_MEMBER_BOOTSTRAP";
/// Tells it its settings: `name=value`, one a line.
const SETTINGS: &str = "KLAMM_MEMBER_SETTINGS";
/// The name of the test that is the member when it finds these.
const TEST: &str = "a_member_in_a_process_of_its_own";
/// What a line begins with that says what was read.
const READ: &str = "read:";

/// A member that can be killed.
#[derive(Debug)]
pub struct MemberProcess {
    process: Child,
    listener: Option<JoinHandle<()>>,
}

impl MemberProcess {
    /// Joins the group `g`; what it reads is noted in `seen`.
    pub fn join(broker: &TestBroker, topic: &str, settings: &[(&str, &str)], seen: &Seen) -> MemberProcess {
        let settings: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([TEST, "--exact", "--nocapture"]);
        command.env(BOOTSTRAP, format!("{} {topic}", broker.bootstrap())).env(SETTINGS, settings.join("\n"));
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let (lines, seen) = (BufReader::new(process.stdout.take().unwrap()).lines(), seen.clone());
        let listener = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(value) = line.strip_prefix(READ) {
                    seen.read(value.as_bytes());
                }
            }
        });
        MemberProcess { process, listener: Some(listener) }
    }
}

impl Drop for MemberProcess {
    /// Kills it; what it said that it has read is noted.
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ended = self.listener.take().map(JoinHandle::join);
    }
}

/// Is the member, if this process was started to be one.
pub fn be_a_member() {
    let Ok(place) = std::env::var(BOOTSTRAP) else { return };
    let (bootstrap, topic) = place.split_once(' ').unwrap();
    let settings = std::env::var(SETTINGS).unwrap();
    let settings: Vec<(&str, &str)> = settings.lines().filter_map(|line| line.split_once('=')).collect();
    read(&subscribed(bootstrap, topic, &settings, Ears::default()));
}

/// Reads until it is killed. A record is told before it can be committed.
#[expect(clippy::print_stdout, reason = "the process that started this one listens")]
fn read(consumer: &BaseConsumer<Ears>) {
    loop {
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(50)) {
            println!("{READ}{}", String::from_utf8_lossy(message.payload().unwrap_or_default()));
            let _gone = consumer.store_offset_from_message(&message);
        }
    }
}

//! `klamm server` as a process: what it says, and what it ends with.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// `klamm server` with nothing of this machine's environment.
fn server(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_klamm"));
    command.arg("server").args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn refused(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command.stderr(Stdio::piped()).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// A broker on free ports that serves; killed when dropped.
struct Broker {
    process: Child,
    log: Lines<BufReader<ChildStderr>>,
    serving: Value,
}

impl Broker {
    fn start(data_dir: &Path, more: &[&str]) -> Broker {
        let free = "127.0.0.1:0";
        let mut command =
            server(&["--kafka-address", free, "--http-address", free, "--grpc-address", "none"]);
        let mut process =
            command.arg("--data-dir").arg(data_dir).args(more).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let serving = next_with_message(&mut log, "the broker serves clients").expect("the broker serves");
        Broker { process, log, serving }
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.process.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have ended already; nothing is left to do then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The next line with this message; every line before it must be JSON, too.
fn next_with_message(log: &mut Lines<BufReader<ChildStderr>>, message: &str) -> Option<Value> {
    log.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap())
        .find(|line| line["message"] == message)
}

#[test]
fn a_broker_starts_serves_and_stops() {
    let dir = TempDir::new().unwrap();
    for signal in [Signal::TERM, Signal::INT] {
        let mut broker = Broker::start(&dir.path().join("data"), &[]);
        assert!(broker.serving["kafka"].as_str().unwrap().starts_with("127.0.0.1:"));
        assert!(broker.serving["durability"].as_str().unwrap().contains("fsync"));
        assert_eq!(broker.serving.get("grpc"), None);
        broker.signal(signal);
        let stopped = next_with_message(&mut broker.log, "the broker has stopped").unwrap();
        assert_eq!(stopped["clean"], true);
        assert_eq!(broker.process.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn the_first_lines_say_what_runs() {
    let dir = TempDir::new().unwrap();
    let free = ["--kafka-address", "127.0.0.1:0", "--http-address", "none", "--grpc-address", "none"];
    let mut command = server(&free);
    command.arg("--data-dir").arg(dir.path().join("data")).args(["--set", "node.id=7"]);
    let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
    let starts = next_with_message(&mut log, "klamm starts").unwrap();
    assert_eq!(starts["version"], env!("CARGO_PKG_VERSION"));
    let open = next_with_message(&mut log, "data directory is open").unwrap();
    assert_eq!((open["node_id"].as_i64(), open["cluster_id"].as_str().map(str::len)), (Some(7), Some(22)));
    assert_eq!(open["data_dir"], dir.path().join("data").display().to_string());
    process.kill().unwrap();
    process.wait().unwrap();
}

#[test]
fn flags_are_stronger_than_variables_and_those_than_the_file() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("klamm.toml");
    std::fs::write(&file, "[settings]\nnode.id = 1\nnum.partitions = \"many\"\n").unwrap();
    let with_file = |more: &[&str], variables: &[(&str, &str)]| {
        let mut command = server(more);
        command.env("KLAMM_CONFIG", &file).envs(variables.iter().copied());
        refused(&mut command).1
    };
    let from =
        |text: &str, place: &str| assert!(text.contains(place) && text.contains("num.partitions"), "{text}");
    from(&with_file(&[], &[]), "klamm.toml");
    let variables = [("KLAMM_SET_NUM_PARTITIONS", "some")];
    from(&with_file(&[], &variables), "KLAMM_SET_NUM_PARTITIONS");
    from(&with_file(&["--set", "num.partitions=few"], &variables), "command line");
}

#[test]
fn a_wrong_option_is_answered_with_code_2() {
    for (arguments, words) in [
        (vec!["--set", "nodeid=1"], "did you mean node.id?"),
        (vec!["--set", "node.id"], "NAME=VALUE"),
        (vec!["--config", "absent.toml"], "absent.toml"),
        (vec!["--log-level", "klamm=loud"], "klamm=loud"),
        (vec!["--log-format", "xml"], "auto, text, json"),
        (vec!["--kafka-address", "9092"], "HOST:PORT"),
        (vec!["--frobnicate"], "--frobnicate"),
    ] {
        let (code, text) = refused(&mut server(&arguments));
        assert_eq!(code, Some(2), "{arguments:?}: {text}");
        assert!(text.contains(words), "{arguments:?}: {text}");
    }
}

#[test]
fn options_of_client_commands_are_neither_shown_nor_taken() {
    let Output { stdout, .. } =
        Command::new(env!("CARGO_BIN_EXE_klamm")).args(["server", "--help"]).output().unwrap();
    let help = String::from_utf8(stdout).unwrap();
    assert!(help.contains("--data-dir"), "{help}");
    for option in ["--bootstrap", "--profile", "--output", "--timeout"] {
        assert!(!help.contains(option), "{help}");
    }
    // With a file that is not there no broker starts, even if the option is taken after all.
    let no_file = ["--config", "absent.toml"];
    for (before, after) in
        [(vec![], vec!["-b", "x:1"]), (vec!["--timeout", "5"], vec![]), (vec![], vec!["--output", "json"])]
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_klamm"));
        let (code, text) =
            refused(command.args(&before).arg("server").args(&after).args(no_file).env_clear());
        assert_eq!(code, Some(2), "{before:?} {after:?}: {text}");
        assert!(
            text.contains("is for commands that ask a broker") && !text.contains("absent.toml"),
            "{text}"
        );
    }
}

/// What clients are told of by a variable is no business of a broker that starts beside them.
#[test]
fn a_clients_variables_do_not_keep_a_broker_from_starting() {
    let dir = TempDir::new().unwrap();
    let mut command = server(&["--config", "absent.toml"]);
    command.env("KLAMM_BOOTSTRAP", "elsewhere:9092").current_dir(dir.path());
    let (_, text) = refused(&mut command);
    assert!(text.contains("absent.toml"), "{text}");
}

#[cfg(target_os = "linux")]
fn network_threads(broker: &Broker) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", broker.process.id())).unwrap();
    let names = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("klamm-net-")).collect();
    names.sort_unstable();
    names
}

#[cfg(target_os = "linux")]
#[test]
fn clients_are_served_by_as_many_threads_as_the_setting_says() {
    let dir = TempDir::new().unwrap();
    let broker = Broker::start(&dir.path().join("data"), &["--set", "num.network.threads=3"]);
    let begun = Instant::now();
    // A thread takes its name when it first runs, which may be later than the broker's first word.
    while network_threads(&broker) != ["klamm-net-0\n", "klamm-net-1\n", "klamm-net-2\n"] {
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", network_threads(&broker));
    }
}

#[test]
fn a_start_that_fails_is_answered_with_code_1_in_the_logs_format() {
    let dir = TempDir::new().unwrap();
    let broker = Broker::start(&dir.path().join("data"), &[]);
    let taken = broker.serving["kafka"].as_str().unwrap();
    let second = dir.path().join("second");
    let arguments = ["--kafka-address", taken, "--data-dir", second.to_str().unwrap()];
    let (code, text) = refused(&mut server(&arguments));
    assert_eq!(code, Some(1), "{text}");
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["level"], "ERROR");
    let message = last["message"].as_str().unwrap();
    assert!(message.contains("in use") && message.contains(taken), "{message}");
    let (code, text) = refused(server(&arguments).args(["--log-format", "text"]));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.lines().last().unwrap().starts_with("error: can't listen on"), "{text}");
    assert!(!second.exists(), "a start that failed left a directory");
}

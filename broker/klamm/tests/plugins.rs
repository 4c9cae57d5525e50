//! `klamm plugin` against a broker process: exact outputs, and what is left after a kill.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use klamm_plugin_host::guests;
use serde_json::Value;
use tempfile::TempDir;

/// A broker on free ports; killed when dropped, as by a crash.
struct Broker {
    process: Child,
    kafka: String,
    grpc: String,
}

impl Broker {
    fn start(data_dir: &Path, more: &[&str]) -> Broker {
        let free = "127.0.0.1:0";
        let mut command = Command::new(env!("CARGO_BIN_EXE_klamm"));
        command.args(["server", "--kafka-address", free, "--http-address", "none", "--grpc-address", free]);
        command.arg("--data-dir").arg(data_dir).args(more).env_clear().stdin(Stdio::null());
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let serving = log
            .find_map(|line| {
                let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
                (line["message"] == "the broker serves clients").then_some(line)
            })
            .unwrap();
        // Whoever writes to a closed pipe would fail.
        std::thread::spawn(move || log.for_each(drop));
        let address = |name: &str| serving[name].as_str().unwrap().to_owned();
        Broker { process, kafka: address("kafka"), grpc: address("grpc") }
    }

    /// Exit code, standard output and standard error of a command.
    fn klamm(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_klamm"));
        command.args(arguments).env_clear().stdin(Stdio::null());
        command.env("KLAMM_BOOTSTRAP", &self.kafka).env("KLAMM_GRPC", &self.grpc);
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// What a command that succeeds prints.
    fn out(&self, arguments: &[&str]) -> String {
        let (code, out, error) = self.klamm(arguments);
        assert_eq!((code, error.as_str()), (0, ""), "{arguments:?}");
        out
    }

    /// What a command that succeeds notes.
    fn notes(&self, arguments: &[&str]) -> String {
        let (code, out, notes) = self.klamm(arguments);
        assert_eq!((code, out.as_str()), (0, ""), "{arguments:?}: {notes}");
        notes
    }

    /// What a command says that fails with this code.
    fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let (found, out, error) = self.klamm(arguments);
        assert_eq!((found, out.as_str()), (code, ""), "{arguments:?}: {error}");
        error
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A component in a file, with its digest.
fn component(dir: &TempDir, name: &str, wasm: &[u8]) -> (PathBuf, String) {
    let file = dir.path().join(name);
    std::fs::write(&file, wasm).unwrap();
    (file, klamm_plugin_host::Digest::of(wasm).to_string())
}

#[test]
fn a_plugin_is_pushed_bound_rolled_back_and_deleted() {
    // Each part goes on where the one before ended.
    let dir = TempDir::new().unwrap();
    let data = dir.path().join("data");
    let one = component(&dir, "one.wasm", &guests::accepting().component());
    let two = component(&dir, "two.wasm", &guests::on_byte('x', "unreachable").component());
    let broker = Broker::start(&data, &[]);
    is_pushed(&broker, &one, &two);
    is_bound(&broker);
    // What was acknowledged survives a kill.
    drop(broker);
    let broker = Broker::start(&data, &[]);
    is_shown(&broker, &one, &two);
    is_rolled_back_and_deleted(&broker);
}

fn is_pushed(broker: &Broker, (one, digest): &(PathBuf, String), (two, _): &(PathBuf, String)) {
    let push = |file: &Path, version: &str| {
        broker.klamm(&["plugin", "push", file.to_str().unwrap(), "--name", "guard", "--version", version])
    };
    let pushed = format!("plug-in guard@1.0.0 (filter) pushed, sha-256 {digest}\n");
    assert_eq!(push(one, "1.0.0"), (0, String::new(), pushed));
    let again = format!("plug-in guard@1.0.0 (filter) was there already, sha-256 {digest}\n");
    assert_eq!(push(one, "1.0.0").2, again);
    let (code, _, other) = push(two, "1.0.0");
    assert_eq!(code, 1);
    assert!(
        other.starts_with("error: pushing guard@1.0.0: guard@1.0.0 is there already with other bytes"),
        "{other}"
    );
    assert!(other.ends_with("\nnext: push it with another --version\n"), "{other}");
    assert_eq!(push(two, "1.1.0").0, 0);
}

fn is_bound(broker: &Broker) {
    assert_eq!(broker.notes(&["topic", "create", "orders"]), "topic orders created with 1 partition\n");
    let bind = |version: &str| format!("guard@{version}");
    let filter = bind("1.0.0");
    let bound = broker.notes(&[
        "plugin",
        "bind",
        "orders",
        "--filter",
        &filter,
        "-p",
        "a=1,2",
        "--on-failure",
        "reject",
    ]);
    let setting = "klamm.filters=guard@1.0.0/a:1%2C2/on-failure:reject";
    assert_eq!(bound, format!("filter guard@1.0.0 bound to topic orders\n{setting}\n"));
    let filter = bind("1.1.0");
    let tried = broker.notes(&["plugin", "bind", "orders", "--filter", &filter, "--dry-run"]);
    assert_eq!(tried, "filter guard@1.1.0 would be bound to topic orders\nklamm.filters=guard@1.1.0\n");
    broker.notes(&["plugin", "bind", "orders", "--filter", &filter, "--shadow"]);
}

fn is_shown(broker: &Broker, (one, digest): &(PathBuf, String), (two, _): &(PathBuf, String)) {
    let size = |file: &Path| std::fs::metadata(file).unwrap().len();
    let table = format!(
        "NAME   VERSION  KINDS   BYTES  SIGNED BY  TOPICS\n\
         guard  1.0.0    filter  {:<5}  -          -\n\
         guard  1.1.0    filter  {:<5}  -          orders\n",
        size(one),
        size(two)
    );
    assert_eq!(broker.out(&["plugin", "list"]), table);
    let json: Value = serde_json::from_str(&broker.out(&["plugin", "ls", "-o", "json"])).unwrap();
    assert_eq!((&json[0]["sha256"], &json[0]["signer"]), (&Value::from(digest.as_str()), &Value::Null));
    assert_eq!(json[1]["bound"][0]["binding"], "guard@1.1.0/shadow:true");
    let yaml = broker.out(&["plugin", "list", "-o", "yaml"]);
    assert!(yaml.starts_with("- name: guard\n  version: 1.0.0\n  kinds:\n  - filter\n"), "{yaml}");
    let described = broker.out(&["plugin", "describe", "guard@1.1.0"]);
    let bound = "\nTOPIC   ROLE    BINDING\norders  filter  guard@1.1.0/shadow:true\n";
    assert!(described.contains(bound), "{described}");
    assert!(described.contains("EXPORTS OF guard@1.1.0\n"), "{described}");
}

fn is_rolled_back_and_deleted(broker: &Broker) {
    let rolled = broker.notes(&["plugin", "rollback", "orders", "--filter"]);
    let expected = "klamm.filters of topic orders is guard@1.0.0/a:1%2C2/on-failure:reject again, instead of \
                    guard@1.1.0/shadow:true\n";
    assert_eq!(rolled, expected);
    let refused = broker.refused(1, &["plugin", "delete", "guard@1.0.0"]);
    let expected = "error: deleting plug-in guard@1.0.0: guard@1.0.0 can't be deleted: topic orders is bound to it; \
                    unbind it there first\n";
    assert_eq!(refused, expected);
    let unbound = broker.notes(&["plugin", "unbind", "orders", "--all"]);
    assert_eq!(unbound, "filter guard@1.0.0/a:1%2C2/on-failure:reject unbound from topic orders\n");
    assert_eq!(broker.notes(&["plugin", "delete", "guard@1.0.0"]), "plug-in guard@1.0.0 deleted\n");
    let refused = broker.refused(3, &["plugin", "bind", "orders", "--filter", "guard@1.0.0"]);
    let expected = "error: binding guard@1.0.0 to topic orders: there is no plug-in guard@1.0.0, only version 1.1.0\n\
                    next: `klamm plugin list` shows the plug-ins there are and where they are bound\n";
    assert_eq!(refused, expected);
    assert_eq!(broker.out(&["plugin", "logs"]), "");
}

#[test]
fn signed_plugins_are_taken_where_they_must_be() {
    let dir = TempDir::new().unwrap();
    let (file, digest) = component(&dir, "guard.wasm", &guests::accepting().component());
    let file = file.to_str().unwrap();
    let key = dir.path().join("key");
    let key = key.to_str().unwrap();
    let mut keygen = Command::new(env!("CARGO_BIN_EXE_klamm"));
    keygen.args(["plugin", "keygen", key, "-o", "json"]).env_clear();
    let made: Value = serde_json::from_slice(&keygen.output().unwrap().stdout).unwrap();
    let secret = std::fs::read(key).unwrap();
    let again = keygen.output().unwrap();
    assert_eq!(again.status.code(), Some(2));
    let error = format!("error: {key} is there already\nnext: choose another file\n");
    assert_eq!(String::from_utf8(again.stderr).unwrap(), error);
    assert_eq!(std::fs::read(key).unwrap(), secret);
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(key).unwrap());
    assert_eq!(mode & 0o777, 0o600);

    let trusted = format!("klamm.plugins.trusted.keys=ops:{}", made["public_key"].as_str().unwrap());
    let settings = ["--set", &trusted, "--set", "klamm.plugins.require.signature=true"];
    let broker = Broker::start(&dir.path().join("data"), &settings);
    let push = ["plugin", "push", file, "--name", "guard", "--version", "1"];
    let refused = broker.refused(1, &push);
    let expected = "error: pushing guard@1: this broker takes only signed plug-ins (klamm.plugins.require.signature): \
                    sign it with a key of klamm.plugins.trusted.keys\n\
                    next: sign it with `klamm plugin push --sign KEYFILE`\n";
    assert_eq!(refused, expected);
    let signed = broker.notes(&[&push[..], &["--sign", key]].concat());
    assert_eq!(signed, format!("plug-in guard@1 (filter) pushed, sha-256 {digest}\n"));
    assert!(broker.out(&["plugin", "list"]).contains("  ops        -\n"));
}

#[test]
fn a_broker_that_is_not_there_is_said() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_klamm"));
    let output = command.args(["plugin", "list", "--grpc", "127.0.0.1:1"]).env_clear().output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let expected = "error: can't connect to the gRPC of a broker at 127.0.0.1:1: connection refused\n\
                    next: start a broker with `klamm server`, or name another with --grpc HOST:PORT\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
    let mut command = Command::new(env!("CARGO_BIN_EXE_klamm"));
    let output = command.args(["plugin", "list", "--grpc", "nowhere"]).env_clear().output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

/// A broker with the topic `orders`, and `file` pushed to it as guard@1.
fn with_guard(dir: &TempDir, wasm: &[u8]) -> Broker {
    let (file, _) = component(dir, "guard.wasm", wasm);
    let broker = Broker::start(&dir.path().join("data"), &[]);
    broker.notes(&["topic", "create", "orders"]);
    broker.notes(&["plugin", "push", file.to_str().unwrap(), "--name", "guard", "--version", "1"]);
    broker
}

/// Writes lines to `orders`.
fn produce(dir: &TempDir, broker: &Broker, lines: &str) {
    let file = dir.path().join("lines");
    std::fs::write(&file, lines).unwrap();
    let (code, _, notes) = broker.klamm(&["produce", "orders", file.to_str().unwrap()]);
    assert_eq!(code, 0, "{notes}");
}

#[test]
fn what_a_plugin_logs_is_followed() {
    let dir = TempDir::new().unwrap();
    let says = guests::on_byte('x', "(call $log (i32.const 1) (i32.const 1024) (i32.const 7))");
    let broker = with_guard(&dir, &says.component());
    broker.notes(&["plugin", "bind", "orders", "--filter", "guard@1"]);
    produce(&dir, &broker, "xylophone\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_klamm"));
    command.args(["plugin", "logs", "guard", "--follow"]).env_clear().env("KLAMM_GRPC", &broker.grpc);
    let mut following = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said = |line: &str| line.contains("guard@1") && line.ends_with("said so");
    let first = lines.next().unwrap();
    assert!(said(&first), "{first}");
    // It is there before what comes now.
    produce(&dir, &broker, "piano\nxebec\n");
    let second = lines.next().unwrap();
    assert!(said(&second) && second != first, "{second}");
    following.kill().unwrap();
    following.wait().unwrap();
    assert_eq!(broker.out(&["plugin", "logs", "--tail", "1"]), format!("{second}\n"));
}

#[test]
fn what_a_plugin_blocked_is_replayed_through_the_plugins_that_are_bound_then() {
    let dir = TempDir::new().unwrap();
    let broker = with_guard(&dir, &guests::on_byte('x', "unreachable").component());
    let (better, _) = component(&dir, "better.wasm", &guests::on_byte('y', "unreachable").component());
    broker.notes(&["plugin", "push", better.to_str().unwrap(), "--name", "guard", "--version", "2"]);
    broker.notes(&["plugin", "bind", "orders", "--filter", "guard@1"]);
    produce(&dir, &broker, "good\nxylophone\nbetter\n");
    let consumed = || broker.out(&["consume", "orders", "--until-end"]);
    let blocked = || -> Vec<Value> {
        let listed: Value =
            serde_json::from_str(&broker.out(&["dlq", "list", "orders", "-o", "json"])).unwrap();
        listed.as_array().unwrap().clone()
    };
    assert_eq!(consumed(), "good\nbetter\n");
    assert_eq!(blocked().len(), 1);

    // The plug-in that blocked it is still bound, and blocks it again.
    broker.klamm(&["dlq", "replay", "orders", "--all", "--yes"]);
    assert_eq!((consumed().as_str(), blocked().len()), ("good\nbetter\n", 2));

    broker.notes(&["plugin", "bind", "orders", "--filter", "guard@2"]);
    let (code, _, said) = broker.klamm(&["dlq", "replay", "orders", "--all", "--yes"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(consumed(), "good\nbetter\nxylophone\n");
    let (_, _, nothing) = broker.klamm(&["dlq", "replay", "orders", "--all", "--yes"]);
    assert_eq!(consumed(), "good\nbetter\nxylophone\n", "{nothing}");
}

//! `klamm dlq` against a real broker, with quarantined records as a broker writes them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test can't do without fails it")]

use std::process::{Command, Stdio};

use klamm_conformance::{TestBroker, klamm_binary, run_klamm};

/// A broker with the topic `orders` of three partitions, and its quarantine.
struct Cluster(TestBroker);

/// A quarantined record, as a line of JSON.
fn letter(partition: i32, offset: i64, reason: &str, value: &str) -> String {
    let time = 1_700_000_000_000 + offset;
    let told = [
        ("topic", "orders".to_owned()),
        ("partition", partition.to_string()),
        ("offset", offset.to_string()),
        ("timestamp", time.to_string()),
        ("plugin", "json-guard".to_owned()),
        ("version", "1.0.0".to_owned()),
        ("digest", "ab12".to_owned()),
        ("reason", reason.to_owned()),
        ("producer.id", "12".to_owned()),
    ];
    let told: Vec<String> = told
        .iter()
        .map(|(name, value)| format!(r#"{{"key":"klamm.dlq.{name}","value":"{value}"}}"#))
        .collect();
    format!(
        r#"{{"key":"k","value":{value},"timestamp":{time},"headers":[{{"key":"own","value":"h"}},{}]}}{}"#,
        told.join(","),
        "\n"
    )
}

impl Cluster {
    fn start() -> Cluster {
        let cluster = Cluster(TestBroker::start());
        cluster.ok(&["topic", "create", "orders", "--partitions", "3"], b"");
        cluster
    }

    /// What a command prints; it must succeed.
    fn ok(&self, arguments: &[&str], input: &[u8]) -> String {
        let (code, out, said) = self.run(arguments, input);
        assert_eq!(code, 0, "{arguments:?}: {said}");
        out
    }

    /// Exit code, standard output and standard error of a command.
    fn run(&self, arguments: &[&str], input: &[u8]) -> (i32, String, String) {
        let bootstrap = self.0.bootstrap();
        let output = run_klamm(&[arguments, &["-b", &bootstrap]].concat(), input);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn quarantine(&self, lines: &[String]) {
        self.ok(&["topic", "create", "orders.dlq"], b"");
        self.ok(&["produce", "orders.dlq", "--input", "json"], lines.concat().as_bytes());
    }

    /// All of the topic: partition, value, headers, time; in an order of its own.
    fn orders(&self) -> Vec<String> {
        let format = "%p %s %h %k %T\n";
        let text = self.ok(&["consume", "orders", "--until-end", "-f", format], b"");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

#[test]
fn a_quarantine_is_listed_counted_and_shown() {
    let cluster = Cluster::start();
    cluster.quarantine(&[
        letter(2, 41, "too late", r#""a""#),
        letter(0, 7, "not JSON", r#"{"base64":"/wA="}"#),
        r#"{"value":"somebody's","timestamp":1700000000000}"#.to_owned(),
    ]);
    assert_eq!(
        cluster.ok(&["dlq", "list"], b""),
        "\
TOPIC   QUARANTINE  RECORDS  OPEN  REPLAYED  OTHER  NEWEST
orders  orders.dlq  3        2     0         1      2023-11-14T22:13:20.041Z
"
    );
    assert_eq!(
        cluster.ok(&["dlq", "list", "orders"], b""),
        "\
OFFSET  FROM  TIME                      PLUGIN            REPLAYED  REASON
0       2@41  2023-11-14T22:13:20.041Z  json-guard@1.0.0  no        too late
1       0@7   2023-11-14T22:13:20.007Z  json-guard@1.0.0  no        not JSON
2       -     2023-11-14T22:13:20.000Z  -                 no        not a dead letter: it has no klamm.dlq headers
"
    );
    let summary =
        cluster.ok(&["dlq", "list", "orders.dlq", "--summary", "--plugin", "json-guard@1.0.0"], b"");
    assert_eq!(summary.lines().count(), 3, "{summary}");
    let late = cluster.ok(&["dlq", "list", "orders", "--reason", "late", "-n", "1", "-o", "json"], b"");
    assert!(late.contains(r#""reason": "too late""#) && !late.contains("not JSON"), "{late}");
    assert!(
        cluster
            .ok(&["dlq", "show", "orders", "0"], b"")
            .contains("was to go to  orders, partition 2, offset 41\n")
    );
    let bootstrap = cluster.0.bootstrap();
    let raw = run_klamm(&["dlq", "show", "orders", "1", "--raw", "-b", &bootstrap], b"");
    assert_eq!(raw.stdout, [0xff, 0x00]);
}

#[test]
fn a_replay_sends_each_record_once_as_it_was() {
    let cluster = Cluster::start();
    cluster.quarantine(&[
        letter(2, 41, "too late", r#""a""#),
        letter(0, 7, "not JSON", r#""b""#),
        letter(1, 8, "not JSON", r#""c""#),
    ]);
    let (code, out, said) =
        cluster.run(&["dlq", "replay", "orders", "--all", "--dry-run", "--reason", "JSON"], b"");
    assert_eq!(
        (code, out.as_str()),
        (0, "OFFSET  TO        REPLAYED\n1       orders-0  no\n2       orders-1  no\n")
    );
    assert_eq!(said, "nothing was sent: 2 records would be sent to orders\n");
    assert_eq!(
        cluster.run(&["dlq", "replay", "orders", "--all"], b"yes\n"),
        (
            2,
            String::new(),
            "error: 3 records of orders.dlq would be sent to orders again\nnext: add --yes if that is what you want\n"
                .to_owned()
        )
    );
    assert_eq!(cluster.orders(), [""; 0]);
    cluster.ok(&["dlq", "replay", "orders", "0", "--yes"], b"");
    let (_, out, said) = cluster.run(&["dlq", "replay", "orders", "--all", "--yes"], b"");
    assert_eq!(
        out,
        "\
TOPIC   SENT  RETURNED  REFUSED  SKIPPED  ALREADY
orders  2     0         0        0        1
"
    );
    assert_eq!(said, "2 records were sent to orders again\n");
    let all = ["0 b own=h k 1700000000007", "1 c own=h k 1700000000008", "2 a own=h k 1700000000041"];
    assert_eq!(cluster.orders(), all);
    cluster.ok(&["dlq", "replay", "orders", "--all", "--yes"], b"");
    assert_eq!(cluster.orders(), all);
    let listed = cluster.ok(&["dlq", "list", "orders"], b"");
    assert_eq!(listed.matches(" yes ").count(), 3, "{listed}");
    assert_eq!(listed.lines().count(), 4, "what klamm notes is no record: {listed}");
}

#[test]
fn a_record_is_mended_by_an_editor_or_a_file() {
    let cluster = Cluster::start();
    cluster
        .quarantine(&[letter(0, 1, "no id", r#"{"base64":"eyJhIjoxfQ=="}"#), letter(0, 2, "no id", "null")]);
    let bootstrap = cluster.0.bootstrap();
    let editing = |editor: &str| {
        let mut command = Command::new(klamm_binary());
        command.args([
            "dlq",
            "replay",
            "orders",
            "0",
            "--edit",
            "--yes",
            "--set-header",
            "own=x",
            "-b",
            &bootstrap,
        ]);
        command.env_remove("VISUAL").env("EDITOR", editor).stdin(Stdio::null()).output().unwrap()
    };
    let failed = editing("false");
    assert_eq!(failed.status.code(), Some(1));
    assert_eq!(cluster.orders(), [""; 0]);
    assert!(editing("sed -i s/a/id/").status.success());
    assert_eq!(cluster.orders(), [r#"0 {"id":1} own=x k 1700000000001"#]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "whole").unwrap();
    let path = file.path().display().to_string();
    cluster.ok(&["dlq", "replay", "orders", "1", "--value", &path, "--partition", "by-key", "--yes"], b"");
    let orders = cluster.orders();
    assert!(orders.iter().any(|line| line.ends_with("whole own=h k 1700000000002")), "{orders:?}");
}

#[test]
fn what_a_topic_refuses_is_told_and_can_be_replayed_later() {
    let cluster = Cluster::start();
    let large = format!("\"{}\"", "x".repeat(2_000));
    cluster.quarantine(&[
        letter(0, 1, "r", r#""a""#),
        letter(0, 2, "r", &large),
        letter(0, 3, "r", r#""c""#),
    ]);
    cluster.ok(&["config", "set", "topic", "orders", "max.message.bytes=500"], b"");
    let (code, out, said) = cluster.run(&["dlq", "replay", "orders", "--all", "--yes"], b"");
    assert_eq!(code, 1, "{said}");
    assert!(
        out.contains("\norders  2     0         1        0        0\n") && out.contains("MESSAGE_TOO_LARGE"),
        "{out}"
    );
    assert!(said.contains("error: 1 record was refused by orders\nnext: mend them"), "{said}");
    assert_eq!(cluster.orders().len(), 2);
    cluster.ok(&["config", "delete", "topic", "orders", "max.message.bytes"], b"");
    cluster.ok(&["dlq", "replay", "orders", "--all", "--yes"], b"");
    assert_eq!(cluster.orders().len(), 3);
}

#[test]
fn more_than_one_chunk_arrives_whole_and_survives_a_kill_of_the_broker() {
    let mut cluster = Cluster::start();
    let letters: Vec<String> = (0..1_203)
        .map(|offset| letter((offset % 3) as i32, offset, "r", &format!("\"v{offset}\"")))
        .collect();
    cluster.quarantine(&letters);
    cluster.ok(&["dlq", "replay", "orders", "--all", "--limit", "700", "--yes"], b"");
    cluster.0.kill_and_restart();
    let out = cluster.ok(&["dlq", "replay", "orders", "--all", "--yes"], b"");
    assert!(out.contains("\norders  503   0         0        0        700\n"), "{out}");
    let mut values: Vec<String> =
        cluster.ok(&["consume", "orders", "--until-end"], b"").lines().map(str::to_owned).collect();
    values.sort();
    let mut expected: Vec<String> = (0..1_203).map(|n| format!("v{n}")).collect();
    expected.sort();
    assert!(values == expected, "{} records", values.len());
}

#[test]
fn nothing_is_sent_where_there_is_no_topic_or_no_quarantine() {
    let cluster = Cluster::start();
    let (code, _, said) = cluster.run(&["dlq", "list", "orders"], b"");
    assert_eq!(
        (code, said.as_str()),
        (
            3,
            "error: topic orders has no quarantine: there is no topic orders.dlq\n\
             next: `klamm dlq list` shows the quarantines there are\n"
        )
    );
    cluster.quarantine(&[letter(0, 1, "r", r#""a""#)]);
    cluster.ok(&["topic", "delete", "orders", "--yes"], b"");
    let (code, _, said) = cluster.run(&["dlq", "replay", "orders", "--all", "--yes"], b"");
    assert_eq!(
        (code, said.as_str()),
        (
            3,
            "error: topic orders does not exist: what is in orders.dlq has nowhere to go\n\
             next: `klamm topic create orders` makes it; nothing was sent\n"
        )
    );
    assert!(cluster.ok(&["dlq", "list"], b"").contains("orders.dlq  1"), "its letters are still there");
}

//! Kafka's own ConfigCommand on quotas and on settings of groups and subscriptions.
//!
//! Skipped by name without a JDK and Kafka's jars (`tests/interop/fetch-kafka`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test can't do without fails it")]

use klamm_conformance::{KafkaJars, TestBroker};

/// What the command says, for this broker and this kind of entity.
fn configure(kafka: &KafkaJars, broker: &TestBroker, arguments: &[&str]) -> (bool, String) {
    let bootstrap = broker.bootstrap();
    let all: Vec<&str> =
        ["--bootstrap-server", &bootstrap, "--entity-type"].iter().chain(arguments).copied().collect();
    let output = kafka.run("kafka.admin.ConfigCommand", &all, b"");
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said)
}

#[test]
fn quotas_of_clients() {
    let Some(kafka) = KafkaJars::find() else { return };
    let broker = TestBroker::start();
    let run = |arguments: &[&str]| configure(&kafka, &broker, arguments);
    let quota = "producer_byte_rate=1048576,request_percentage=12.5";
    let (done, said) = run(&["clients", "--entity-name", "c", "--alter", "--add-config", quota]);
    assert!(done, "{said}");
    let (done, said) = run(&["clients", "--entity-name", "c", "--describe"]);
    assert!(done && said.contains("client-id 'c'"), "{said}");
    assert!(
        said.contains("producer_byte_rate=1048576") && said.contains("request_percentage=12.5"),
        "{said}"
    );

    let both = ["users", "--entity-default", "--entity-type", "clients", "--entity-name", "c"];
    let (done, said) = run(&[&both[..], &["--alter", "--add-config", "consumer_byte_rate=2048"]].concat());
    assert!(done, "{said}");
    let (done, said) = run(&[&both[..], &["--describe"]].concat());
    assert!(done && said.contains("consumer_byte_rate=2048"), "{said}");

    let (_, said) =
        run(&["clients", "--entity-name", "c", "--alter", "--add-config", "controller_mutation_rate=5"]);
    assert!(said.contains("is not enforced by this broker"), "{said}");

    let (done, said) =
        run(&["clients", "--entity-name", "c", "--alter", "--delete-config", "producer_byte_rate"]);
    assert!(done, "{said}");
    let (_, said) = run(&["clients", "--entity-name", "c", "--describe"]);
    assert!(!said.contains("producer_byte_rate") && said.contains("request_percentage=12.5"), "{said}");

    let (done, said) =
        run(&["ips", "--entity-name", "10.0.0.1", "--alter", "--add-config", "connection_creation_rate=7"]);
    assert!(done, "{said}");
    let (done, said) = run(&["ips", "--entity-name", "10.0.0.1", "--describe"]);
    assert!(done && said.contains("connection_creation_rate=7"), "{said}");
}

#[test]
fn settings_of_groups_and_subscriptions() {
    let Some(kafka) = KafkaJars::find() else { return };
    let broker = TestBroker::start();
    for (kind, given, wrong, reason) in [
        (
            "groups",
            "consumer.session.timeout.ms=50000",
            "consumer.session.timeout.ms=1",
            "must be greater than or equal to group.consumer.min.session.timeout.ms",
        ),
        ("client-metrics", "interval.ms=1000", "interval.ms=1", "Value must be at least 100"),
    ] {
        let run = |arguments: &[&str]| {
            configure(&kafka, &broker, &[&[kind, "--entity-name", "it"], arguments].concat())
        };
        let (done, said) = run(&["--alter", "--add-config", given]);
        assert!(done, "{said}");
        let (_, said) = run(&["--alter", "--add-config", wrong]);
        assert!(said.contains(reason), "{said}");
        let (name, _) = given.split_once('=').unwrap();
        let (done, said) = run(&["--alter", "--delete-config", name]);
        assert!(done && said.contains("Completed updating config"), "{said}");
    }
}

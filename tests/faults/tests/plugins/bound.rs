//! A broker with topics that have the shipped plug-ins bound, by the command line.

use std::path::Path;

use klamm_conformance::{BrokerOptions, TestBroker, run_klamm};
use klamm_faults::{Kinds, PluggedTopic};

const PLUGINS: [&str; 3] = ["json-guard", "redact", "by-region"];
const PARTITIONS: i32 = 4;

/// A topic for each kind, and one with all of them.
pub fn topics() -> Vec<PluggedTopic> {
    let none = Kinds { filter: false, serializer: false, partitioner: false };
    let topic = |name: &str, kinds| PluggedTopic { name: name.to_owned(), partitions: PARTITIONS, kinds };
    vec![
        topic("filtered", Kinds { filter: true, ..none }),
        topic("serialized", Kinds { serializer: true, ..none }),
        topic("partitioned", Kinds { partitioner: true, ..none }),
        topic("all", Kinds { filter: true, serializer: true, partitioner: true }),
    ]
}

/// A broker with small indexes, so that segments roll and producers' states are saved all the time, and with these topics.
pub fn start(topics: &[PluggedTopic]) -> TestBroker {
    let broker = BrokerOptions::new().set("log.index.size.max.bytes", "512").start();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    for name in PLUGINS {
        let file = sources.join(name).join(name).with_extension("wasm");
        let file = file.display().to_string();
        plugin(&broker, &["push", &file, "--name", name, "--version", PluggedTopic::VERSION]);
    }
    for topic in topics {
        let partitions = topic.partitions.to_string();
        // The orders' timestamps are old.
        let create = ["topic", "create", &topic.name, "-p", &partitions, "-c", "retention.ms=-1"];
        klamm(&[&create[..], &["-b", &broker.bootstrap()]].concat());
        for (name, role, parameters) in topic.bindings() {
            let name = format!("{name}@{}", PluggedTopic::VERSION);
            // A machine that is busy with kills makes no plug-in slow.
            let mut bind = vec!["bind", &topic.name, role, &name, "--deadline-ms", "1000"];
            bind.extend(parameters.iter().flat_map(|parameter| ["--param", parameter]));
            plugin(&broker, &bind);
        }
    }
    broker
}

fn plugin(broker: &TestBroker, arguments: &[&str]) {
    klamm(&[&["plugin"], arguments, &["--grpc", &broker.grpc()]].concat());
}

fn klamm(arguments: &[&str]) {
    let output = run_klamm(arguments, b"");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

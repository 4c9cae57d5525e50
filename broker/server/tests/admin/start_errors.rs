//! A start that can't succeed says what is wrong, with the evidence and the next step.

use std::net::TcpListener;

use klamm_server::Server;
use tempfile::TempDir;

use crate::server::{TestServer, options};

fn refusal(options: klamm_server::ServerOptions) -> String {
    Server::start(options).expect_err("this can't start").to_string()
}

fn says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_its_flag() {
    let dir = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut kafka = options(dir.path(), &[]);
    kafka.kafka_address.clone_from(&address);
    says(&refusal(kafka), &[&address, "in use", "--kafka-address"]);
    let mut http = options(dir.path(), &[]);
    http.http_address = Some(address.clone());
    says(&refusal(http), &[&address, "in use", "--http-address"]);
    let mut grpc = options(dir.path(), &[]);
    grpc.grpc_address = Some(address.clone());
    says(&refusal(grpc), &[&address, "in use", "--grpc-address"]);
}

#[test]
fn an_address_that_is_none_is_refused() {
    let dir = TempDir::new().unwrap();
    let mut wrong = options(dir.path(), &[]);
    wrong.kafka_address = "localhost".to_owned();
    says(&refusal(wrong), &["--kafka-address", "localhost", "HOST:PORT"]);
}

#[test]
fn a_data_directory_in_use_says_by_whom() {
    let server = TestServer::start();
    let message = refusal(options(server.dir.path(), &[]));
    says(&message, &["data", &std::process::id().to_string()]);
}

#[test]
fn a_data_directory_of_another_node_is_refused() {
    let mut server = TestServer::start();
    server.stop();
    let message = refusal(options(server.dir.path(), &[("node.id", "7")]));
    says(&message, &["node.id", "7", "1"]);
}

#[test]
fn a_data_directory_of_another_cluster_is_refused() {
    let mut server = TestServer::start();
    server.stop();
    let file = server.dir.path().join("data/meta.properties");
    let text = std::fs::read_to_string(&file).unwrap();
    let other: Vec<_> = text
        .lines()
        .map(|line| if line.starts_with("cluster.id=") { "cluster.id=AAAAAAAAAAAAAAAAAAAAAQ" } else { line })
        .collect();
    std::fs::write(&file, other.join("\n")).unwrap();
    says(&refusal(options(server.dir.path(), &[])), &["AAAAAAAAAAAAAAAAAAAAAQ", "cluster"]);
}

#[test]
fn a_data_directory_of_a_newer_format_is_refused() {
    let mut server = TestServer::start();
    server.stop();
    let file = server.dir.path().join("data/meta.properties");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("klamm.format=1", "klamm.format=99")).unwrap();
    says(&refusal(options(server.dir.path(), &[])), &["meta.properties", "99", "1"]);
}

#[test]
fn a_directory_that_is_a_file_is_refused() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("data"), "not a directory").unwrap();
    says(&refusal(options(dir.path(), &[])), &["data", "--data-dir", "File exists"]);
}

#[test]
fn wrong_settings_are_named() {
    let dir = TempDir::new().unwrap();
    let message = refusal(options(dir.path(), &[("num.partitions", "none"), ("nonsense", "1")]));
    says(&message, &["num.partitions", "none", "nonsense"]);
}

//! HTTP and gRPC.

use klamm_server::proto::server_client::ServerClient;
use klamm_server::proto::{Durability, GetFactsRequest};
use klamm_wire::messages::create_topics::{CreatableTopic, CreateTopicsRequest};
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::server::TestServer;

#[test]
fn probes_are_answered() {
    let server = TestServer::start();
    let live = server.http_get("/livez");
    assert!(live.starts_with("HTTP/1.1 200") && live.ends_with("{\"live\":true}\n"), "{live}");
    let ready = server.http_get("/readyz");
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(ready.ends_with("{\"ready\":true,\"reasons\":[],\"warnings\":[]}\n"), "{ready}");
    let elsewhere = server.http_get("/metric");
    assert!(elsewhere.starts_with("HTTP/1.1 404") && elsewhere.contains("/metrics"), "{elsewhere}");
}

#[test]
fn metrics_show_what_happened() {
    let server = TestServer::start();
    let mut client = server.client();
    let topic = |partitions| CreatableTopic {
        name: "counted".to_owned(),
        num_partitions: partitions,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    for partitions in [3, 3] {
        let request =
            CreateTopicsRequest { topics: vec![topic(partitions)], ..CreateTopicsRequest::default() };
        client.call(7, &request);
    }
    let metrics = server.http_get("/metrics");
    let has = |line: &str| assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    has("klamm_topics 1");
    has("klamm_partitions 3");
    has("klamm_partitions_stopped 0");
    has("klamm_connections 1");
    has("klamm_topic_size_bytes{topic=\"counted\"} 0");
    has("klamm_request_duration_seconds_count{api=\"CreateTopics\"} 2");
    has("klamm_request_errors_total{api=\"CreateTopics\",error=\"TOPIC_ALREADY_EXISTS\"} 1");
    has(&format!("klamm_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")));
    assert!(metrics.contains("content-type: text/plain; version=0.0.4"), "{metrics}");
}

#[test]
fn a_figure_of_the_process_is_plausible() {
    let server = TestServer::start();
    let metrics = server.http_get("/metrics");
    let figure = |name: &str| -> f64 {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap();
        line.parse().unwrap()
    };
    assert!(figure("klamm_process_resident_memory_bytes") > 1e6);
    assert!(figure("klamm_process_threads") >= 3.0);
    assert!(figure("klamm_process_open_fds") > 3.0);
    assert!(figure("klamm_process_max_fds") >= figure("klamm_process_open_fds"));
}

#[test]
fn grpc_says_that_the_broker_serves() {
    let server = TestServer::start();
    let address = server.running().grpc_address.unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
        let mut health = HealthClient::new(channel);
        for service in ["", "klamm.admin.v1.Server"] {
            let request = HealthCheckRequest { service: service.to_owned() };
            let mut watched = health.watch(request).await.unwrap().into_inner();
            // The health service hears of it a moment after the port opened.
            loop {
                let status = watched.message().await.unwrap().unwrap().status();
                if status == ServingStatus::Serving {
                    break;
                }
            }
        }
    });
}

#[test]
fn grpc_knows_the_facts() {
    let server =
        TestServer::with(&[("node.id", "7"), ("log.flush.interval.messages", "9223372036854775807")]);
    let address = server.running().grpc_address.unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let facts = runtime.block_on(async {
        let mut client = ServerClient::connect(format!("http://{address}")).await.unwrap();
        client.get_facts(GetFactsRequest {}).await.unwrap().into_inner()
    });
    assert_eq!(
        (facts.node_id, facts.controller_id, facts.version.as_str()),
        (7, Some(7), env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(facts.durability(), Durability::PageCache);
    assert!(facts.ready && facts.not_ready_because.is_empty());
    assert_eq!(facts.data_dir, server.dir.path().join("data").display().to_string());
}

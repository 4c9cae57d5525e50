//! Measures how long a broker waits for its metadata, and how large that is:
//! `cargo run --release -p klamm-controller --example startup_time [TOPICS] [PARTITIONS EACH]`.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use klamm_controller::{
    BrokerRegistration, Controller, ControllerOptions, CreateTopics, Endpoint, TopicToCreate,
};
use klamm_model::BrokerId;

type Failure = Box<dyn std::error::Error>;

/// One request of topics; a request is one entry of the log.
const TOPICS_A_REQUEST: usize = 10;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: usize| arguments.next().map_or(Ok(default), |text| text.parse());
    let (topics, partitions) = (number(10_000)?, number(1)?);
    let dir = tempfile::tempdir()?;
    let mut out = std::io::stdout();

    let (controller, first) = start(dir.path()).await?;
    writeln!(out, "first start: {first:?}, {} bytes", size(dir.path())?)?;
    register(&controller).await?;
    let began = Instant::now();
    for first in (0..topics).step_by(TOPICS_A_REQUEST) {
        let names = (first..topics.min(first + TOPICS_A_REQUEST)).map(|n| topic(n, partitions));
        controller.create_topics(request(names.collect())).await?;
    }
    writeln!(out, "{topics} topics made in {:?}, {} bytes", began.elapsed(), size(dir.path())?)?;
    controller.shutdown().await;

    for round in 1..=3 {
        let (controller, took) = start(dir.path()).await?;
        let began = Instant::now();
        register(&controller).await?;
        let registered = began.elapsed();
        writeln!(
            out,
            "start {round} with {} topics: {took:?}, registration {registered:?}",
            controller.image().topic_count()
        )?;
        controller.shutdown().await;
    }
    Ok(())
}

async fn start(dir: &Path) -> Result<(Controller, Duration), Failure> {
    let began = Instant::now();
    let options =
        ControllerOptions { dir: dir.to_owned(), node_id: BrokerId(1), cluster_id: "startup-time".parse()? };
    Ok((Controller::start(options).await?, began.elapsed()))
}

async fn register(controller: &Controller) -> Result<(), Failure> {
    let kafka = Endpoint { host: "localhost".to_owned(), port: 9092 };
    let broker = BrokerRegistration { id: BrokerId(1), kafka, grpc: None, rack: None };
    controller.register_broker(broker).await?;
    Ok(())
}

fn topic(number: usize, partitions: usize) -> TopicToCreate {
    TopicToCreate {
        name: format!("topic-{number}"),
        partitions: i32::try_from(partitions).unwrap_or(i32::MAX),
        replication_factor: 1,
        assignments: Vec::new(),
        configs: vec![("retention.ms".to_owned(), Some("86400000".to_owned()))],
    }
}

fn request(topics: Vec<TopicToCreate>) -> CreateTopics {
    CreateTopics { topics, default_partitions: 1, default_replication_factor: 1, validate_only: false }
}

fn size(dir: &Path) -> std::io::Result<u64> {
    std::fs::read_dir(dir)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
}

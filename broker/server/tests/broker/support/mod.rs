//! A broker in this process and a client that sends what it is told.

mod client;
mod requests;

pub use client::Client;
pub use requests::{
    batch, batch_of, create_topic, error, fetch, fetch_partition, idempotent, offset_of, produce, produce_to,
    records_of, topic_id,
};

use std::collections::BTreeMap;

use klamm_server::{RunningServer, Server, ServerOptions};
use tempfile::TempDir;

/// A broker with a data directory of its own.
pub struct TestBroker {
    pub dir: TempDir,
    settings: BTreeMap<String, String>,
    grpc: bool,
    server: Option<RunningServer>,
}

impl TestBroker {
    pub fn start() -> TestBroker {
        TestBroker::with(&[])
    }

    pub fn with(settings: &[(&str, &str)]) -> TestBroker {
        let settings: BTreeMap<String, String> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        TestBroker::listening(settings, false)
    }

    /// One that takes plug-ins, over gRPC.
    pub fn with_grpc() -> TestBroker {
        TestBroker::listening(BTreeMap::new(), true)
    }

    fn listening(settings: BTreeMap<String, String>, grpc: bool) -> TestBroker {
        let mut broker = TestBroker { dir: TempDir::new().unwrap(), settings, grpc, server: None };
        broker.start_again();
        broker
    }

    pub fn options(&self) -> ServerOptions {
        ServerOptions {
            grpc_address: self.grpc.then(|| "127.0.0.1:0".to_owned()),
            ..options(&self.dir, &self.settings)
        }
    }

    pub fn server(&self) -> &RunningServer {
        self.server.as_ref().unwrap()
    }

    pub fn client(&self) -> Client {
        Client::connect(self.server().kafka_address)
    }

    /// Stops the broker cleanly.
    pub fn stop(&mut self) {
        self.server.take().unwrap().stop();
    }

    /// Another setting, from the next start on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    /// Starts it again on the same data.
    pub fn start_again(&mut self) {
        self.server = Some(Server::start(self.options()).unwrap());
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}

fn options(dir: &TempDir, settings: &BTreeMap<String, String>) -> ServerOptions {
    ServerOptions {
        data_dir: dir.path().join("data"),
        kafka_address: "127.0.0.1:0".to_owned(),
        http_address: None,
        grpc_address: None,
        settings: settings.clone(),
        ..ServerOptions::default()
    }
}

//! A broker in this process, with HTTP and gRPC.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use klamm_server::{RunningServer, Server, ServerOptions};
use klamm_wire::Message;
use tempfile::TempDir;

use crate::client::Client;

/// A broker on free ports, with its data in a temporary directory; stopped when dropped.
pub struct TestServer {
    server: Option<RunningServer>,
    pub dir: TempDir,
}

impl TestServer {
    /// A broker as it comes.
    pub fn start() -> TestServer {
        TestServer::with(&[])
    }

    /// A broker with settings.
    pub fn with(settings: &[(&str, &str)]) -> TestServer {
        let dir = TempDir::new().unwrap();
        let server = Server::start(options(dir.path(), settings)).unwrap();
        TestServer { server: Some(server), dir }
    }

    /// Stops it cleanly.
    pub fn stop(&mut self) {
        self.server.take().unwrap().stop();
    }

    /// Starts it again on the same data.
    pub fn start_again(&mut self) {
        self.server = Some(Server::start(options(self.dir.path(), &[])).unwrap());
    }

    pub fn running(&self) -> &RunningServer {
        self.server.as_ref().unwrap()
    }

    /// A Kafka client's connection.
    pub fn client(&self) -> Client {
        Client::connect(self.running().kafka_address)
    }

    /// The answer to `GET path`, from the status line on.
    pub fn http_get(&self, path: &str) -> String {
        http_get(self.running().http_address.unwrap(), path)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}

/// Everything on free ports of this machine.
pub fn options(dir: &Path, settings: &[(&str, &str)]) -> ServerOptions {
    let free = "127.0.0.1:0".to_owned();
    ServerOptions {
        data_dir: dir.join("data"),
        kafka_address: free.clone(),
        http_address: Some(free.clone()),
        grpc_address: Some(free),
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..ServerOptions::default()
    }
}

fn http_get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Every version of an API that this broker serves.
pub fn versions<R: Message>() -> std::ops::RangeInclusive<i16> {
    R::KEY.versions()
}

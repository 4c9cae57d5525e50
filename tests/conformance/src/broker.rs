//! One broker process.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::binary::klamm_binary;
use crate::ports::free_addresses;

/// How long a broker may take to be ready or to stop before a test fails: a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a test wants its broker to be.
#[derive(Debug, Clone, Default)]
pub struct BrokerOptions {
    settings: Vec<(String, String)>,
    data_dir: Option<PathBuf>,
}

impl BrokerOptions {
    /// A broker as it comes.
    pub fn new() -> BrokerOptions {
        BrokerOptions::default()
    }

    /// With `--set name=value`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> BrokerOptions {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With its data in `directory`, which the caller keeps.
    #[must_use]
    pub fn data_dir(mut self, directory: &Path) -> BrokerOptions {
        self.data_dir = Some(directory.to_path_buf());
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// If it isn't ready in time; the message has its log.
    pub fn start(self) -> TestBroker {
        let home = TempDir::new().expect("a temporary folder");
        for _ in 0..5 {
            let mut broker = TestBroker::spawn(&self, home.path());
            match broker.wait_until_ready() {
                Ok(()) => {
                    broker.home = Some(home);
                    return broker;
                }
                Err(log) if log.contains("in use") => {} // somebody took the port meanwhile
                Err(log) => panic!("the broker did not become ready; its log:\n{log}"),
            }
        }
        panic!("five brokers in a row found their port taken");
    }
}

/// A running broker process; killed, and its data removed, when dropped.
#[derive(Debug)]
pub struct TestBroker {
    options: BrokerOptions,
    data_dir: PathBuf,
    log: PathBuf,
    kafka: SocketAddr,
    http: SocketAddr,
    grpc: SocketAddr,
    process: Child,
    /// Removed when this is dropped, after the process.
    home: Option<TempDir>,
}

impl TestBroker {
    /// A broker with default settings, ready.
    pub fn start() -> TestBroker {
        BrokerOptions::new().start()
    }

    fn spawn(options: &BrokerOptions, home: &Path) -> TestBroker {
        let [kafka, http, grpc] = free_addresses();
        let data_dir = options.data_dir.clone().unwrap_or_else(|| home.join("data"));
        let log = home.join("log");
        let process = run(options, &data_dir, &log, [kafka, http, grpc]);
        TestBroker { options: options.clone(), data_dir, log, kafka, http, grpc, process, home: None }
    }

    /// `host:port` for a Kafka client.
    pub fn bootstrap(&self) -> String {
        self.kafka.to_string()
    }

    /// Where gRPC clients connect, such as that for plug-ins.
    pub fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// Where its data is.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The body of a GET on its HTTP port, with the status line in front.
    pub fn http_get(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.http)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.http)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Pulls the plug (SIGKILL), then starts it again on the same data and addresses.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.restart();
    }

    /// Pulls the plug (SIGKILL): whatever it is doing, it does no more.
    pub fn kill(&mut self) {
        self.process.kill().expect("a process can be killed");
        self.process.wait().expect("a killed process ends");
    }

    /// Asks it to stop (SIGTERM) and waits for it.
    pub fn stop(&mut self) -> ExitStatus {
        signal(&self.process, "TERM");
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.process.try_wait().expect("a child can be waited for") {
                return status;
            }
            pause();
        }
        panic!("the broker did not stop in {PATIENCE:?}; its log:\n{}", self.log());
    }

    /// Starts it again, on the same data and addresses, after [`stop`](TestBroker::stop) or [`kill`](TestBroker::kill).
    ///
    /// # Panics
    /// If it isn't ready in time.
    pub fn restart(&mut self) {
        self.launch();
        self.become_ready();
    }

    /// As [`restart`](TestBroker::restart), but doesn't wait: a caller can kill it while it recovers.
    pub fn launch(&mut self) {
        self.process = run(&self.options, &self.data_dir, &self.log, [self.kafka, self.http, self.grpc]);
    }

    /// Waits until it is ready after [`launch`](TestBroker::launch).
    ///
    /// # Panics
    /// If it isn't ready in time.
    pub fn become_ready(&mut self) {
        if let Err(log) = self.wait_until_ready() {
            panic!("the broker did not become ready again; its log:\n{log}");
        }
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.http_get("/readyz").is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
                return Ok(());
            }
            if self.process.try_wait().expect("a child can be waited for").is_some() {
                return Err(self.log());
            }
            pause();
        }
        Err(self.log())
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        // It may have ended already; nothing is left to do then.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln_log(&self.log());
        }
    }
}

#[expect(clippy::print_stderr, reason = "a failed test shows the broker's log")]
fn eprintln_log(log: &str) {
    eprintln!("the broker's log:\n{log}");
}

#[expect(clippy::disallowed_methods, reason = "polls another process, which has no other way to tell")]
fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}

fn run(options: &BrokerOptions, data_dir: &Path, log: &Path, addresses: [SocketAddr; 3]) -> Child {
    let [kafka, http, grpc] = addresses.map(|address| address.to_string());
    let log = File::options().create(true).append(true).open(log).expect("the log can be written");
    let mut command = Command::new(klamm_binary());
    command.arg("server").arg("--data-dir").arg(data_dir);
    command.args(["--kafka-address", &kafka, "--http-address", &http, "--grpc-address", &grpc]);
    for (name, value) in &options.settings {
        command.arg("--set").arg(format!("{name}={value}"));
    }
    let stderr = log.try_clone().expect("a file can be shared");
    command.stdin(Stdio::null()).stdout(log).stderr(stderr).spawn().expect("the klamm binary starts")
}

fn signal(process: &Child, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(process.id().to_string()).status();
    assert!(status.is_ok_and(|status| status.success()), "kill -{name} failed");
}

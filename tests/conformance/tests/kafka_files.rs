//! Kafka's own DumpLogSegments as the judge of our files, and our `klamm log dump` on Kafka's.
//!
//! Skipped by name without a JDK and Kafka's jars (`tests/interop/fetch-kafka`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test can't do without fails it")]

use std::path::{Path, PathBuf};
use std::process::Output;

use klamm_conformance::{BrokerOptions, KafkaJars, TestBroker, run_klamm};

const DUMP: &str = "org.apache.kafka.tools.DumpLogSegments";
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort();
    files
}

/// A broker that rolls every MiB, with two thousand records of ours in each codec, stopped cleanly.
fn stopped_broker_with_segments() -> TestBroker {
    let mut broker = BrokerOptions::new().set("log.segment.bytes", "1048576").start();
    for codec in CODECS {
        let lines: String = (0..4_000).map(|n| format!("{n} {}\n", "0123456789".repeat(n % 120))).collect();
        let produced = run_klamm(
            &["produce", codec, "--compression", codec, "-b", &broker.bootstrap()],
            lines.as_bytes(),
        );
        assert!(produced.status.success(), "{}", String::from_utf8_lossy(&produced.stderr));
    }
    assert!(broker.stop().success());
    broker
}

fn end_of(text: &str) -> &str {
    &text[text.len().saturating_sub(4_000)..]
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn dump_log_segments_reads_ours_without_complaint() {
    let Some(kafka) = KafkaJars::find() else { return };
    let broker = stopped_broker_with_segments();
    for codec in CODECS {
        let directory = broker.data_dir().join(format!("{codec}-0"));
        let mut all = Vec::new();
        for extension in ["log", "index", "timeindex", "snapshot"] {
            all.extend(files(&directory, extension));
        }
        assert!(codec != "none" || files(&directory, "log").len() > 1, "no segment was rolled");
        let names: Vec<String> = all.iter().map(|path| path.display().to_string()).collect();
        let dumped =
            kafka.run(DUMP, &["--deep-iteration", "--print-data-log", "--files", &names.join(",")], b"");
        let said = text(&dumped);
        assert!(dumped.status.success(), "{}", end_of(&said));
        for complaint in [
            "mismatch",
            "Mismatch",
            "not found in log",
            "corrupt",
            "Exception",
            "isvalid: false",
            "out of order",
        ] {
            assert!(!said.contains(complaint), "{codec}: {complaint}:\n{}", end_of(&said));
        }
        assert_eq!(said.matches("payload: ").count(), 4_000, "{codec}");
    }
}

#[test]
fn log_dump_reads_what_kafka_wrote() {
    let Some(kafka) = KafkaJars::find() else { return };
    let home = tempfile::TempDir::new().unwrap();
    let server = kafka_server::KafkaServer::start(&kafka, home.path());
    let lines: String = (0..3_000).map(|n| format!("{n} {}\n", "abcdefghij".repeat(n % 50))).collect();
    for codec in CODECS {
        let produced = run_klamm(
            &["produce", codec, "--compression", codec, "-b", server.bootstrap()],
            lines.as_bytes(),
        );
        assert!(produced.status.success(), "{}", text(&produced));
    }
    let data = server.stop();
    for codec in CODECS {
        let directory = data.join(format!("{codec}-0"));
        let mut names = Vec::new();
        for extension in ["log", "index", "timeindex", "snapshot"] {
            names.extend(files(&directory, extension).iter().map(|path| path.display().to_string()));
        }
        let mut arguments = vec!["log", "dump", "--verify"];
        arguments.extend(names.iter().map(String::as_str));
        let dumped = run_klamm(&arguments, b"");
        assert!(dumped.status.success(), "{codec}: {}", text(&dumped));
    }
}

mod kafka_server {
    //! Apache Kafka as a process, a single node.

    use std::net::TcpListener;
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use klamm_conformance::{KafkaJars, run_klamm};

    pub struct KafkaServer {
        process: Child,
        bootstrap: String,
        data: PathBuf,
    }

    impl KafkaServer {
        pub fn start(kafka: &KafkaJars, home: &Path) -> KafkaServer {
            let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let (client, controller) = (port(), port());
            let data = home.join("data");
            let properties = home.join("server.properties");
            let settings = format!(
                "process.roles=broker,controller\nnode.id=1\n\
                 listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}\n\
                 controller.listener.names=CONTROLLER\n\
                 controller.quorum.bootstrap.servers=127.0.0.1:{controller}\n\
                 log.dirs={}\nlog.segment.bytes=1048576\n",
                data.display()
            );
            std::fs::write(&properties, settings).unwrap();
            let properties = properties.display().to_string();
            let formatted = kafka.run(
                "kafka.tools.StorageTool",
                &["format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", &properties, "--standalone"],
                b"",
            );
            assert!(formatted.status.success(), "{}", super::text(&formatted));
            let mut command: Command = kafka.command("kafka.Kafka", &[&properties]);
            let process =
                command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let server = KafkaServer { process, bootstrap: format!("127.0.0.1:{client}"), data };
            server.wait_until_ready();
            server
        }

        pub fn bootstrap(&self) -> &str {
            &self.bootstrap
        }

        #[expect(
            clippy::disallowed_methods,
            reason = "polls another process, which has no other way to tell"
        )]
        fn wait_until_ready(&self) {
            let deadline = Instant::now() + Duration::from_mins(2);
            while !run_klamm(&["topic", "list", "-b", &self.bootstrap], b"").status.success() {
                assert!(Instant::now() < deadline, "Kafka does not answer");
                std::thread::sleep(Duration::from_millis(200));
            }
        }

        /// Stops it and says where its data is.
        pub fn stop(mut self) -> PathBuf {
            let stopped = Command::new("kill").arg(self.process.id().to_string()).status();
            assert!(stopped.is_ok_and(|status| status.success()));
            self.process.wait().unwrap();
            self.data.clone()
        }
    }

    impl Drop for KafkaServer {
        fn drop(&mut self) {
            // It has ended already unless the test failed.
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

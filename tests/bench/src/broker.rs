//! The broker under measurement: a process of its own, Klamm or Apache Kafka.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Result;
use crate::client::Client;

/// How long a broker may take to answer after its start.
const PATIENCE: Duration = Duration::from_mins(2);
/// No flush before an acknowledgement: what Kafka does unless it is told otherwise.
const NO_FLUSH: &str = "9223372036854775807";

/// Little is kept, so that what is written goes to pages that were in use a moment ago. On a virtual machine the first
/// use of a page costs more than all a broker does with it: this is measured as on a machine that has run for long.
const RECYCLED_PAGES: [(&str, &str); 4] = [
    ("log.segment.bytes", "67108864"),
    ("log.retention.bytes", "268435456"),
    ("log.retention.check.interval.ms", "500"),
    ("log.segment.delete.delay.ms", "0"),
];

/// What kind of broker is started, and within which bounds.
#[derive(Debug, Clone)]
pub struct Make {
    /// Whose it is.
    pub program: Program,
    /// The cgroup that bounds its memory, if one does.
    pub cgroup: Option<PathBuf>,
}

/// Whose broker it is, and where its program is.
#[derive(Debug, Clone)]
pub enum Program {
    /// The binary.
    Klamm(PathBuf),
    /// The directory of Kafka's jars.
    Kafka(PathBuf),
}

/// When a write is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// When it is in the page cache.
    PageCache,
    /// When it is on the disk.
    Fsync,
}

impl Make {
    /// Its name in reports.
    pub fn name(&self) -> &'static str {
        match self.program {
            Program::Klamm(_) => "klamm",
            Program::Kafka(_) => "kafka",
        }
    }
}

/// A broker with a data directory of its own; killed and removed when dropped.
#[derive(Debug)]
pub struct Broker {
    make: Make,
    durability: Durability,
    home: TempDir,
    /// Of Kafka's protocol; and of Klamm's gRPC, or of Kafka's controller.
    addresses: [SocketAddr; 2],
    process: Child,
    limits: Limits,
}

/// What is special about one broker.
#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    /// The most files it may have open; as many as this process, if it isn't said.
    open_files: Option<u32>,
    /// Whether callgrind runs it, so that its instructions can be counted.
    counted: bool,
    /// Settings beside those that all have.
    settings: &'static [(&'static str, &'static str)],
}

impl Broker {
    /// Starts one on no data, and waits until it answers.
    pub fn start(make: &Make, durability: Durability) -> Result<Broker> {
        Broker::start_limited(make, durability, Limits::default())
    }

    /// The same, with these settings too.
    pub fn start_set(
        make: &Make,
        durability: Durability,
        settings: &'static [(&'static str, &'static str)],
    ) -> Result<Broker> {
        Broker::start_limited(make, durability, Limits { settings, ..Limits::default() })
    }

    /// The same, with no more than `open_files` files open at a time.
    pub fn start_with(make: &Make, durability: Durability, open_files: Option<u32>) -> Result<Broker> {
        Broker::start_limited(make, durability, Limits { open_files, ..Limits::default() })
    }

    /// The same, run by valgrind's callgrind, which counts nothing until it is told to.
    pub fn start_counted(make: &Make, durability: Durability) -> Result<Broker> {
        Broker::start_limited(make, durability, Limits { counted: true, ..Limits::default() })
    }

    fn start_limited(make: &Make, durability: Durability, limits: Limits) -> Result<Broker> {
        let home = TempDir::with_prefix("klamm-bench-")?;
        let addresses = [free_address()?, free_address()?];
        if let Program::Kafka(jars) = &make.program {
            format_for_kafka(jars, home.path(), addresses, durability, limits)?;
        }
        let process = spawn(make, durability, home.path(), addresses, limits)?;
        let mut broker = Broker { make: make.clone(), durability, home, addresses, process, limits };
        broker.wait()?;
        Ok(broker)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// What `klamm` prints that is run with these arguments, for this broker.
    pub fn klamm(&self, arguments: &[&str]) -> Result<String> {
        let Program::Klamm(binary) = &self.make.program else { return Err("it is no Klamm".into()) };
        let grpc = self.addresses[1].to_string();
        let ran = Command::new(binary).args(arguments).env("KLAMM_GRPC", grpc).output()?;
        if ran.status.success() {
            return Ok(String::from_utf8(ran.stdout)?);
        }
        Err(format!("klamm {arguments:?} failed: {}", String::from_utf8_lossy(&ran.stderr)).into())
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// A connection to it.
    pub fn client(&self) -> Result<Client> {
        Ok(Client::connect(self.address())?)
    }

    /// Where everything of it is.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where the partitions' directories are.
    pub fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// Whether its process has ended.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.process.try_wait()?.is_some())
    }

    /// What it has printed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    /// Ends it with SIGKILL.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Ends it with SIGTERM; how long it took.
    pub fn stop(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        self.process.wait()?;
        Ok(begun.elapsed())
    }

    /// Starts it again on the same data; does not wait.
    pub fn spawn_again(&mut self) -> Result<()> {
        self.process = spawn(&self.make, self.durability, self.home.path(), self.addresses, self.limits)?;
        Ok(())
    }

    /// Waits until it answers.
    pub fn wait(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if Client::connect(self.address()).is_ok_and(|mut client| client.topic("").is_ok()) {
                return Ok(());
            }
            if Instant::now() > deadline || self.process.try_wait()?.is_some() {
                return Err(format!("{} does not answer; its log:\n{}", self.make.name(), self.log()).into());
            }
            pause();
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "polls another process, which has no other way to tell")]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(1));
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn spawn(
    make: &Make,
    durability: Durability,
    home: &Path,
    addresses: [SocketAddr; 2],
    limits: Limits,
) -> Result<Child> {
    let (program, arguments) = match &make.program {
        Program::Klamm(binary) => (binary.clone(), klamm_arguments(durability, home, addresses, limits)),
        Program::Kafka(jars) => ("java".into(), kafka_arguments(jars, home)),
    };
    let mut command = if let Some(limit) = limits.open_files {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("ulimit -n {limit} && exec \"$0\" \"$@\"")).arg(program);
        shell
    } else if limits.counted {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--instr-atstart=no", "--dump-instr=yes"]);
        valgrind.arg(format!("--callgrind-out-file={}", home.join("callgrind.%p").display())).arg(program);
        valgrind
    } else {
        Command::new(program)
    };
    let log = File::options().create(true).append(true).open(home.join("log"))?;
    command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let process = command.spawn()?;
    if let Some(cgroup) = &make.cgroup {
        fs::write(cgroup.join("cgroup.procs"), process.id().to_string())?;
    }
    Ok(process)
}

fn klamm_arguments(
    durability: Durability,
    home: &Path,
    [kafka, grpc]: [SocketAddr; 2],
    limits: Limits,
) -> Vec<String> {
    let mut arguments: Vec<String> = ["server", "--http-address", "127.0.0.1:0"].map(str::to_owned).into();
    arguments.extend(["--data-dir".to_owned(), home.join("data").display().to_string()]);
    arguments.extend(["--kafka-address".to_owned(), kafka.to_string()]);
    arguments.extend(["--grpc-address".to_owned(), grpc.to_string()]);
    let flush = (durability == Durability::PageCache).then_some(("log.flush.interval.messages", NO_FLUSH));
    for (name, value) in RECYCLED_PAGES.into_iter().chain(flush).chain(limits.settings.iter().copied()) {
        arguments.extend(["--set".to_owned(), format!("{name}={value}")]);
    }
    arguments
}

/// Kafka's stock flags for a broker.
fn kafka_arguments(jars: &Path, home: &Path) -> Vec<String> {
    let flags = "-server -Xms1g -Xmx1g -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 \
                 -XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true -cp";
    let mut arguments: Vec<String> = flags.split_whitespace().map(str::to_owned).collect();
    arguments.push(format!("{}/*", jars.display()));
    arguments.push("kafka.Kafka".to_owned());
    arguments.push(home.join("server.properties").display().to_string());
    arguments
}

fn format_for_kafka(
    jars: &Path,
    home: &Path,
    [address, controller]: [SocketAddr; 2],
    durability: Durability,
    limits: Limits,
) -> Result<()> {
    let flush = match durability {
        Durability::PageCache => NO_FLUSH,
        Durability::Fsync => "1",
    };
    let data = home.join("data");
    let properties = home.join("server.properties");
    let text = format!(
        "process.roles=broker,controller\nnode.id=1\nlisteners=PLAINTEXT://{address},CONTROLLER://{controller}\n\
         controller.listener.names=CONTROLLER\ncontroller.quorum.bootstrap.servers={controller}\n\
         log.dirs={}\noffsets.topic.replication.factor=1\nlog.flush.interval.messages={flush}\n{}",
        data.display(),
        RECYCLED_PAGES
            .iter()
            .chain(limits.settings)
            .map(|(name, value)| format!("{name}={value}\n"))
            .collect::<String>()
    );
    fs::write(&properties, text)?;
    let status = Command::new("java")
        .args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"])
        .arg(format!("{}/*", jars.display()))
        .args(["kafka.tools.StorageTool", "format", "--standalone", "-t", "4L6g3nShT-eMCtK--X86sw", "-c"])
        .arg(&properties)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if status.success() { Ok(()) } else { Err("Kafka's StorageTool could not format its directory".into()) }
}

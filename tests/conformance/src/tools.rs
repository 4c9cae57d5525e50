//! Programs beside the broker: kcat, Kafka's own tools, and our command line.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::binary::klamm_binary;

/// A program that a test needs and a machine may not have.
#[derive(Debug, Clone)]
pub struct Tool {
    program: PathBuf,
}

impl Tool {
    /// The program called `name` on the path.
    ///
    /// `None` where it is absent: the caller returns, and the line printed here says which test was skipped
    /// and why. With `KLAMM_SKIP_NOTHING` set (as `.ci/run` does) that fails the test instead.
    ///
    /// # Panics
    /// If the program is absent and nothing may be skipped.
    pub fn find(name: &str, install: &str) -> Option<Tool> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program =
            std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file());
        if program.is_none() {
            skip(&format!("{name} is not installed; {install}"));
        }
        program.map(|program| Tool { program })
    }

    /// Runs it with `input` on its standard input, to its end.
    ///
    /// # Panics
    /// If it doesn't start or doesn't take its input.
    pub fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        feed(Command::new(&self.program).args(arguments), input)
    }
}

/// Apache Kafka's jars, for its tools.
#[derive(Debug, Clone)]
pub struct KafkaJars {
    class_path: String,
    java: PathBuf,
}

impl KafkaJars {
    /// The jars in the directory that `KLAMM_KAFKA_JARS` names; `None`, with a line that says so, where there
    /// are none (`tests/interop/fetch-kafka` fetches them).
    ///
    /// # Panics
    /// If they are absent and nothing may be skipped.
    pub fn find() -> Option<KafkaJars> {
        let Some(directory) = std::env::var_os("KLAMM_KAFKA_JARS") else {
            skip(
                "KLAMM_KAFKA_JARS is not set; tests/interop/fetch-kafka fetches the jars and says what to set",
            );
            return None;
        };
        let class_path = format!("{}/*", PathBuf::from(directory).display());
        let java = Tool::find("java", "install a JDK, 17 or newer")?;
        Some(KafkaJars { class_path, java: java.program })
    }

    /// The command that runs the class `class`, in a small Java machine.
    pub fn command(&self, class: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.java);
        command.args([
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            &self.class_path,
            class,
        ]);
        command.args(arguments);
        command
    }

    /// Runs the class `class` with `arguments` and `input`, to its end.
    pub fn run(&self, class: &str, arguments: &[&str], input: &[u8]) -> Output {
        feed(&mut self.command(class, arguments), input)
    }
}

/// Runs our own command line with `input`, to its end.
pub fn run_klamm(arguments: &[&str], input: &[u8]) -> Output {
    feed(Command::new(klamm_binary()).args(arguments), input)
}

fn feed(command: &mut Command, input: &[u8]) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let mut stdin = child.stdin.take().expect("standard input is piped");
    std::thread::scope(|scope| {
        // A program that ends early closes the pipe; its exit status and its words tell.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().expect("a child can be waited for")
    })
}

/// Says by name that the test that runs is skipped, and why.
///
/// # Panics
/// If nothing may be skipped (`KLAMM_SKIP_NOTHING`).
#[expect(clippy::print_stderr, reason = "a skipped test says so by name")]
pub fn skip(why: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    assert!(std::env::var_os("KLAMM_SKIP_NOTHING").is_none(), "{test} may not be skipped: {why}");
    eprintln!("skipped: {test}: {why}");
}

//! Measures a broker process from outside: Klamm, and Apache Kafka beside it in alternating rounds.
//!
//! `cargo run --release -p klamm-bench -- all` measures the release binary; with `--kafka-jars DIR`
//! (`eval "$(tests/interop/fetch-kafka)"` sets its variable) Kafka as well.

mod broker;
mod callgrind;
mod client;
mod figure;
mod frames;
mod load;
mod members;
mod paced;
mod process;
mod runtime;
mod scenarios;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::{Parser, ValueEnum};

use broker::{Make, Program};
use figure::Rounds;
use scenarios::{Extent, Scenario};

/// Whatever goes wrong ends a benchmark.
type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// Measures what a broker process costs.
#[derive(Debug, Parser)]
struct Options {
    /// What to measure; everything, if nothing is said.
    scenarios: Vec<Scenario>,
    /// Klamm's binary; the one of this build, if it isn't said.
    #[arg(long, env = "KLAMM_BINARY")]
    binary: Option<PathBuf>,
    /// Kafka's jars, to measure Kafka too.
    #[arg(long)]
    kafka_jars: Option<PathBuf>,
    /// How often each scenario is run; the brokers take turns.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// How many seconds each load lasts.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many seconds a broker is warmed up (Java compiles what it does often: 60 for fair figures of Kafka).
    #[arg(long, default_value_t = 3)]
    warm_up: u64,
    /// A cgroup for the brokers, with a limit of memory, so that what they write goes to pages that they had before: on a
    /// virtual machine the first use of a page may cost more than all that a broker does with it.
    #[arg(long, value_name = "DIRECTORY")]
    cgroup: Option<PathBuf>,
    /// Partitions and connections where there are to be many.
    #[arg(long, default_value_t = 10_000)]
    many: u32,
}

#[expect(clippy::print_stderr, reason = "the output of a program")]
fn main() -> ExitCode {
    match measure(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("klamm-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the output of a program")]
fn measure(options: &Options) -> Result<()> {
    let klamm = match &options.binary {
        Some(binary) => binary.clone(),
        None => beside_this_program()?,
    };
    let programs = [Some(Program::Klamm(klamm)), options.kafka_jars.clone().map(Program::Kafka)];
    let make = |program| Make { program, cgroup: options.cgroup.clone() };
    let makes: Vec<Make> = programs.into_iter().flatten().map(make).collect();
    let extent = Extent {
        time: Duration::from_secs(options.seconds),
        warm_up: Duration::from_secs(options.warm_up),
        many: options.many,
    };
    let chosen = if options.scenarios.is_empty() { Scenario::value_variants() } else { &options.scenarios };
    println!(
        "commit {}, {} cores; loads of {} s after {} s of warm-up, {} rounds: median [least .. most]",
        commit(),
        std::thread::available_parallelism()?,
        options.seconds,
        options.warm_up,
        options.rounds
    );
    for scenario in chosen {
        let mut rounds = vec![Rounds::default(); makes.len()];
        for round in 0..options.rounds {
            // A B, B A, ...: neither always comes first.
            let mut order: Vec<usize> = (0..makes.len()).collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for which in order {
                rounds[which].add(scenario.run(&makes[which], extent)?);
            }
        }
        report(&makes, &rounds);
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the output of a program")]
fn report(makes: &[Make], rounds: &[Rounds]) {
    for (make, measured) in makes.iter().zip(rounds) {
        for (figure, [median, least, most]) in measured.summary() {
            let ratio = match (&make.program, rounds.get(1).and_then(|rival| rival.median_of(&figure.name))) {
                (Program::Klamm(_), Some(rival)) => format!("  {:.3} of Kafka's", median / rival),
                _ => String::new(),
            };
            let (name, unit) = (&figure.name, figure.unit);
            println!("{:6} {name:60} {median:12.3} {unit:10} [{least:.3} .. {most:.3}]{ratio}", make.name());
        }
    }
}

/// `klamm` of the same build.
fn beside_this_program() -> Result<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name("klamm");
    if binary.exists() {
        Ok(binary)
    } else {
        Err("klamm is not built: cargo build --release -p klamm".into())
    }
}

fn commit() -> String {
    let asked = Command::new("git")
        .args(["describe", "--always", "--dirty"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output();
    let known = asked.ok().filter(|output| output.status.success());
    known.map_or_else(
        || "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

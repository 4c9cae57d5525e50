//! `klamm plugin test`.

pub(super) mod answer;
mod report;

use std::num::NonZeroU32;

use clap::{Args, ValueEnum};
use klamm_plugin_host::Op;

use super::sample::SampleSource;
use super::subject::Subject;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, note};
use report::Report;

const OUTPUT: &str = "\
With -o json or yaml: \"file\", \"kind\", \"records\" and \"summary\". A record has \"record\" (its place, from 1), \"partition\",
\"offset\" if it comes from a topic, \"verdict\" (accept, drop, reject, dead-letter; keep, change; partition), \"reason\",
\"key\" and \"value\", and where they change \"new_key\", \"new_value\" and \"new_partition\". Bytes are a text if they are UTF-8,
else {\"base64\": \"..\"}. The summary counts \"records\", \"passed\", \"changed\", \"blocked\" and \"failed\".";

/// Show what a component does with records: verdicts, changed values, partitions
///
/// It runs as it would in a broker, with the same limits, on batches as producers send them. The command fails (with
/// exit code 1) if the plug-in failed on a record: if it trapped, took too long or too much memory, or gave an answer that makes no
/// sense. With --all-pass it also fails if a record was blocked.
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct TestArguments {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    source: SampleSource,
    /// Of a topic, so many records of each partition, the last ones
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    newest: u32,
    /// How many partitions a partitioner is told of
    #[arg(long, value_name = "N", default_value = "3")]
    partitions: NonZeroU32,
    /// What a serializer is asked to do
    #[arg(long, value_enum, default_value_t)]
    op: OpName,
    /// Fail if a record is dropped, rejected or goes to quarantine
    #[arg(long)]
    all_pass: bool,
}

/// The names of a serializer's directions.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum OpName {
    /// From what producers send to what is stored
    #[default]
    Encode,
    /// From what is stored to what consumers read
    Decode,
    /// From one stored form to another
    Convert,
}

impl OpName {
    fn op(self) -> Op {
        match self {
            OpName::Encode => Op::Encode,
            OpName::Decode => Op::Decode,
            OpName::Convert => Op::Convert,
        }
    }
}

pub(super) fn run(arguments: &TestArguments, globals: &Globals) -> Result<(), CliError> {
    let plugin = arguments.subject.start()?;
    let samples = arguments.source.read(arguments.newest, globals)?.ok_or_else(|| {
        CliError::usage("there are no records to test it with")
            .next("name some with --records FILE.jsonl or --topic TOPIC")
    })?;
    let answers = answer::all(&plugin, &samples, arguments.partitions.get(), arguments.op.op())?;
    let figures = plugin.statistics().snapshot();
    let report = Report::new(
        arguments.subject.shown(),
        plugin.binding().kind,
        &samples,
        &answers,
        figures.failed_records,
    );
    output::print(globals.output(), &report)?;
    for line in plugin.statistics().log_since(0) {
        note(&format!("log: {}: {}", line.level, line.text));
    }
    report.judge(arguments.all_pass)
}

#[cfg(test)]
mod tests;

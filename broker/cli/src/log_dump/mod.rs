//! `klamm log`: a look into a broker's files, which are Kafka's.

mod files;
mod indexes;
mod report;
mod segment;
mod state;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use klamm_log::RealDisk;

use crate::error::CliError;
use crate::globals::Globals;
use crate::output::Progress;
use files::{Dumpable, Kind};
use report::Report;

/// A file and the segment beside it.
const OPEN_FILES: usize = 4;

const OUTPUT: &str = "\
With -o json each line is an object (with -o yaml each a document): a batch has \"file\", \"position\", \"size_bytes\",
\"base_offset\", \"last_offset\", \"records\", \"leader_epoch\", \"compression\", \"timestamp_type\", \"max_timestamp\",
\"producer_id\", \"producer_epoch\", \"base_sequence\", \"transactional\", \"control\" and \"crc\"; a record \"offset\",
\"timestamp\", \"key\", \"value\" and \"headers\" as in `klamm consume -o json`; an index entry \"offset\" and \"position\" or
\"timestamp\", and \"room\" is how many more its file has room for; what is wrong \"file\" and \"problem\"; the end of a
file \"file\", \"entries\" and \"problems\".";

/// What to do with a broker's files.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Show what is in segments, indexes, snapshots and checkpoints, and whether it is right
    Dump(DumpArguments),
}

/// Show what is in segments, indexes, snapshots and checkpoints, and whether it is right
///
/// Every batch is checked: length, CRC, offsets, records; an index is checked against the segment beside it. The command
/// fails (exit code 1) if anything is wrong. The files are only read; a broker may be running, whose newest batch may
/// then look cut off.
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct DumpArguments {
    /// The files; a directory stands for those in it
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Each record, too
    #[arg(short, long, alias = "values")]
    records: bool,
    /// Only a line for each file, and what is wrong
    #[arg(long, conflicts_with = "records")]
    verify: bool,
}

impl LogCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), CliError> {
        let LogCommand::Dump(arguments) = self;
        let found = files::find(&arguments.files)?;
        let paths: Vec<PathBuf> = found.iter().map(|file| file.path.clone()).collect();
        let progress = Progress::of_checked_files(&paths);
        let mut report = Report::to_standard_output(globals.output(), arguments.verify, progress);
        for file in &found {
            dump(file, arguments.records, &mut report)?;
        }
        report.finish()
    }
}

fn dump(file: &Dumpable, records: bool, report: &mut Report) -> Result<(), CliError> {
    let disk = RealDisk::new(OPEN_FILES);
    report.begin(&file.path)?;
    match file.kind {
        Kind::Segment => segment::dump(&disk, &file.path, records, report),
        Kind::OffsetIndex => indexes::dump_offsets(&disk, &file.path, report),
        Kind::TimeIndex => indexes::dump_times(&disk, &file.path, report),
        Kind::ProducerSnapshot => state::dump_snapshot(&disk, &file.path, report),
        Kind::LeaderEpochs => state::dump_leader_epochs(&disk, &file.path, report),
        Kind::Checkpoint => state::dump_checkpoint(&disk, &file.path, report),
    }
}

#[cfg(test)]
mod tests;

//! `klamm log`: a look into a broker's files, which are Kafka's.

mod indexes;
mod report;
mod segment;
mod state;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use klamm_log::RealDisk;
use klamm_log::checkpoint::{LOG_START_FILE, RECOVERY_POINT_FILE};
use klamm_log::dump::{PartitionFile, file_kind};

use crate::error::CliError;
use crate::globals::Globals;
use report::Report;

/// A file and the segment beside it.
const OPEN_FILES: usize = 4;

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
pub struct DumpArguments {
    /// The files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Each record, too
    #[arg(short, long)]
    records: bool,
    /// Only a line for each file, and what is wrong
    #[arg(long, conflicts_with = "records")]
    verify: bool,
}

impl LogCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), CliError> {
        let LogCommand::Dump(arguments) = self;
        let mut report = Report::new(globals.output(), arguments.verify);
        for file in &arguments.files {
            dump(file, arguments.records, &mut report)?;
        }
        report.finish()
    }
}

fn dump(file: &Path, records: bool, report: &mut Report) -> Result<(), CliError> {
    let disk = RealDisk::new(OPEN_FILES);
    report.begin(file)?;
    match file_kind(file) {
        Some((_, PartitionFile::Segment)) => segment::dump(&disk, file, records, report),
        Some((_, PartitionFile::OffsetIndex)) => indexes::dump_offsets(&disk, file, report),
        Some((_, PartitionFile::TimeIndex)) => indexes::dump_times(&disk, file, report),
        Some((_, PartitionFile::ProducerSnapshot)) => state::dump_snapshot(&disk, file, report),
        Some((_, PartitionFile::TransactionIndex)) | None => {
            match file.file_name().and_then(|name| name.to_str()) {
                Some(RECOVERY_POINT_FILE | LOG_START_FILE) => state::dump_checkpoint(&disk, file, report),
                _ => Err(CliError::usage(format!("{} is no file that can be dumped", file.display())).next(
                    "give files named 20 digits and .log, .index, .timeindex or .snapshot, or a checkpoint",
                )),
            }
        }
    }
}

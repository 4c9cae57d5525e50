//! How far long work is, shown while people watch.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Below these nobody needs to see how far it is.
const WORTH_A_BAR_BYTES: u64 = 4 << 20;
const WORTH_A_BAR_RECORDS: u64 = 100_000;

/// A bar on standard error; nothing where that is no terminal, or where nobody knows how much there is.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// For files that are read; none of them means standard input.
    pub(crate) fn of_files(files: &[PathBuf]) -> Progress {
        Progress::of_bytes(files, true)
    }

    /// For files that a report on standard output is about: where that is a terminal, it shows enough itself.
    pub(crate) fn of_checked_files(files: &[PathBuf]) -> Progress {
        Progress::of_bytes(files, !io::stdout().is_terminal())
    }

    fn of_bytes(files: &[PathBuf], seen: bool) -> Progress {
        let total: u64 =
            files.iter().filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum();
        let style = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
        Progress::new(total, style, seen && total >= WORTH_A_BAR_BYTES)
    }

    /// For records that are written to standard output: where that is a terminal, it shows enough itself.
    pub(crate) fn of_records(total: Option<u64>) -> Progress {
        let total = total.unwrap_or(0);
        let style = "{bar:30} {human_pos}/{human_len} records {per_sec}, {eta} left";
        Progress::new(total, style, total >= WORTH_A_BAR_RECORDS && !io::stdout().is_terminal())
    }

    fn new(total: u64, style: &str, worth_it: bool) -> Progress {
        let watched = worth_it && io::stderr().is_terminal();
        let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let style = ProgressStyle::with_template(style);
        Progress(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// So much more is done.
    pub(crate) fn advance(&self, by: u64) {
        self.0.inc(by);
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

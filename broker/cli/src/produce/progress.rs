//! How far the input is read, shown while people watch.

use std::io::IsTerminal;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Below this nobody needs to see how far it is.
const WORTH_A_BAR_BYTES: u64 = 4 << 20;

/// A bar on standard error; nothing where that is no terminal, or where the end of the input isn't known.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// For the files that are read; none of them means standard input.
    pub(super) fn of_files(files: &[PathBuf]) -> Progress {
        let total: u64 =
            files.iter().filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum();
        let watched = std::io::stderr().is_terminal() && total >= WORTH_A_BAR_BYTES;
        let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let style =
            ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left");
        Progress(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// So many more bytes are read.
    pub(super) fn advance(&self, bytes: usize) {
        self.0.inc(bytes as u64);
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

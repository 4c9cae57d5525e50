//! What plug-ins log: the newest lines, with numbers so that a reader sees what it missed.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;

use crate::text::shortened;

/// Lines that are kept.
const KEPT_LINES: usize = 1_000;
/// Longest line; a longer one is cut.
const MAX_LINE_BYTES: usize = 1024;
/// Lines a second; others are counted and dropped.
const LINES_A_SECOND: u32 = 100;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For whoever writes the plug-in.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        })
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Counts up from 0 for each binding; a gap says that lines were lost between two reads.
    pub sequence: u64,
    /// When it was written.
    pub at: SystemTime,
    /// How much it matters.
    pub level: Level,
    /// The text.
    pub text: String,
}

/// The newest lines of a binding.
pub(crate) struct Logs {
    state: Mutex<State>,
}

struct State {
    lines: VecDeque<LogLine>,
    next_sequence: u64,
    second_began: Instant,
    in_this_second: u32,
    dropped: u64,
}

impl Logs {
    pub(crate) fn new(now: Instant) -> Logs {
        Logs {
            state: Mutex::new(State {
                lines: VecDeque::new(),
                next_sequence: 0,
                second_began: now,
                in_this_second: 0,
                dropped: 0,
            }),
        }
    }

    pub(crate) fn write(&self, level: Level, text: String, now: Instant) {
        let mut state = self.state.lock();
        if now.saturating_duration_since(state.second_began) >= Duration::from_secs(1) {
            state.second_began = now;
            state.in_this_second = 0;
        }
        if state.in_this_second == LINES_A_SECOND {
            state.dropped += 1;
            return;
        }
        state.in_this_second += 1;
        if state.lines.len() == KEPT_LINES {
            state.lines.pop_front();
        }
        let sequence = state.next_sequence;
        state.next_sequence += 1;
        let text = shortened(text, MAX_LINE_BYTES);
        state.lines.push_back(LogLine { sequence, at: SystemTime::now(), level, text });
    }

    /// Lines from number `sequence` on, oldest first.
    pub(crate) fn since(&self, sequence: u64) -> Vec<LogLine> {
        let state = self.state.lock();
        let first = state.lines.partition_point(|line| line.sequence < sequence);
        state.lines.range(first..).cloned().collect()
    }

    /// Lines that the rate limit took.
    pub(crate) fn dropped(&self) -> u64 {
        self.state.lock().dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_dropped_until_the_next_second() {
        let began = Instant::now();
        let logs = Logs::new(began);
        for _ in 0..250 {
            logs.write(Level::Info, "x".to_owned(), began);
        }
        assert_eq!((logs.since(0).len(), logs.dropped()), (100, 150));
        logs.write(Level::Warn, "later".to_owned(), began + Duration::from_secs(1));
        let newest = logs.since(100);
        assert_eq!(newest.len(), 1);
        assert_eq!((newest[0].sequence, newest[0].text.as_str()), (100, "later"));
    }

    #[test]
    fn the_newest_thousand_lines_are_kept_and_long_ones_cut() {
        let began = Instant::now();
        let logs = Logs::new(began);
        for second in 0..20 {
            for _ in 0..100 {
                logs.write(Level::Debug, "y".repeat(5_000), began + Duration::from_secs(second));
            }
        }
        let lines = logs.since(0);
        assert_eq!((lines.len(), lines[0].sequence, lines[999].sequence), (1_000, 1_000, 1_999));
        assert!(lines.iter().all(|line| line.text.len() <= 1024));
    }
}

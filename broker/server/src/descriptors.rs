//! How many files and sockets this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The most log files that are kept open: more bring nothing, since opening one is cheap.
const MOST_LOG_FILES: u64 = 8192;

/// Raises the limit of open files as far as the system allows without privileges, and gives how many of them may
/// be log files; the others are for connections.
pub(crate) fn raise_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current,
        Err(_unchanged) => limit.current,
    };
    // No limit at all is `None`.
    let log_files = current.map_or(MOST_LOG_FILES, |files| files / 2).min(MOST_LOG_FILES);
    usize::try_from(log_files).unwrap_or(usize::MAX)
}

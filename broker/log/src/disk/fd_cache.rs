//! A bound on open files: those that are clean and idle are closed, and opened again when they are needed.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

/// Something that holds a descriptor it can do without.
pub(super) trait Closable: Send + Sync {
    /// Closes the descriptor, unless it was used since the last call or has contents that are not on the disk.
    /// Whether it is closed now.
    fn close_if_idle(&self) -> bool;
}

/// The open descriptors in the order of a clock: the hand passes over what was used since it last came by.
#[derive(Default)]
pub(super) struct FdCache {
    limit: usize,
    open: Mutex<VecDeque<Weak<dyn Closable>>>,
}

impl FdCache {
    pub(super) fn new(limit: usize) -> FdCache {
        FdCache { limit, open: Mutex::default() }
    }

    /// Notes that `file` has opened a descriptor, and closes others if there are too many.
    ///
    /// Files that can't be closed (their contents are not on the disk yet, and a failed write-back is reported only
    /// to descriptors that were open) stay open above the limit: at most one or two a partition.
    pub(super) fn opened(&self, file: &Arc<impl Closable + 'static>) {
        let weak: Weak<dyn Closable> = Arc::downgrade(&(Arc::clone(file) as Arc<dyn Closable>));
        let mut open = self.open.lock();
        open.push_back(weak);
        // Two rounds: the first takes away the "used" mark of all, the second closes.
        let mut visits = open.len() * 2;
        while open.len() > self.limit && visits > 0 {
            visits -= 1;
            let Some(oldest) = open.pop_front() else { break };
            // A file is in use while its lock is held, as that of the one which is just opening is.
            if let Some(file) = oldest.upgrade()
                && !file.close_if_idle()
            {
                open.push_back(oldest);
            }
        }
    }
}

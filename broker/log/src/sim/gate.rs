//! A hold on the thread that flushes.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::group_commit::{Flush, FlushSlot, GroupCommit};

/// Keeps the one thread of a group commit from doing anything else until it is opened: when what is written becomes durable
/// is then the test's choice.
#[derive(Debug)]
pub struct Gate {
    slot: FlushSlot,
    begun: SyncSender<()>,
    open: Mutex<Receiver<()>>,
}

#[expect(clippy::unwrap_used, reason = "for tests")]
impl Flush for Gate {
    fn slot(&self) -> &FlushSlot {
        &self.slot
    }

    fn flush(&self) {
        self.begun.send(()).unwrap();
        self.open.lock().unwrap().recv().unwrap();
    }
}

impl Gate {
    /// When it returns, all that was submitted before is done and nothing else is begun; the sender opens.
    #[expect(clippy::unwrap_used, reason = "for tests")]
    pub fn shut(group_commit: &GroupCommit) -> SyncSender<()> {
        let (begun, has_begun) = sync_channel(1);
        let (open, may_end) = sync_channel(1);
        let gate = Gate { slot: FlushSlot::default(), begun, open: Mutex::new(may_end) };
        group_commit.submit(std::sync::Arc::new(gate));
        has_begun.recv().unwrap();
        open
    }
}

//! Bugs that `races` must find.

use klamm_model::Offset;

use super::{FetchWait, FetchWaiter};
use crate::Partition;

/// Registers without a look at what came since the read: the bug that `watch` is there against.
pub(crate) fn watch_blindly(partition: &Partition, _seen: Offset, wait: &FetchWait) {
    let mut state = partition.fetchers.state.lock();
    let waiter = FetchWaiter {
        missing: wait.missing.clone(),
        one_partition: wait.one_partition,
        credited: state.visible.bytes,
    };
    let id = state.waiters.add(waiter.level(wait.missing.bytes()), waiter);
    wait.watched.lock().push((partition.fetchers.clone(), id));
}

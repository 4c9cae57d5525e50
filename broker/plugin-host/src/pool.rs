//! Instances that wait for the next batch. The one that was used last goes first: its memory is warm, and the others can be given up.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::host::Host;
use crate::instance::Instance;
use crate::statistics::Statistics;

/// The idle instances of a binding.
pub(crate) struct Pool {
    idle: Mutex<Vec<Instance>>,
    most: usize,
    host: Arc<Host>,
    statistics: Arc<Statistics>,
}

impl Pool {
    pub(crate) fn new(most: usize, host: Arc<Host>, statistics: Arc<Statistics>) -> Pool {
        Pool { idle: Mutex::new(Vec::new()), most, host, statistics }
    }

    pub(crate) fn take(&self) -> Option<Instance> {
        let mut idle = self.idle.lock();
        let instance = idle.pop();
        self.statistics.idle_instances.store(idle.len() as u64, Relaxed);
        instance
    }

    /// Keeps an instance, unless there are enough, here or in the whole host.
    pub(crate) fn put(&self, instance: Instance) {
        let mut idle = self.idle.lock();
        let room = if self.host.is_crowded() { self.most.min(1) } else { self.most };
        if idle.len() < room {
            idle.push(instance);
        }
        self.statistics.idle_instances.store(idle.len() as u64, Relaxed);
    }

    /// Gives up those that weren't used for `age`; how many they were.
    pub(crate) fn trim(&self, age: Duration) -> usize {
        let now = Instant::now();
        let mut idle = self.idle.lock();
        let before = idle.len();
        idle.retain(|instance| now.saturating_duration_since(instance.last_used()) < age);
        self.statistics.idle_instances.store(idle.len() as u64, Relaxed);
        before - idle.len()
    }
}

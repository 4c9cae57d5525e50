//! Which log is cleaned next.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use klamm_controller::settings::TopicSettings;
use klamm_log::cleaner::{CleanRules, Cleanable, dirtiest};
use klamm_model::{Offset, PartitionIndex, TopicId};
use klamm_partition::Partition;
use parking_lot::{Condvar, Mutex};
use tracing::debug;

use super::throttle::Throttle;
use crate::Broker;

type Key = (TopicId, PartitionIndex);

/// What the cleaner knows of logs beyond what they say of themselves.
#[derive(Debug, Default)]
pub(crate) struct Cleaner {
    state: Mutex<State>,
    throttle: Mutex<Throttle>,
    napping: Mutex<()>,
    woken: Condvar,
}

/// A log that is looked at.
struct Looking {
    partition: Arc<Partition>,
    key: Key,
    cleanable: Cleanable,
    rules: CleanRules,
    segment_bytes: u64,
}

/// All compacted logs, as far as they can be cleaned now.
#[derive(Default)]
struct Looked {
    logs: Vec<Looking>,
    there: HashSet<Key>,
    max_dirty_ratio: f64,
}

#[derive(Debug, Default)]
struct State {
    /// Being cleaned.
    busy: HashSet<Key>,
    /// Damaged.
    uncleanable: HashSet<Key>,
    /// Logs in which nothing could be cleaned, and up to where that was tried: transactions are not decided there.
    stuck: HashMap<Key, Offset>,
}

/// A log that is to be cleaned, and by nobody else meanwhile.
pub(super) struct Chosen<'a> {
    pub(super) partition: Arc<Partition>,
    pub(super) cleanable: Cleanable,
    pub(super) rules: CleanRules,
    /// The most bytes of a segment.
    pub(super) segment_bytes: u64,
    key: Key,
    cleaner: &'a Cleaner,
}

impl Drop for Chosen<'_> {
    fn drop(&mut self) {
        self.cleaner.state.lock().busy.remove(&self.key);
    }
}

/// What is to be remembered of a log.
#[derive(Debug, Clone, Copy)]
pub(super) enum Turnout {
    /// Nothing could be cleaned.
    Stuck,
    /// It is damaged.
    Uncleanable,
}

impl Cleaner {
    /// The dirtiest log that is due. Looks at all compacted ones, one caller at a time.
    pub(super) fn choose(&self, broker: &Broker) -> Option<Chosen<'_>> {
        let mut state = self.state.lock();
        let looked = state.look_at_all(broker);
        // A topic that was deleted, or is not compacted any more, is forgotten.
        state.stuck.retain(|key, _| looked.there.contains(key));
        state.uncleanable.retain(|key| looked.there.contains(key));
        broker.metrics.cleaner().looked(looked.max_dirty_ratio, state.uncleanable.len() as i64);
        let logs = looked.logs.into_iter().map(|log| {
            let (cleanable, rules) = (log.cleanable, log.rules);
            (log, cleanable, rules)
        });
        let (log, cleanable) = dirtiest(logs)?;
        state.busy.insert(log.key);
        let Looking { partition, key, rules, segment_bytes, .. } = log;
        Some(Chosen { partition, cleanable, rules, segment_bytes, key, cleaner: self })
    }

    /// Waits so long, or until the cleaner is told that the broker stops.
    pub(super) fn nap(&self, time: Duration) {
        self.woken.wait_for(&mut self.napping.lock(), time);
    }

    /// Ends all naps.
    pub(super) fn wake(&self) {
        self.woken.notify_all();
    }

    pub(super) fn note(&self, chosen: &Chosen<'_>, turnout: Turnout) {
        let mut state = self.state.lock();
        match turnout {
            Turnout::Stuck => {
                state.stuck.insert(chosen.key, chosen.cleanable.upto);
            }
            Turnout::Uncleanable => {
                state.uncleanable.insert(chosen.key);
            }
        }
    }

    /// How long to wait before so many bytes are moved.
    pub(super) fn take(&self, bytes: usize, per_second: f64) -> Duration {
        self.throttle.lock().take(bytes, per_second, Instant::now())
    }
}

impl State {
    fn look_at_all(&self, broker: &Broker) -> Looked {
        let mut looked = Looked::default();
        let now = broker.clock.now();
        for topic in broker.partitions.topics() {
            if !topic.settings.cleanup_policy.compact {
                continue;
            }
            let rules = rules(&topic.settings);
            let segment_bytes = u64::from(topic.settings.segment_bytes.unsigned_abs());
            for partition in topic.online() {
                let key = (topic.image.id, partition.id().partition);
                looked.there.insert(key);
                if self.uncleanable.contains(&key) || self.busy.contains(&key) {
                    continue;
                }
                let cleaned = broker.partitions.cleaned_to(partition.id());
                match partition.cleanable(cleaned, &rules, now) {
                    Ok(cleanable) => {
                        looked.max_dirty_ratio = looked.max_dirty_ratio.max(cleanable.dirty_ratio());
                        if self.stuck.get(&key) != Some(&cleanable.upto) {
                            let partition = Arc::clone(partition);
                            looked.logs.push(Looking { partition, key, cleanable, rules, segment_bytes });
                        }
                    }
                    Err(error) => {
                        debug!(partition = %partition.id(), %error, "how dirty it is can't be told");
                    }
                }
            }
        }
        looked
    }
}

fn rules(settings: &TopicSettings) -> CleanRules {
    CleanRules {
        min_dirty_ratio: settings.min_cleanable_dirty_ratio,
        min_lag_ms: settings.min_compaction_lag_ms,
        max_lag_ms: settings.max_compaction_lag_ms,
        delete_retention_ms: settings.delete_retention_ms,
    }
}

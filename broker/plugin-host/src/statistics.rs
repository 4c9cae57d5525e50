//! What is counted of a binding.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::breaker::{Breaker, BreakerState};
use crate::failure::Cause;
use crate::guest_state::Journal;
use crate::logs::LogLine;

/// Upper bounds of the buckets of call times, in microseconds; calls over the last are in one more bucket.
pub const TIME_BUCKETS_US: [u64; 14] =
    [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 1_000_000];

/// What became of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerdictCounts {
    /// They passed, unchanged, or stayed in their partition.
    pub accepted: u64,
    /// A filter dropped them.
    pub dropped: u64,
    /// They were refused.
    pub rejected: u64,
    /// They went to quarantine.
    pub dead_lettered: u64,
    /// A serializer rewrote them.
    pub rewritten: u64,
    /// A partitioner chose their partition.
    pub assigned: u64,
}

impl VerdictCounts {
    /// Each count with its name, as a label of a metric.
    pub const fn named(&self) -> [(&'static str, u64); 6] {
        [
            ("accepted", self.accepted),
            ("dropped", self.dropped),
            ("rejected", self.rejected),
            ("dead-lettered", self.dead_lettered),
            ("rewritten", self.rewritten),
            ("assigned", self.assigned),
        ]
    }

    fn add(&mut self, other: VerdictCounts) {
        self.accepted += other.accepted;
        self.dropped += other.dropped;
        self.rejected += other.rejected;
        self.dead_lettered += other.dead_lettered;
        self.rewritten += other.rewritten;
        self.assigned += other.assigned;
    }
}

/// The figures of a binding at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Calls of the guest, also those that failed and those that looked for a failing record.
    pub calls: u64,
    /// Batches that were worked on.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// What became of the records.
    pub verdicts: VerdictCounts,
    /// Records that got what `on_failure` says, because the plug-in failed on them or the breaker was open.
    pub failed_records: u64,
    /// Failed calls by cause.
    pub failures: BTreeMap<&'static str, u64>,
    /// Batches that an inline call gave up.
    pub over_budget: u64,
    /// Batches by time, in the buckets of `TIME_BUCKETS_US` and one more.
    pub time_buckets: [u64; TIME_BUCKETS_US.len() + 1],
    /// The time of all batches together.
    pub time: Duration,
    /// Instances that were started, the first one too.
    pub started_instances: u64,
    /// Instances that were thrown away because they failed or were worn.
    pub recycled_instances: u64,
    /// Instances that nobody uses now.
    pub idle_instances: u64,
    /// The most linear memory that an instance had.
    pub memory_high_water_bytes: u64,
    /// Where the breaker stands.
    pub breaker: BreakerState,
    /// How often it opened.
    pub breaker_opened: u64,
    /// How long the last instance took to start.
    pub init_time: Duration,
    /// How long the plug-in took to compile, or to load from the cache.
    pub compile_time: Duration,
    /// The counters that the plug-in keeps.
    pub counters: BTreeMap<String, u64>,
    /// Additions to counters that were refused: a bad name, or more than 64 counters.
    pub refused_counters: u64,
    /// Log lines that the rate limit took.
    pub dropped_log_lines: u64,
}

/// What is counted of a binding, and what its plug-in logs.
pub struct Statistics {
    numbers: Mutex<Numbers>,
    pub(crate) breaker: Mutex<Breaker>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) idle_instances: AtomicU64,
    compile_time: Duration,
}

/// What one batch adds.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    pub(crate) calls: u64,
    pub(crate) batches: u64,
    pub(crate) records: u64,
    pub(crate) verdicts: VerdictCounts,
    pub(crate) failed_records: u64,
    pub(crate) failures: [u64; Cause::ALL.len()],
    pub(crate) over_budget: u64,
    pub(crate) started_instances: u64,
    pub(crate) recycled_instances: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) init_time: Option<Duration>,
}

#[derive(Default)]
struct Numbers {
    sum: Tally,
    time_buckets: [u64; TIME_BUCKETS_US.len() + 1],
    time: Duration,
}

impl Statistics {
    pub(crate) fn new(compile_time: Duration) -> Statistics {
        Statistics {
            numbers: Mutex::new(Numbers::default()),
            breaker: Mutex::new(Breaker::new()),
            journal: Journal::new(),
            idle_instances: AtomicU64::new(0),
            compile_time,
        }
    }

    /// The figures now.
    pub fn snapshot(&self) -> Snapshot {
        let (breaker, breaker_opened) = {
            let breaker = self.breaker.lock();
            (breaker.state(Instant::now()), breaker.opened())
        };
        let numbers = self.numbers.lock();
        let sum = &numbers.sum;
        let failures =
            Cause::ALL.into_iter().map(|cause| (cause.name(), sum.failures[cause as usize])).collect();
        Snapshot {
            calls: sum.calls,
            batches: sum.batches,
            records: sum.records,
            verdicts: sum.verdicts,
            failed_records: sum.failed_records,
            failures,
            over_budget: sum.over_budget,
            time_buckets: numbers.time_buckets,
            time: numbers.time,
            started_instances: sum.started_instances,
            recycled_instances: sum.recycled_instances,
            idle_instances: self.idle_instances.load(Relaxed),
            memory_high_water_bytes: sum.memory_bytes,
            breaker,
            breaker_opened,
            init_time: sum.init_time.unwrap_or_default(),
            compile_time: self.compile_time,
            counters: self.journal.counters.values(),
            refused_counters: self.journal.counters.refused(),
            dropped_log_lines: self.journal.logs.dropped(),
        }
    }

    /// What the plug-in logged, from line `sequence` on, oldest first; the newest 1,000 lines are kept.
    pub fn log_since(&self, sequence: u64) -> Vec<LogLine> {
        self.journal.logs.since(sequence)
    }

    /// Adds a batch that took `time`; `None` for what isn't a batch.
    pub(crate) fn add(&self, tally: &Tally, time: Option<Duration>) {
        let mut numbers = self.numbers.lock();
        let sum = &mut numbers.sum;
        sum.calls += tally.calls;
        sum.batches += tally.batches;
        sum.records += tally.records;
        sum.verdicts.add(tally.verdicts);
        sum.failed_records += tally.failed_records;
        for (sum, more) in sum.failures.iter_mut().zip(tally.failures) {
            *sum += more;
        }
        sum.over_budget += tally.over_budget;
        sum.started_instances += tally.started_instances;
        sum.recycled_instances += tally.recycled_instances;
        sum.memory_bytes = sum.memory_bytes.max(tally.memory_bytes);
        sum.init_time = tally.init_time.or(sum.init_time);
        if let Some(time) = time {
            let micros = time.as_micros() as u64;
            let bucket = TIME_BUCKETS_US.partition_point(|&bound| bound < micros);
            numbers.time_buckets[bucket] += 1;
            numbers.time += time;
        }
    }
}

impl std::fmt::Debug for Statistics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.snapshot().fmt(f)
    }
}

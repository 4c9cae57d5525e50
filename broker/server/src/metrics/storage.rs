//! Partitions, their logs, and the flushes that make them durable.

use std::sync::Arc;
use std::time::Duration;

use klamm_partition::Partition;
use prometheus::{Histogram, IntCounter, IntGauge, IntGaugeVec};

use super::catalogue::Catalogue;
use crate::partitions::{HostedTopic, Replica};

/// From a write into a disk's own memory to a disk that is about to fail.
const FLUSH_SECONDS: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Partitions, their logs, and the flushes that make them durable.
#[derive(Debug)]
pub(crate) struct Storage {
    topics: IntGauge,
    partitions: IntGauge,
    stopped: IntGauge,
    segments: IntGauge,
    producers: IntGauge,
    commit_waiters: IntGauge,
    fetch_waiters: IntGauge,
    sizes: IntGaugeVec,
    flushes: Histogram,
    flush_requests: IntCounter,
}

/// What partitions have together.
#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    partitions: i64,
    stopped: i64,
    segments: i64,
    producers: i64,
    commit_waiters: i64,
    fetch_waiters: i64,
    bytes: i64,
}

impl Storage {
    pub(super) fn register(catalogue: &mut Catalogue) -> prometheus::Result<Storage> {
        Ok(Storage {
            topics: catalogue.gauge("klamm_topics", "Topics in the cluster.")?,
            partitions: catalogue.gauge("klamm_partitions", "Partitions that this broker holds.")?,
            stopped: catalogue.gauge(
                "klamm_partitions_stopped",
                "Partitions that take no records because of their disk or files; `/readyz` and the log say which and why.",
            )?,
            segments: catalogue.gauge("klamm_log_segments", "Segments of all partitions.")?,
            producers: catalogue.gauge(
                "klamm_idempotent_producers",
                "Idempotent producers that are remembered; one counts once in each partition it wrote to.",
            )?,
            commit_waiters: catalogue
                .gauge("klamm_commit_waiters", "Produce requests that wait for the disk, by partition.")?,
            fetch_waiters: catalogue
                .gauge("klamm_fetch_waiters", "Fetch requests that wait for records, by partition.")?,
            sizes: catalogue.gauges(
                "klamm_topic_size_bytes",
                &["topic"],
                "Bytes of all segments of a topic's partitions on this broker.",
            )?,
            flushes: catalogue.histogram(
                "klamm_group_commit_duration_seconds",
                FLUSH_SECONDS,
                "Flushes of a partition to the disk (fdatasync); one serves all who wait for it.",
            )?,
            flush_requests: catalogue.counter(
                "klamm_group_commit_requests_total",
                "Appends that asked for a flush; divided by the flushes, how many one flush served.",
            )?,
        })
    }

    /// A flush was made.
    pub(super) fn flushed(&self, took: Duration) {
        self.flushes.observe(took.as_secs_f64());
    }

    /// Takes the figures anew; `flush_requests` is how many there have been.
    pub(super) fn refresh(&self, topics: usize, hosted: &[Arc<HostedTopic>], flush_requests: u64) {
        let mut sum = Sum::default();
        // A topic that was deleted must not stay.
        self.sizes.reset();
        for topic in hosted {
            let of_topic = topic.replicas().iter().map(Sum::of).fold(Sum::default(), Sum::plus);
            self.sizes.with_label_values(&[topic.image.name.as_str()]).set(of_topic.bytes);
            sum = sum.plus(of_topic);
        }
        self.topics.set(topics as i64);
        self.partitions.set(sum.partitions);
        self.stopped.set(sum.stopped);
        self.segments.set(sum.segments);
        self.producers.set(sum.producers);
        self.commit_waiters.set(sum.commit_waiters);
        self.fetch_waiters.set(sum.fetch_waiters);
        self.flush_requests.inc_by(flush_requests.saturating_sub(self.flush_requests.get()));
    }
}

impl Sum {
    fn of(replica: &Replica) -> Sum {
        match replica {
            Replica::Online(partition) => Sum::of_partition(partition),
            Replica::Offline(_) => Sum { partitions: 1, stopped: 1, ..Sum::default() },
            Replica::Elsewhere => Sum::default(),
        }
    }

    fn of_partition(partition: &Partition) -> Sum {
        let figures = partition.statistics();
        Sum {
            partitions: 1,
            stopped: i64::from(!partition.health().is_healthy()),
            segments: figures.segments as i64,
            producers: figures.producers as i64,
            commit_waiters: figures.commit_waiters as i64,
            fetch_waiters: figures.fetch_waiters as i64,
            bytes: figures.size_bytes as i64,
        }
    }

    fn plus(self, other: Sum) -> Sum {
        Sum {
            partitions: self.partitions + other.partitions,
            stopped: self.stopped + other.stopped,
            segments: self.segments + other.segments,
            producers: self.producers + other.producers,
            commit_waiters: self.commit_waiters + other.commit_waiters,
            fetch_waiters: self.fetch_waiters + other.fetch_waiters,
            bytes: self.bytes + other.bytes,
        }
    }
}

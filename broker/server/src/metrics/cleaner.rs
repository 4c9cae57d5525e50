//! The compaction of logs.

use std::time::Duration;

use prometheus::{Counter, Gauge, IntCounter, IntGauge};

use super::catalogue::Catalogue;

/// The compaction of logs.
#[derive(Debug)]
pub(crate) struct Cleaner {
    runs: IntCounter,
    seconds: Counter,
    read: IntCounter,
    written: IntCounter,
    dirtiest: Gauge,
    uncleanable: IntGauge,
}

impl Cleaner {
    pub(super) fn register(catalogue: &mut Catalogue) -> prometheus::Result<Cleaner> {
        Ok(Cleaner {
            runs: catalogue.counter("klamm_log_cleaner_runs_total", "Compactions of a log.")?,
            seconds: catalogue.real_counter(
                "klamm_log_cleaner_seconds_total",
                "Seconds that compactions took, with the time they waited for `log.cleaner.io.max.bytes.per.second`.",
            )?,
            read: catalogue.counter(
                "klamm_log_cleaner_read_bytes_total",
                "Bytes of the segments that compaction has replaced.",
            )?,
            written: catalogue.counter(
                "klamm_log_cleaner_written_bytes_total",
                "Bytes of the segments that it has put in their place.",
            )?,
            dirtiest: catalogue.real_gauge(
                "klamm_log_cleaner_max_dirty_ratio",
                "The largest share of a compacted log that was not cleaned yet, 0 to 1, when the cleaner last looked.",
            )?,
            uncleanable: catalogue.gauge(
                "klamm_log_cleaner_uncleanable_partitions",
                "Partitions that are not compacted because they are damaged; the log says which and where.",
            )?,
        })
    }

    /// A compaction has ended.
    pub(crate) fn ran(&self, took: Duration) {
        self.runs.inc();
        self.seconds.inc_by(took.as_secs_f64());
    }

    /// Segments were replaced.
    pub(crate) fn cleaned(&self, read: u64, written: u64) {
        self.read.inc_by(read);
        self.written.inc_by(written);
    }

    /// The cleaner has looked at all logs.
    pub(crate) fn looked(&self, max_dirty_ratio: f64, uncleanable: i64) {
        self.dirtiest.set(max_dirty_ratio);
        self.uncleanable.set(uncleanable);
    }
}

//! What the broker counts, for Prometheus.
//!
//! Hot paths touch counters that were looked up when the broker started; what can be read off the broker
//! (partitions, the process) is read when somebody asks.

mod catalogue;
mod cleaner;
mod failures;
mod groups;
mod plugins;
mod process;
mod requests;
mod storage;
mod traffic;

use std::time::Duration;

use klamm_model::TimestampMs;
use klamm_wire::ApiKey;
use parking_lot::Mutex;

use catalogue::Catalogue;
use cleaner::Cleaner;
pub(crate) use failures::{Failures, Throttled};
use groups::GroupFigures;
use plugins::PluginFigures;
use process::Process;
use requests::Requests;
use storage::Storage;
use traffic::Traffic;

use crate::{Broker, Clock, SystemClock};

/// The reference page of all metrics, in Markdown. `docs/reference/metrics.md` is this text.
pub fn metrics_reference() -> prometheus::Result<String> {
    Ok(Metrics::new()?.catalogue.reference_markdown())
}

/// What the broker counts.
#[derive(Debug)]
pub(crate) struct Metrics {
    catalogue: Catalogue,
    requests: Requests,
    traffic: Traffic,
    storage: Storage,
    cleaner: Cleaner,
    groups: GroupFigures,
    plugins: PluginFigures,
    process: Process,
    started_at: TimestampMs,
    /// Held while figures are read off the broker and shown: two at once would count twice.
    rendering: Mutex<()>,
}

impl Metrics {
    /// Everything at 0. Fails only if two metrics have one name, which the first test would show.
    pub(crate) fn new() -> prometheus::Result<Metrics> {
        let mut catalogue = Catalogue::default();
        let build =
            catalogue.gauges("klamm_build_info", &["version"], "Always 1; the label says what runs.")?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let started_at = SystemClock.now();
        catalogue
            .gauge("klamm_start_time_seconds", "When the process started, in seconds since 1970.")?
            .set(started_at.0 / 1000);
        let requests = Requests::register(&mut catalogue)?;
        let traffic = Traffic::register(&mut catalogue)?;
        let storage = Storage::register(&mut catalogue)?;
        let cleaner = Cleaner::register(&mut catalogue)?;
        let groups = GroupFigures::register(&mut catalogue)?;
        let plugins = PluginFigures::register(&mut catalogue)?;
        let process = Process::register(&mut catalogue)?;
        Ok(Metrics {
            catalogue,
            requests,
            traffic,
            storage,
            cleaner,
            groups,
            plugins,
            process,
            started_at,
            rendering: Mutex::default(),
        })
    }

    /// A request was answered, this long after it was received whole.
    pub(crate) fn request(&self, key: ApiKey, took: Duration) {
        self.requests.answered(key, took);
    }

    /// A client was told to pause for so long.
    pub(crate) fn throttled(&self, key: ApiKey, time: Duration) {
        self.requests.throttled(key, time);
    }

    /// Counts what an answer says went wrong.
    pub(crate) fn failures(&self, key: ApiKey, answer: &impl Failures) {
        answer.each_error(&mut |code| {
            if code != 0 {
                self.requests.failed(key, code);
            }
        });
    }

    /// Bytes came in from clients.
    pub(crate) fn received(&self, bytes: usize) {
        self.traffic.received.inc_by(bytes as u64);
    }

    /// Bytes went out to clients.
    pub(crate) fn sent(&self, bytes: usize) {
        self.traffic.sent.inc_by(bytes as u64);
    }

    /// A connection was opened.
    pub(crate) fn connection_opened(&self) {
        self.traffic.open.inc();
        self.traffic.opened.inc();
    }

    /// A connection was closed.
    pub(crate) fn connection_closed(&self) {
        self.traffic.open.dec();
    }

    /// A connection was refused by a limit.
    pub(crate) fn connection_refused(&self) {
        self.traffic.refused.inc();
    }

    /// A record batch passed validation.
    pub(crate) fn produced(&self, bytes: usize, records: i32) {
        self.traffic.produced_bytes.inc_by(bytes as u64);
        self.traffic.produced_batches.inc();
        self.traffic.produced_records.inc_by(u64::from(records.unsigned_abs()));
    }

    /// Record batches go out to a client.
    pub(crate) fn fetched(&self, bytes: usize) {
        self.traffic.fetched_bytes.inc_by(bytes as u64);
    }

    /// A partition was flushed.
    pub(crate) fn flushed(&self, took: Duration) {
        self.storage.flushed(took);
    }

    /// The compaction of logs.
    pub(crate) fn cleaner(&self) -> &Cleaner {
        &self.cleaner
    }

    /// When the process started.
    pub(crate) fn started_at(&self) -> TimestampMs {
        self.started_at
    }

    /// Everything in Prometheus's text format.
    pub(crate) fn render(&self, broker: &Broker) -> prometheus::Result<String> {
        let _alone = self.rendering.lock();
        let flush_requests = broker.partitions.group_commit().counters().submitted;
        self.storage.refresh(
            broker.controller.image().topic_count(),
            &broker.partitions.topics(),
            flush_requests,
        );
        self.traffic.sessions.set(broker.fetch_sessions.len() as i64);
        let evicted = &self.traffic.sessions_evicted;
        evicted.inc_by(broker.fetch_sessions.evicted().saturating_sub(evicted.get()));
        self.groups.refresh(&broker.groups.shards());
        self.plugins.refresh(&broker.bound_plugins());
        self.process.refresh();
        self.catalogue.render()
    }
}

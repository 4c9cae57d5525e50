//! Plug-ins that are bound, read off them when somebody asks.

use std::sync::Arc;

use klamm_plugin_host::{BreakerState, Snapshot, TIME_BUCKETS_US};
use prometheus::{CounterVec, IntCounterVec, IntGaugeVec};

use super::catalogue::Catalogue;
use crate::plugins::Bound;

const BOUND: &[&str] = &["topic", "plugin", "version"];

/// Plug-ins that are bound. A binding that changes starts at 0 again.
#[derive(Debug)]
pub(crate) struct PluginFigures {
    calls: IntCounterVec,
    records: IntCounterVec,
    failures: IntCounterVec,
    failed_records: IntCounterVec,
    over_budget: IntCounterVec,
    recycled: IntCounterVec,
    breaker_opened: IntCounterVec,
    custom: IntCounterVec,
    dropped_log_lines: IntCounterVec,
    seconds: CounterVec,
    batches: IntCounterVec,
    buckets: IntCounterVec,
    instances: IntGaugeVec,
    memory: IntGaugeVec,
    breaker: IntGaugeVec,
}

impl PluginFigures {
    pub(super) fn register(catalogue: &mut Catalogue) -> prometheus::Result<PluginFigures> {
        let mut plain = |name, help| catalogue.counters(name, BOUND, help);
        let calls = plain(
            "klamm_plugin_calls_total",
            "Calls of a plug-in, with those that look for a record that makes it fail.",
        )?;
        let failed_records =
            plain("klamm_plugin_failed_records_total", "Records that got what `on-failure` says.")?;
        let over_budget = plain(
            "klamm_plugin_over_budget_total",
            "Batches that took too long for a thread that serves connections, and were begun anew on another.",
        )?;
        let recycled = plain(
            "klamm_plugin_recycled_instances_total",
            "Instances that were thrown away because they failed or were worn.",
        )?;
        let breaker_opened = plain(
            "klamm_plugin_breaker_opened_total",
            "How often a plug-in was given up for a while because it always failed.",
        )?;
        let dropped_log_lines =
            plain("klamm_plugin_dropped_log_lines_total", "Lines that plug-ins logged beyond their rate.")?;
        let batches = plain(
            "klamm_plugin_batch_seconds_count",
            "Batches that passed a plug-in; one of a producer may be several here.",
        )?;
        let [records, failures, custom, buckets] = named(catalogue)?;
        let seconds = catalogue.real_counters(
            "klamm_plugin_batch_seconds_sum",
            BOUND,
            "Seconds that batches spent in a plug-in.",
        )?;
        let [instances, memory, breaker] = gauges(catalogue)?;
        Ok(PluginFigures {
            calls,
            records,
            failures,
            failed_records,
            over_budget,
            recycled,
            breaker_opened,
            custom,
            dropped_log_lines,
            seconds,
            batches,
            buckets,
            instances,
            memory,
            breaker,
        })
    }

    pub(super) fn refresh(&self, bound: &[Arc<Bound>]) {
        self.reset();
        for bound in bound {
            let labels = [bound.topic.as_str(), bound.spec.name.as_str(), bound.spec.version.as_str()];
            self.show(labels, &bound.plugin.statistics().snapshot());
        }
    }

    /// What is bound no more is shown no more.
    fn reset(&self) {
        let counters = [
            &self.calls,
            &self.records,
            &self.failures,
            &self.failed_records,
            &self.over_budget,
            &self.recycled,
            &self.breaker_opened,
            &self.custom,
            &self.dropped_log_lines,
            &self.batches,
            &self.buckets,
        ];
        for counter in counters {
            counter.reset();
        }
        self.seconds.reset();
        for gauge in [&self.instances, &self.memory, &self.breaker] {
            gauge.reset();
        }
    }

    fn show(&self, labels: [&str; 3], figures: &Snapshot) {
        let plain = [
            (&self.calls, figures.calls),
            (&self.failed_records, figures.failed_records),
            (&self.over_budget, figures.over_budget),
            (&self.recycled, figures.recycled_instances),
            (&self.breaker_opened, figures.breaker_opened),
            (&self.dropped_log_lines, figures.dropped_log_lines),
            (&self.batches, figures.batches),
        ];
        for (counter, value) in plain {
            counter.with_label_values(&labels).inc_by(value);
        }
        let [topic, plugin, version] = labels;
        let named = |counter: &IntCounterVec, name: &str, value| {
            counter.with_label_values(&[topic, plugin, version, name]).inc_by(value);
        };
        for (verdict, count) in figures.verdicts.named() {
            named(&self.records, verdict, count);
        }
        for (cause, count) in &figures.failures {
            named(&self.failures, cause, *count);
        }
        for (counter, value) in &figures.counters {
            named(&self.custom, counter, *value);
        }
        let bounds = TIME_BUCKETS_US.iter().map(|us| (*us as f64 / 1e6).to_string());
        let mut so_far = 0;
        for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(figures.time_buckets) {
            so_far += count;
            named(&self.buckets, &bound, so_far);
        }
        self.seconds.with_label_values(&labels).inc_by(figures.time.as_secs_f64());
        let open = i64::from(!matches!(figures.breaker, BreakerState::Closed));
        self.instances.with_label_values(&labels).set(figures.idle_instances as i64);
        self.memory.with_label_values(&labels).set(figures.memory_high_water_bytes as i64);
        self.breaker.with_label_values(&labels).set(open);
    }
}

/// Those that have one more label: records, failures, custom counters, buckets of times.
fn named(catalogue: &mut Catalogue) -> prometheus::Result<[IntCounterVec; 4]> {
    Ok([
        catalogue.counters(
            "klamm_plugin_records_total",
            &["topic", "plugin", "version", "verdict"],
            "Records that passed a plug-in, by what became of them: accepted, dropped, rejected, dead-lettered, rewritten, \
             assigned.",
        )?,
        catalogue.counters(
            "klamm_plugin_failures_total",
            &["topic", "plugin", "version", "cause"],
            "Calls of a plug-in that failed, by cause.",
        )?,
        catalogue.counters(
            "klamm_plugin_custom_total",
            &["topic", "plugin", "version", "counter"],
            "What plug-ins count themselves.",
        )?,
        catalogue.counters(
            "klamm_plugin_batch_seconds_bucket",
            &["topic", "plugin", "version", "le"],
            "Batches by the time they spent in a plug-in, as of a histogram.",
        )?,
    ])
}

/// Idle instances, memory, breaker.
fn gauges(catalogue: &mut Catalogue) -> prometheus::Result<[IntGaugeVec; 3]> {
    Ok([
        catalogue.gauges("klamm_plugin_idle_instances", BOUND, "Instances that wait for work.")?,
        catalogue.gauges(
            "klamm_plugin_memory_high_water_bytes",
            BOUND,
            "The most memory that an instance had.",
        )?,
        catalogue.gauges(
            "klamm_plugin_breaker_open",
            BOUND,
            "1 while a plug-in is given up because it always failed, else 0.",
        )?,
    ])
}

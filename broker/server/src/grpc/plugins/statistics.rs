//! What a binding did, as gRPC shows it.

use klamm_plugin_host::{BreakerState, TIME_BUCKETS_US};
use klamm_rpc::plugin::{BindingStats, TimeBucket};

use super::show;
use crate::plugins::Bound;

pub(super) fn of(bound: &Bound) -> BindingStats {
    let binding = bound.plugin.binding();
    let figures = bound.plugin.statistics().snapshot();
    let named = |(name, count): (&'static str, u64)| (name.to_owned(), count);
    let bounds = TIME_BUCKETS_US.into_iter().chain([0]);
    let times = bounds.zip(figures.time_buckets).map(|(up_to_us, batches)| TimeBucket { up_to_us, batches });
    BindingStats {
        topic: bound.topic.to_string(),
        role: show::role(bound.role).into(),
        name: binding.name.clone(),
        version: binding.version.clone(),
        sha256: bound.plugin.digest().to_string(),
        shadow: binding.shadow,
        batches: figures.batches,
        records: figures.records,
        calls: figures.calls,
        verdicts: figures.verdicts.named().into_iter().map(named).collect(),
        failed_records: figures.failed_records,
        failures: figures.failures.into_iter().map(named).collect(),
        time_ns: figures.time.as_nanos() as u64,
        times: times.collect(),
        over_budget: figures.over_budget,
        started_instances: figures.started_instances,
        recycled_instances: figures.recycled_instances,
        idle_instances: figures.idle_instances,
        memory_peak_bytes: figures.memory_high_water_bytes,
        breaker: breaker(figures.breaker).to_owned(),
        breaker_opened: figures.breaker_opened,
        compile_time_ns: figures.compile_time.as_nanos() as u64,
        init_time_ns: figures.init_time.as_nanos() as u64,
        counters: figures.counters.into_iter().collect(),
        dropped_log_lines: figures.dropped_log_lines,
    }
}

const fn breaker(state: BreakerState) -> &'static str {
    match state {
        BreakerState::Closed => "closed",
        BreakerState::Open => "open",
        BreakerState::HalfOpen => "half-open",
    }
}

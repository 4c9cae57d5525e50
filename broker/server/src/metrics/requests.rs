//! Requests, by API.

use std::time::Duration;

use klamm_model::ErrorCode;
use klamm_wire::ApiKey;
use prometheus::{Histogram, HistogramVec, IntCounterVec};

use super::catalogue::Catalogue;
use crate::dispatch::SERVED;

/// From what an answer out of memory takes to what waits for a slow disk, and one long poll beyond.
const LATENCY_SECONDS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
    30.0,
];

/// From what nobody notices to all windows of Kafka's defaults.
const THROTTLE_SECONDS: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 11.0];

/// Requests, by API. The histogram of each API is looked up once, when the broker starts: a request costs an
/// index and a few uncontended atomics.
#[derive(Debug)]
pub(crate) struct Requests {
    /// By API key; `None` for what is not served.
    latencies: Vec<Option<Histogram>>,
    errors: IntCounterVec,
    throttles: HistogramVec,
}

impl Requests {
    pub(super) fn register(catalogue: &mut Catalogue) -> prometheus::Result<Requests> {
        let latency = catalogue.histograms(
            "klamm_request_duration_seconds",
            &["api"],
            LATENCY_SECONDS,
            "From a request's last byte to its answer, with waiting (Fetch: for records; Produce: for the disk).",
        )?;
        let errors = catalogue.counters(
            "klamm_request_errors_total",
            &["api", "error"],
            "Errors in answers, by Kafka's name of the error; an answer for several partitions may have several.",
        )?;
        let throttles = catalogue.histograms(
            "klamm_request_throttle_seconds",
            &["api"],
            THROTTLE_SECONDS,
            "For how long clients were held back because of a quota; only requests that were, so that the count is \
             theirs.",
        )?;
        let mut latencies = Vec::new();
        for api in SERVED {
            let index = index(*api);
            if latencies.len() <= index {
                latencies.resize(index + 1, None);
            }
            latencies[index] = Some(latency.with_label_values(&[api.name()]));
        }
        Ok(Requests { latencies, errors, throttles })
    }

    /// A request was answered, this long after it was received whole.
    pub(super) fn answered(&self, api: ApiKey, took: Duration) {
        if let Some(Some(latency)) = self.latencies.get(index(api)) {
            latency.observe(took.as_secs_f64());
        }
    }

    /// A client was told to pause for so long.
    pub(super) fn throttled(&self, api: ApiKey, time: Duration) {
        self.throttles.with_label_values(&[api.name()]).observe(time.as_secs_f64());
    }

    /// An answer says that something went wrong. Rare, so that a lookup by label is cheap enough.
    pub(super) fn failed(&self, api: ApiKey, code: i16) {
        let name = ErrorCode::from_i16(code).map_or_else(|| code.to_string(), ErrorCode::kafka_name);
        self.errors.with_label_values(&[api.name(), &name]).inc();
    }
}

fn index(api: ApiKey) -> usize {
    usize::from((api as i16).unsigned_abs())
}

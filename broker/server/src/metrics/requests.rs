//! Requests, by API.

use std::time::Duration;

use klamm_model::ErrorCode;
use klamm_wire::ApiKey;
use prometheus::{Histogram, IntCounterVec};

use super::catalogue::Catalogue;
use crate::dispatch::SERVED;

/// From what an answer out of memory takes to what waits for a slow disk, and one long poll beyond.
const LATENCY_SECONDS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
    30.0,
];

/// Requests, by API. The histogram of each API is looked up once, when the broker starts: a request costs an
/// index and a few uncontended atomics.
#[derive(Debug)]
pub(crate) struct Requests {
    /// By API key; `None` for what is not served.
    latencies: Vec<Option<Histogram>>,
    errors: IntCounterVec,
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
        let mut latencies = Vec::new();
        for api in SERVED {
            let index = index(*api);
            if latencies.len() <= index {
                latencies.resize(index + 1, None);
            }
            latencies[index] = Some(latency.with_label_values(&[api.name()]));
        }
        Ok(Requests { latencies, errors })
    }

    /// A request was answered, this long after it was received whole.
    pub(super) fn answered(&self, api: ApiKey, took: Duration) {
        if let Some(Some(latency)) = self.latencies.get(index(api)) {
            latency.observe(took.as_secs_f64());
        }
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

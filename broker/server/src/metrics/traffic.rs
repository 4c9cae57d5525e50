//! Connections, and what goes over them.

use prometheus::{IntCounter, IntGauge};

use super::catalogue::Catalogue;

/// Connections, and what goes over them.
#[derive(Debug)]
pub(crate) struct Traffic {
    pub(super) received: IntCounter,
    pub(super) sent: IntCounter,
    pub(super) open: IntGauge,
    pub(super) opened: IntCounter,
    pub(super) refused: IntCounter,
    pub(super) sessions: IntGauge,
    pub(super) sessions_evicted: IntCounter,
    pub(super) produced_bytes: IntCounter,
    pub(super) produced_batches: IntCounter,
    pub(super) produced_records: IntCounter,
    pub(super) fetched_bytes: IntCounter,
}

impl Traffic {
    pub(super) fn register(catalogue: &mut Catalogue) -> prometheus::Result<Traffic> {
        Ok(Traffic {
            received: catalogue
                .counter("klamm_network_received_bytes_total", "Bytes that came from Kafka clients.")?,
            sent: catalogue.counter("klamm_network_sent_bytes_total", "Bytes that went to Kafka clients.")?,
            open: catalogue.gauge("klamm_connections", "Connections of Kafka clients that are open.")?,
            opened: catalogue.counter("klamm_connections_opened_total", "Connections that were accepted.")?,
            refused: catalogue.counter(
                "klamm_connections_refused_total",
                "Connections that were closed because of `max.connections`, `max.connections.per.ip` or a quota of their \
                 address.",
            )?,
            sessions: catalogue
                .gauge("klamm_fetch_sessions", "Fetch sessions that are remembered (KIP-227).")?,
            sessions_evicted: catalogue.counter(
                "klamm_fetch_sessions_evicted_total",
                "Fetch sessions that were forgotten for others; their clients send full requests once.",
            )?,
            produced_bytes: catalogue
                .counter("klamm_produced_bytes_total", "Bytes of record batches that passed validation.")?,
            produced_batches: catalogue.counter("klamm_produced_batches_total", "Those record batches.")?,
            produced_records: catalogue.counter("klamm_produced_records_total", "The records in them.")?,
            fetched_bytes: catalogue
                .counter("klamm_fetched_bytes_total", "Bytes of record batches in answers to Fetch.")?,
        })
    }
}

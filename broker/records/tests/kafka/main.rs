//! Kafka as the judge: batches that its classes wrote, are read here; ours are read there; and what its broker
//! refuses is refused here.
//!
//! `tests/kafka/batches` has what `RecordBatches.java write 60` made with Kafka 4.3.1. The tests that need Kafka
//! itself are skipped, by name, where it is absent: `KLAMM_KAFKA_JARS` names the directory of its jars.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what a test can't do without fails it"
)]

mod expected;
mod interchange;
mod jars;
mod strictness;

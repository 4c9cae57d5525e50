//! A real Klamm process for foreign clients to talk to.
//!
//! What it is: [`TestBroker`] builds and starts the `klamm` binary on free ports with a temporary data
//! directory, stops it, kills it and starts it again on the same data. The tests beside it drive that process
//! with clients that other people wrote.
//!
//! What it is not: a client. Nothing here speaks Kafka's protocol.
//!
//! ```text
//!   tests/*.rs -- librdkafka, rskafka, kcat, Kafka's own tools --> klamm server (a process)
//!        \________________ TestBroker: start, stop, kill ______________/
//! ```

#![expect(clippy::panic, reason = "a test's harness fails the test")]

mod binary;
mod broker;
mod ports;
mod tools;

pub use binary::klamm_binary;
pub use broker::{BrokerOptions, TestBroker};
pub use tools::{KafkaJars, Tool, run_klamm, skip};

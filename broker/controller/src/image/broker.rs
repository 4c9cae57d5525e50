//! Brokers that registered.

use klamm_model::BrokerId;
use serde::{Deserialize, Serialize};

/// A broker that registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerImage {
    /// Its `node.id`.
    pub id: BrokerId,
    /// The log index of its registration: grows with each start.
    pub epoch: i64,
    /// Where Kafka clients reach it.
    pub kafka: Endpoint,
    /// Where other brokers reach it with gRPC; `None` if it does not offer it.
    pub grpc: Option<Endpoint>,
    /// Its rack (`broker.rack`).
    pub rack: Option<String>,
    /// Whether it must not lead or be given replicas.
    pub fenced: bool,
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// A name or an address.
    pub host: String,
    /// A TCP port.
    pub port: u16,
}

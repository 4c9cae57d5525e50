//! Which broker is where.

use std::collections::BTreeMap;

use klamm_model::BrokerId;
use klamm_wire::messages::MetadataResponse;

/// The brokers of a cluster.
#[derive(Debug, Clone, Default)]
pub struct Brokers {
    addresses: BTreeMap<BrokerId, String>,
    controller: Option<BrokerId>,
}

impl Brokers {
    /// Takes over what a metadata response says.
    pub(super) fn update(&mut self, response: &MetadataResponse) {
        self.addresses = response
            .brokers
            .iter()
            .map(|broker| (BrokerId(broker.node_id), host_and_port(&broker.host, broker.port)))
            .collect();
        self.controller = Some(BrokerId(response.controller_id)).filter(|id| self.addresses.contains_key(id));
    }

    /// Takes over where a coordinator is; the list of brokers may be older than its answer.
    pub(super) fn learn(&mut self, id: BrokerId, host: &str, port: i32) {
        self.addresses.insert(id, host_and_port(host, port));
    }

    /// All of them.
    pub fn ids(&self) -> Vec<BrokerId> {
        self.addresses.keys().copied().collect()
    }

    /// `host:port` of a broker.
    pub fn address(&self, id: BrokerId) -> Option<&str> {
        self.addresses.get(&id).map(String::as_str)
    }

    /// The broker that changes metadata.
    pub fn controller(&self) -> Option<BrokerId> {
        self.controller
    }
}

fn host_and_port(host: &str, port: i32) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

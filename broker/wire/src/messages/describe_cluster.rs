//! DescribeCluster: the brokers, for administrators (KIP-700).

use klamm_wire_derive::{Fields, Message};

/// Asks for the cluster's brokers.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeCluster, kind = request, versions = "0-2", flexible = "0+")]
pub struct DescribeClusterRequest {
    /// Whether to say what the client may do with the cluster (KIP-430).
    pub include_cluster_authorized_operations: bool,
    /// Which nodes: 1 brokers, 2 controllers (KIP-919).
    #[field(versions = "1+", default = 1)]
    pub endpoint_type: i8,
    /// Whether fenced brokers are among them (KIP-1073).
    #[field(versions = "2+")]
    pub include_fenced_brokers: bool,
}

/// The cluster's brokers.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = DescribeCluster, kind = response, versions = "0-2", flexible = "0+")]
pub struct DescribeClusterResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// What went wrong in words, or null.
    #[field(nullable)]
    pub error_message: Option<String>,
    /// Which nodes: 1 brokers, 2 controllers (KIP-919).
    #[field(versions = "1+", default = 1)]
    pub endpoint_type: i8,
    /// The cluster's id.
    pub cluster_id: String,
    /// The controller's broker id, or -1 if there is none.
    #[field(default = -1)]
    pub controller_id: i32,
    /// The brokers.
    pub brokers: Vec<DescribeClusterBroker>,
    /// What the client may do with the cluster, one bit for each operation of an ACL; -2147483648 if not
    /// asked for (KIP-430).
    #[field(default = i32::MIN)]
    pub cluster_authorized_operations: i32,
}

/// A broker of the cluster.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct DescribeClusterBroker {
    /// The broker's id.
    pub broker_id: i32,
    /// Where it listens: a name or an address.
    pub host: String,
    /// Where it listens: the port.
    pub port: i32,
    /// The rack it stands in, if it says one (KIP-36).
    #[field(nullable)]
    pub rack: Option<String>,
    /// Whether it is fenced: registered and not serving (KIP-1073).
    #[field(versions = "2+")]
    pub is_fenced: bool,
}

//! Produce: appending records to partitions.

use bytes::Bytes;
use klamm_model::TopicId;
use klamm_wire_derive::{Fields, Message};

/// Appends record batches to partitions.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = Produce, kind = request, versions = "3-13", flexible = "9+")]
pub struct ProduceRequest {
    /// The producer's transactional id, or null for a producer without transactions (KIP-98).
    #[field(nullable)]
    pub transactional_id: Option<String>,
    /// Whose acknowledgement to wait for: 0 nobody's, 1 the leader's, -1 that of all in-sync replicas.
    pub acks: i16,
    /// How long to wait for it, in milliseconds.
    pub timeout_ms: i32,
    /// The records by topic.
    pub topic_data: Vec<TopicProduceData>,
}

/// The records of one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct TopicProduceData {
    /// The topic.
    #[field(versions = "0-12", ignorable)]
    pub name: String,
    /// The topic's id (KIP-516).
    #[field(versions = "13+", ignorable)]
    pub topic_id: TopicId,
    /// The records by partition.
    pub partition_data: Vec<PartitionProduceData>,
}

/// The records of one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct PartitionProduceData {
    /// The partition.
    pub index: i32,
    /// One record batch; shares the frame's memory.
    #[field(nullable)]
    pub records: Option<Bytes>,
}

/// What became of each batch.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = Produce, kind = response, versions = "3-13", flexible = "9+")]
pub struct ProduceResponse {
    /// The answers, one for each that was asked for.
    pub responses: Vec<TopicProduceResponse>,
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// Where the leaders of `current_leader` listen, so that the client need not ask for metadata (KIP-951).
    #[field(versions = "10+", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// The answers for one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct TopicProduceResponse {
    /// The topic.
    #[field(versions = "0-12", ignorable)]
    pub name: String,
    /// The topic's id (KIP-516).
    #[field(versions = "13+", ignorable)]
    pub topic_id: TopicId,
    /// The answers by partition.
    pub partition_responses: Vec<PartitionProduceResponse>,
}

/// Where a broker listens.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct NodeEndpoint {
    /// The broker's id.
    pub node_id: i32,
    /// Where it listens: a name or an address.
    pub host: String,
    /// Where it listens: the port.
    pub port: i32,
    /// The rack it stands in, if it says one (KIP-36).
    #[field(nullable)]
    pub rack: Option<String>,
}

/// The answer for one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct PartitionProduceResponse {
    /// The partition.
    pub index: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The offset of the batch's first record, or -1.
    pub base_offset: i64,
    /// The broker's time if the topic's records get that; -1 if they keep their own.
    #[field(default = -1)]
    pub log_append_time_ms: i64,
    /// The first offset that the log has, or -1.
    #[field(versions = "5+", default = -1, ignorable)]
    pub log_start_offset: i64,
    /// The records to blame if the batch was refused (KIP-467).
    #[field(versions = "8+", ignorable)]
    pub record_errors: Vec<BatchIndexAndErrorMessage>,
    /// Why the batch was refused, in words, or null (KIP-467).
    #[field(versions = "8+", nullable, ignorable)]
    pub error_message: Option<String>,
    /// Who leads now, if the client should ask another broker (KIP-951).
    #[field(versions = "10+", tag = 0)]
    pub current_leader: LeaderIdAndEpoch,
}

/// A record that made the broker refuse its batch (KIP-467).
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct BatchIndexAndErrorMessage {
    /// The record's place in its batch, from 0.
    pub batch_index: i32,
    /// What is wrong with it, or null.
    #[field(nullable)]
    pub batch_index_error_message: Option<String>,
}

/// A leader and its epoch.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct LeaderIdAndEpoch {
    /// The leader's broker id, or -1 if there is none.
    #[field(default = -1)]
    pub leader_id: i32,
    /// The leader's epoch, or -1.
    #[field(default = -1)]
    pub leader_epoch: i32,
}

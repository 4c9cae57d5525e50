//! Fetch: reading record batches, for consumers and followers.

use klamm_model::TopicId;
use klamm_wire_derive::{Fields, Message};

use crate::Records;

/// Reads record batches, and waits for them if there are too few.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = Fetch, kind = request, versions = "4-18", flexible = "12+")]
pub struct FetchRequest {
    /// The cluster that the fetcher means, if it says one.
    #[field(versions = "12+", nullable, tag = 0, ignorable)]
    pub cluster_id: Option<String>,
    /// The follower's broker id, or -1 for a consumer.
    #[field(versions = "0-14", default = -1)]
    pub replica_id: i32,
    /// Who fetches (KIP-903).
    #[field(versions = "15+", tag = 1)]
    pub replica_state: ReplicaState,
    /// How long to wait for `min_bytes`, in milliseconds.
    pub max_wait_ms: i32,
    /// How many bytes to wait for.
    pub min_bytes: i32,
    /// How many bytes to answer at most; the first batch comes whole even if it is larger (KIP-74).
    #[field(default = i32::MAX)]
    pub max_bytes: i32,
    /// What a reader sees of transactions: 0 all records, 1 committed ones only (KIP-98).
    pub isolation_level: i8,
    /// The fetch session, or 0 for none (KIP-227).
    #[field(versions = "7+", ignorable)]
    pub session_id: i32,
    /// The request's number in its session: 0 opens one, -1 is a full fetch without one (KIP-227).
    #[field(versions = "7+", default = -1, ignorable)]
    pub session_epoch: i32,
    /// The partitions to fetch, by topic; in a session those that are new or changed.
    pub topics: Vec<FetchTopic>,
    /// What to drop from the session (KIP-227).
    #[field(versions = "7+")]
    pub forgotten_topics_data: Vec<ForgottenTopic>,
    /// The consumer's rack, to be sent to a near replica (KIP-392).
    #[field(versions = "11+", ignorable)]
    pub rack_id: String,
}

/// Who a follower is (KIP-903).
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ReplicaState {
    /// The follower's broker id, or -1 for a consumer.
    #[field(default = -1)]
    pub replica_id: i32,
    /// The follower's broker epoch, or -1.
    #[field(default = -1)]
    pub replica_epoch: i64,
}

/// What to fetch of one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct FetchTopic {
    /// The topic.
    #[field(versions = "0-12", ignorable)]
    pub topic: String,
    /// The topic's id (KIP-516).
    #[field(versions = "13+", ignorable)]
    pub topic_id: TopicId,
    /// The partitions.
    pub partitions: Vec<FetchPartition>,
}

/// What to drop of one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct ForgottenTopic {
    /// The topic.
    #[field(versions = "7-12", ignorable)]
    pub topic: String,
    /// The topic's id (KIP-516).
    #[field(versions = "13+", ignorable)]
    pub topic_id: TopicId,
    /// The partitions to drop.
    pub partitions: Vec<i32>,
}

/// What to fetch of one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct FetchPartition {
    /// The partition.
    pub partition: i32,
    /// The leader epoch that the client knows, or -1 to skip the check (KIP-320).
    #[field(versions = "9+", default = -1, ignorable)]
    pub current_leader_epoch: i32,
    /// The first offset to read.
    pub fetch_offset: i64,
    /// The leader epoch of the last record that the follower has, or -1 (KIP-595).
    #[field(versions = "12+", default = -1)]
    pub last_fetched_epoch: i32,
    /// The first offset that the follower has; -1 from a consumer.
    #[field(versions = "5+", default = -1, ignorable)]
    pub log_start_offset: i64,
    /// How many bytes of this partition to answer at most (KIP-74).
    pub partition_max_bytes: i32,
    /// The follower's directory (KIP-853).
    #[field(versions = "17+", tag = 0, ignorable)]
    pub replica_directory_id: TopicId,
    /// The high watermark that the follower knows, or -1; the largest number if it does not say (KIP-1166).
    #[field(versions = "18+", tag = 1, default = i64::MAX, ignorable)]
    pub high_watermark: i64,
}

/// Record batches by partition.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = Fetch, kind = response, versions = "4-18", flexible = "12+")]
pub struct FetchResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// What went wrong, or 0.
    #[field(versions = "7+", ignorable)]
    pub error_code: i16,
    /// The fetch session, or 0 for none (KIP-227).
    #[field(versions = "7+")]
    pub session_id: i32,
    /// The answers by topic; in a session those that have something new.
    pub responses: Vec<FetchableTopicResponse>,
    /// Where the leaders of `current_leader` listen, so that the client need not ask for metadata (KIP-951).
    #[field(versions = "16+", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// The answers for one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct FetchableTopicResponse {
    /// The topic.
    #[field(versions = "0-12", ignorable)]
    pub topic: String,
    /// The topic's id (KIP-516).
    #[field(versions = "13+", ignorable)]
    pub topic_id: TopicId,
    /// The partitions.
    pub partitions: Vec<PartitionData>,
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
pub struct PartitionData {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
    /// The offset after the last record that every in-sync replica has, or -1.
    pub high_watermark: i64,
    /// The first offset that may belong to an open transaction, or -1 (KIP-98).
    #[field(default = -1)]
    pub last_stable_offset: i64,
    /// The first offset that the log has, or -1.
    #[field(versions = "5+", default = -1, ignorable)]
    pub log_start_offset: i64,
    /// Where the follower's log parts from the leader's, if it does (KIP-595).
    #[field(versions = "12+", tag = 0)]
    pub diverging_epoch: EpochEndOffset,
    /// Who leads now, if the client should ask another broker (KIP-951).
    #[field(versions = "12+", tag = 1)]
    pub current_leader: LeaderIdAndEpoch,
    /// The snapshot to fetch if the log no longer has the offset (KIP-630).
    #[field(versions = "12+", tag = 2)]
    pub snapshot_id: SnapshotId,
    /// The transactions whose records a reader of committed ones must leave out; null for other readers.
    #[field(nullable)]
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// The replica to read from next time, or -1 (KIP-392).
    #[field(versions = "11+", default = -1)]
    pub preferred_read_replica: i32,
    /// Record batches, the first of which has the fetch offset.
    #[field(nullable)]
    pub records: Option<Records>,
}

/// Where an epoch ends.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct EpochEndOffset {
    /// The epoch, or -1.
    #[field(default = -1)]
    pub epoch: i32,
    /// The offset after the epoch's last record, or -1.
    #[field(default = -1)]
    pub end_offset: i64,
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

/// The name of a snapshot of the metadata log (KIP-630).
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct SnapshotId {
    /// The offset after the last record in it, or -1.
    #[field(default = -1)]
    pub end_offset: i64,
    /// The leader epoch of that record, or -1.
    #[field(default = -1)]
    pub epoch: i32,
}

/// A transaction that was aborted.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct AbortedTransaction {
    /// The producer's id (KIP-98).
    pub producer_id: i64,
    /// The offset of its first record.
    pub first_offset: i64,
}

//! AlterReplicaLogDirs: moves replicas between a broker's directories (KIP-113).

use klamm_wire_derive::{Fields, Message};

/// Says which directory partitions are to be in.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = AlterReplicaLogDirs, kind = request, versions = "1-2", flexible = "2+")]
pub struct AlterReplicaLogDirsRequest {
    /// The directories.
    pub dirs: Vec<AlterReplicaLogDir>,
}

/// What one directory is to have.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct AlterReplicaLogDir {
    /// The directory's absolute path.
    pub path: String,
    /// The topics.
    pub topics: Vec<AlterReplicaLogDirTopic>,
}

/// The partitions of one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct AlterReplicaLogDirTopic {
    /// The topic.
    pub name: String,
    /// The partitions.
    pub partitions: Vec<i32>,
}

/// Whether each partition is there or on its way.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = AlterReplicaLogDirs, kind = response, versions = "1-2", flexible = "2+")]
pub struct AlterReplicaLogDirsResponse {
    /// How long the client was, or is to be, held back because of a quota; 0 for not at all (KIP-219).
    pub throttle_time_ms: i32,
    /// The topics.
    pub results: Vec<AlterReplicaLogDirTopicResult>,
}

/// The answers for one topic.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct AlterReplicaLogDirTopicResult {
    /// The topic.
    pub topic_name: String,
    /// The partitions.
    pub partitions: Vec<AlterReplicaLogDirPartitionResult>,
}

/// The answer for one partition.
#[derive(Debug, Clone, PartialEq, Fields)]
pub struct AlterReplicaLogDirPartitionResult {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, or 0.
    pub error_code: i16,
}
